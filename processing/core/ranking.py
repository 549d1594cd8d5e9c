"""The order of agents by fitness, and statistics and weighted draws of fitness values.

Fitness is any finite number. Very large values are scaled by a power of two before they are added, so that no
sum overflows. Sums are correctly rounded (`math.fsum`), so that results do not depend on a library's order of
additions.
"""

import math
from collections.abc import Sequence

import numpy as np

from processing.core import rng
from processing.core.types import Float64Array, Int32Array

_BITS = 400  # the square of 2^400 can be added once for every possible agent without overflow


def ranked(fitness: Float64Array) -> Int32Array:
    """Return the indices of the agents that have a fitness, best first, ties by index.

    Args:
        fitness: (N,) float64, higher is better; NaN where an agent failed.
    Returns:
        (M,) int32 indices, M <= N.
    """
    order = np.argsort(-fitness, kind="stable")  # NaN comes last
    return order[: int(np.count_nonzero(~np.isnan(fitness)))].astype(np.int32)


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Return the points that no other one is better than in both: a lower cost, and a higher gain.

    Args:
        points: cost and gain of each.
    Returns:
        Their places, by rising cost and gain; of equal points the first.
    """
    front: list[int] = []
    for place in sorted(range(len(points)), key=lambda each: (points[each][0], -points[each][1], each)):
        if not front or points[place][1] > points[front[-1]][1]:
            front.append(place)
    return front


def mean(values: Float64Array) -> float:
    """Return the mean: the correctly rounded sum of the values over N.

    Args:
        values: (N,) float64, N > 0, finite.
    """
    scaled, exponent = in_unit(values)
    return math.ldexp(math.fsum(scaled.tolist()) / len(values), exponent)


def standard_deviation(values: Float64Array) -> float:
    """Return the population standard deviation: the root mean square distance from the mean (divisor N).

    Args:
        values: (N,) float64, N > 0, finite.
    """
    scaled, exponent = in_unit(values)
    away = scaled - mean(scaled)
    return math.ldexp(math.sqrt(math.fsum((away * away).tolist()) / len(values)), exponent)


def quantiles(values: Float64Array, shares: Sequence[float]) -> list[float]:
    """Return quantiles of the values, with linear interpolation between neighbours.

    Args:
        values: (N,) float64, N > 0, finite.
        shares: K numbers in [0, 1]; 0 asks for the minimum, 0.5 for the median, 1 for the maximum.
    Returns:
        K values, in the order of `shares`.
    """
    scaled, exponent = in_unit(values)
    ascending, places = np.sort(scaled), np.array(shares) * (len(values) - 1)
    below = np.floor(places).astype(np.int64)
    low, high = ascending[below], ascending[np.minimum(below + 1, len(values) - 1)]
    return [math.ldexp(value, exponent) for value in (low + (high - low) * (places - below)).tolist()]


def in_unit(values: Float64Array) -> tuple[Float64Array, int]:
    """Scale values by a power of two, so that their squares can be added without overflow.

    Args:
        values: (N,) float64, finite or NaN.
    Returns:
        (N,) float64 values / 2^e, and the exponent e >= 0; e is 0 where every magnitude is below 2^400.
    """
    largest = np.fmax.reduce(np.abs(values), initial=0.0)
    exponent = max(math.frexp(float(largest))[1] - _BITS, 0)
    return np.ldexp(values, -exponent) if exponent else values, exponent


def drawn_by_weight(weights: Float64Array, key: int, count: int, *, first: int = 0) -> Int32Array:
    """Draw `count` indices of `weights` with replacement, with probabilities in proportion to the weights.

    Args:
        weights: (M,) float64, not negative, not all 0.
        key: a key of `rng.derive`.
        count: number of draws.
        first: draws first..first + count - 1 of the key decide.
    Returns:
        (count,) int32 indices in [0, M).
    """
    reached = np.cumsum(in_unit(weights)[0])
    places = np.searchsorted(reached, rng.uniforms(key, count, first) * reached[-1], side="right")
    found: Int32Array = np.minimum(places, len(weights) - 1).astype(np.int32)
    return found


def drawn_evenly(size: int, key: int, count: int, *, first: int = 0) -> Int32Array:
    """Draw `count` integers below `size` with replacement and equal probability.

    Args:
        size: number of possible values, > 0.
        key: a key of `rng.derive`.
        count: number of draws.
        first: draws first..first + count - 1 of the key decide.
    Returns:
        (count,) int32 in [0, size).
    """
    return (rng.uniforms(key, count, first) * size).astype(np.int32)
