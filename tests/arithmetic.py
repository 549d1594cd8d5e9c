"""What tests compute by hand, with the same bits on every Python: `sum` of floats compensates from 3.12 on.
"""

import operator
from collections.abc import Iterable
from functools import reduce


def added(values: Iterable[float]) -> float:
    """The values from first to last, each added to what the ones before it come to, from 0.0."""
    return reduce(operator.add, values, 0.0)
