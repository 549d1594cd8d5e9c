"""Sums of floats whose bits are the same on every Python.

The built-in `sum` compensates its rounding from Python 3.12 on, and does not before. Where the order of additions is
meant, they are made here one by one; where the exact sum is meant, rounded once, it is `math.fsum`.
"""

from collections.abc import Iterable


def in_order(values: Iterable[float]) -> float:
    """0.0 plus the first value, plus the second, and so on, rounded to float64 after each."""
    total = 0.0
    for value in values:
        total += value
    return total
