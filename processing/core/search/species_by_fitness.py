"""What is told of species whose strategy was shown something else than fitness: novelty makes them, fitness is told."""

from dataclasses import replace

import numpy as np

from processing.core.ranking import mean, ranked
from processing.core.types import Float64Array, Int64Array, SpeciesSnapshot, Verdict


def by_fitness(verdict: Verdict, fitness: Float64Array) -> Verdict:
    """The verdict with champion, best and mean of each species by fitness, (N,), NaN where an agent failed.

    Its shared fitness, and for how long it has stood still, stay those of what its strategy saw.
    """
    if verdict.species is None:
        return verdict
    order = np.argsort(verdict.species, kind="stable")
    numbers = verdict.species[order]
    snapshots = [
        _by_fitness(each, order[slice(*np.searchsorted(numbers, (each.number, each.number + 1)))], fitness)
        for each in verdict.snapshots
    ]
    return replace(verdict, snapshots=tuple(snapshots))


def _by_fitness(snapshot: SpeciesSnapshot, agents: Int64Array, fitness: Float64Array) -> SpeciesSnapshot:
    """The snapshot of the species of these agents, (A,)."""
    able = ranked(fitness[agents])
    if not len(able):
        return snapshot._replace(champion=None, best_fitness=None, mean_fitness=None)
    own = fitness[agents[able]]
    return snapshot._replace(champion=int(agents[able[0]]), best_fitness=float(own[0]), mean_fitness=mean(own))
