"""Order of agents by fitness, the best first, ties by index, and no place for those that failed; and what fitness is like.

Fitness is any finite number: enormous ones are added up in a unit of their own, so that no sum overflows. Sums are correctly
rounded, so that no library's way of adding matters.
"""

import math
from collections.abc import Sequence

import numpy as np

from processing.core import rng
from processing.core.types import Float64Array, Int32Array

_BITS = 400  # 2^400 can be squared, and added up as often as there can be agents


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
    """The mean of (N,) values, N > 0."""
    scaled, exponent = in_unit(values)
    return math.ldexp(math.fsum(scaled.tolist()) / len(values), exponent)


def standard_deviation(values: Float64Array) -> float:
    """The root mean square distance of (N,) values from their mean, N > 0."""
    scaled, exponent = in_unit(values)
    away = scaled - mean(scaled)
    return math.ldexp(math.sqrt(math.fsum((away * away).tolist()) / len(values)), exponent)


def quantiles(values: Float64Array, shares: Sequence[float]) -> list[float]:
    """The values, of (N,), that these shares of all lie below, between neighbours in proportion; N > 0."""
    scaled, exponent = in_unit(values)
    ascending, places = np.sort(scaled), np.array(shares) * (len(values) - 1)
    below = np.floor(places).astype(np.int64)
    low, high = ascending[below], ascending[np.minimum(below + 1, len(values) - 1)]
    return [math.ldexp(value, exponent) for value in (low + (high - low) * (places - below)).tolist()]


def in_unit(values: Float64Array) -> tuple[Float64Array, int]:
    """Values (N,), finite or NaN, over 2^e, so small that their squares can be added, and e: 0 but for enormous ones."""
    largest = np.fmax.reduce(np.abs(values), initial=0.0)
    exponent = max(math.frexp(float(largest))[1] - _BITS, 0)
    return np.ldexp(values, -exponent) if exponent else values, exponent


def drawn_by_weight(weights: Float64Array, key: int, count: int, *, first: int = 0) -> Int32Array:
    """`count` places of `weights`, drawn with replacement in proportion to them.

    Args:
        weights: (M,) not negative, not all 0.
        key, first: draws first..first+count-1 of this key decide.
    """
    reached = np.cumsum(in_unit(weights)[0])
    places = np.searchsorted(reached, rng.uniforms(key, count, first) * reached[-1], side="right")
    found: Int32Array = np.minimum(places, len(weights) - 1).astype(np.int32)
    return found


def drawn_evenly(size: int, key: int, count: int, *, first: int = 0) -> Int32Array:
    """`count` whole numbers below `size`, drawn with replacement and equal chance."""
    return (rng.uniforms(key, count, first) * size).astype(np.int32)
