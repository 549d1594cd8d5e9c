"""How many children each species has: explicit fitness sharing, the young favoured, those that stand still punished.

Source: Stanley and Miikkulainen 2002, section 3.3, eq. 2; ages, penalties, carried fractions and what happens when the whole
population stands still: authors' code v1.2.1.
"""

import math
from collections.abc import Sequence

import numpy as np

from processing.core.ranking import ranked
from processing.core.types import Float64Array, Int32Array, Int64Array


def shareable(fitness: Float64Array) -> tuple[Float64Array, float]:
    """Fitness (N,) as it can be shared, none negative and none above 2, and the unit that it is in.

    Where any is negative, the lowest is taken from all. Agents that failed (NaN) have 0.
    """
    failed = np.isnan(fitness)
    unit = float(np.abs(fitness[~failed]).max(initial=0.0)) or 1.0
    scaled = np.where(failed, 0.0, fitness / unit)
    lowest = float(scaled.min(initial=0.0))
    return np.where(failed, 0.0, scaled - lowest), unit


def shared(sums: Float64Array, sizes: Int64Array, able: Int64Array, factors: Float64Array) -> Float64Array:
    """The sum of each species' shared fitness, (S,): that of its members over their number, times the species' factor.

    Species whose agents all failed, `able` 0, have none. Where nobody has any, every agent of a species with a factor above 0
    counts the same; where no factor is above 0, every agent of the species that are able.
    """
    is_able = able > 0
    shares: Float64Array = np.where(is_able, factors * (sums / sizes), 0.0)
    if not shares.any():
        shares = np.where(is_able & (factors > 0), sizes, 0).astype(np.float64)
    return shares if shares.any() else np.where(is_able, sizes, 0).astype(np.float64)


def expected_offspring(shares: Sequence[float], size: int) -> Int32Array:
    """The children of each species, (S,), `size` together: in proportion to the shares, not all 0.

    Fractions are carried from species to species; what rounding leaves over goes to the species that expects most.
    """
    total = math.fsum(shares)
    offspring, carried = np.zeros(len(shares), np.int32), 0.0
    for species, share in enumerate(shares):
        exact = carried + size * (share / total)
        offspring[species] = math.floor(exact)
        carried = exact - math.floor(exact)
    offspring[int(np.argmax(offspring))] += size - int(offspring.sum())
    return offspring


def refocused(bests: Float64Array, size: int) -> Int32Array:
    """Children of the two best species only, half of `size` each; all of one where there are no two. NaN: all failed."""
    first, *others = ranked(bests)
    offspring = np.zeros(len(bests), np.int32)
    offspring[first] = size // 2 if others else size
    if others:
        offspring[others[0]] = size - size // 2
    return offspring
