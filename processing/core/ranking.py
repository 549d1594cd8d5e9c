"""Order of agents by fitness: the best first, ties by index, and no place for those that failed."""

import math

import numpy as np

from processing.core import rng
from processing.core.types import Float64Array, Int32Array


def ranked(fitness: Float64Array) -> Int32Array:
    """Indices of the agents that have a fitness, best first, ties by index.

    Args:
        fitness: (N,) NaN where an agent failed.
    Returns:
        (M,) int32, M <= N.
    """
    order = np.argsort(-fitness, kind="stable")  # NaN comes last
    return order[: int(np.count_nonzero(~np.isnan(fitness)))].astype(np.int32)


def mean(values: Float64Array) -> float:
    """The mean, correctly rounded before the division, so that no library's way of adding matters. Values: (N,), N > 0."""
    return math.fsum(values.tolist()) / len(values)


def drawn_by_weight(weights: Float64Array, key: int, count: int, *, first: int = 0) -> Int32Array:
    """`count` places of `weights`, drawn with replacement in proportion to them.

    Args:
        weights: (M,) not negative, not all 0.
        key, first: draws first..first+count-1 of this key decide.
    """
    reached = np.cumsum(weights)
    places = np.searchsorted(reached, rng.uniforms(key, count, first) * reached[-1], side="right")
    found: Int32Array = np.minimum(places, len(weights) - 1).astype(np.int32)
    return found


def drawn_evenly(size: int, key: int, count: int, *, first: int = 0) -> Int32Array:
    """`count` whole numbers below `size`, drawn with replacement and equal chance."""
    return (rng.uniforms(key, count, first) * size).astype(np.int32)
