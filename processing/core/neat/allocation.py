"""The number of children of each species, by explicit fitness sharing.

Source: Stanley and Miikkulainen 2002, section 3.3, eq. 2; ages, penalties, carried fractions and the
stagnation of the whole population: authors' code v1.2.1.
"""

import math
from collections.abc import Sequence

import numpy as np

from processing.core.ranking import ranked
from processing.core.types import Float64Array, Int32Array, Int64Array


def shareable(fitness: Float64Array) -> tuple[Float64Array, float]:
    """Scale fitness so that it can be shared.

    Where any fitness is negative, the lowest is subtracted from all.

    Args:
        fitness: (N,) float64, NaN where an agent failed.
    Returns:
        (N,) float64 in [0, 2], 0 where an agent failed; and the unit by which fitness was divided, > 0.
    """
    failed = np.isnan(fitness)
    unit = float(np.abs(fitness[~failed]).max(initial=0.0)) or 1.0
    scaled = np.where(failed, 0.0, fitness / unit)
    lowest = float(scaled.min(initial=0.0))
    return np.where(failed, 0.0, scaled - lowest), unit


def shared(sums: Float64Array, sizes: Int64Array, able: Int64Array, factors: Float64Array) -> Float64Array:
    """Return the sum of each species' shared fitness: the mean of its members times its factor.

    Species whose agents all failed have a sum of 0. Where all sums are 0, every agent of the other species
    with a factor above 0 counts as 1; where no such factor is above 0, every agent of the other species does.

    Args:
        sums: (S,) float64, the summed fitness of each species, from `shareable`.
        sizes: (S,) int64, its agents, >= 1.
        able: (S,) int64, its agents that did not fail.
        factors: (S,) float64 >= 0, for its age and stagnation.
    Returns:
        (S,) float64 >= 0.
    Source: Stanley and Miikkulainen 2002, section 3.3, eq. 2.
    """
    is_able = able > 0
    shares: Float64Array = np.where(is_able, factors * (sums / sizes), 0.0)
    if not shares.any():
        shares = np.where(is_able & (factors > 0), sizes, 0).astype(np.float64)
    return shares if shares.any() else np.where(is_able, sizes, 0).astype(np.float64)


def expected_offspring(shares: Sequence[float], size: int) -> Int32Array:
    """Return the number of children of each species, in proportion to the shares.

    Fractions are carried from species to species. The remainder of rounding goes to the species that expects
    most.

    Args:
        shares: S numbers >= 0, not all 0.
        size: the number of all children.
    Returns:
        (S,) int32, whose sum is `size`.
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
    """Return the number of children of each species where only the two best have any, half of `size` each.

    Args:
        bests: (S,) float64, the best fitness of each species; NaN where all its agents failed, but not
            everywhere.
        size: the number of all children.
    Returns:
        (S,) int32, whose sum is `size`; one species has all children where no other has a fitness.
    """
    first, *others = ranked(bests)
    offspring = np.zeros(len(bests), np.int32)
    offspring[first] = size // 2 if others else size
    if others:
        offspring[others[0]] = size - size // 2
    return offspring
