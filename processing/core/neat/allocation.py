"""How many children each species has: explicit fitness sharing, the young favoured, those that stand still punished.

Source: Stanley and Miikkulainen 2002, section 3.3, eq. 2; ages, penalties, carried fractions and what happens when the whole
population stands still: authors' code v1.2.1.
"""

import math
from collections.abc import Sequence

import numpy as np

from processing.core.types import Float64Array, Int32Array


def shareable(fitness: Float64Array) -> tuple[Float64Array, float]:
    """Fitness (N,) as it can be shared, none negative and none above 2, and the unit that it is in.

    Where any is negative, the lowest is taken from all. Agents that failed (NaN) have 0.
    """
    failed = np.isnan(fitness)
    unit = float(np.abs(fitness[~failed]).max(initial=0.0)) or 1.0
    scaled = np.where(failed, 0.0, fitness / unit)
    lowest = float(scaled.min(initial=0.0))
    return np.where(failed, 0.0, scaled - lowest), unit


def shared(members: Sequence[Int32Array], fitness: Float64Array, factors: Sequence[float]) -> list[float]:
    """The sum of each species' shared fitness: that of its members over their number, times the species' factor.

    Where nobody has any, every agent of a species with a factor above 0 counts the same.
    """
    sums = [
        factor * (math.fsum(fitness[group].tolist()) / len(group)) for group, factor in zip(members, factors, strict=True)
    ]
    if any(sums):
        return sums
    return [float(len(group)) if factor > 0 else 0.0 for group, factor in zip(members, factors, strict=True)]


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


def refocused(bests: Sequence[float | None], size: int) -> Int32Array:
    """Children of the two best species only, half of `size` each; all of one where there are no two. None: all failed."""
    ranks = [-math.inf if best is None else best for best in bests]
    first, *others = sorted((place for place, best in enumerate(bests) if best is not None), key=lambda place: -ranks[place])
    offspring = np.zeros(len(bests), np.int32)
    offspring[first] = size // 2 if others else size
    if others:
        offspring[others[0]] = size - size // 2
    return offspring
