"""Figures of species by fitness, where the strategy was given novelty in place of the fitness."""

from dataclasses import replace

import numpy as np

from processing.core.ranking import mean, ranked
from processing.core.types import Float64Array, Int64Array, SpeciesSnapshot, Verdict


def by_fitness(verdict: Verdict, fitness: Float64Array) -> Verdict:
    """Return the verdict with the champion, the best and the mean fitness of each species.

    The shared fitness and the stagnation of a species stay those of the scores that the strategy was given.

    Args:
        fitness: (N,) float64, NaN where an agent failed.
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
    """The snapshot of one species; `agents`, (A,), are the indices of its agents."""
    able = ranked(fitness[agents])
    if not len(able):
        return snapshot._replace(champion=None, best_fitness=None, mean_fitness=None)
    own = fitness[agents[able]]
    return snapshot._replace(
        champion=int(agents[able[0]]), best_fitness=float(own[0]), mean_fitness=mean(own)
    )
