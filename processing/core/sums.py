"""Sums of floats whose bits are the same on every Python version.

The built-in `sum` compensates its rounding from Python 3.12 on, and does not before. Where a fixed order of
additions is required, use `in_order`; where the exact sum, rounded once, is required, use `math.fsum`.
"""

from collections.abc import Iterable


def in_order(values: Iterable[float]) -> float:
    """Return 0.0 plus the first value, plus the second, and so on, rounded to float64 after each addition."""
    total = 0.0
    for value in values:
        total += value
    return total
