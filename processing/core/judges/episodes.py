"""Agents are scored by the return of whole episodes in an environment."""

from typing import Any

import numpy as np

from processing.core.engine import Engine
from processing.core.judges.aggregate import fitness_of, score_of
from processing.core.judges.forgetful import Forgetful
from processing.core.types import Evaluations, Failure, Float32Array, Genomes, Purpose, State


class Episodes(Forgetful):
    """The judge `episodes`: a genome kind's networks in an environment."""

    behaviours = 0  # numbers that say what a life came to, for judges that look at them

    def __init__(self, environment: Any, genome_kind: Any) -> None:
        self.environment, self.genome_kind = environment, genome_kind
        self.engine = Engine(environment, genome_kind)

    @property
    def is_sampled(self) -> bool:
        """Whether actions are drawn from the outputs."""
        return bool(self.genome_kind.parameters.output == "softmax")

    @property
    def is_random(self) -> bool:
        """Whether another seed gives another fitness."""
        return self.is_sampled or bool(self.environment.is_random)

    def evaluate(
        self, genomes: Genomes, *, seed: int, generation: int, first: int = 0, last: int | None = None, origin: int = 0,
        threads: int = 1, purpose: Purpose = Purpose.EPISODE, state: State | None = None,
    ) -> Evaluations:
        """The evaluations of agents first..last-1 (all where None); each depends on its own genome and address only.

        `origin` is the index in the generation of the first of `genomes`, where they are a part of it.
        Fitness is the mean return of an agent's episodes, added in their order, or what the environment says in its place
        (see `aggregate.py`); where that is not finite the agent has failed. Sampled actions: draw n of (seed, POLICY,
        generation, agent, episode) is for step n; with another `purpose` than EPISODE that one stands in place of POLICY,
        for fresh draws.
        """
        last = self.genome_kind.count(genomes) if last is None else last
        episodes = self.environment.episodes
        ends = np.zeros((last - first, episodes, self.behaviours), np.float32)
        returns, steps = self.engine.lives(
            genomes, seed=seed, generation=generation,
            purpose=purpose, first=first, last=last, origin=origin, sampled=self.is_sampled, threads=threads,
            ends=ends.reshape(-1),
        )
        fitness = fitness_of(returns.reshape(-1, episodes), score_of(self.environment, purpose))
        finite = np.isfinite(fitness)
        return Evaluations(
            fitness=np.where(finite, fitness, np.nan),
            steps=steps.reshape(-1, episodes).sum(axis=1, dtype=np.int32),
            failures=np.where(finite, Failure.NONE, Failure.NON_FINITE_FITNESS).astype(np.uint8),
            behaviours=_mean_end(ends) if self.behaviours else None,
        )


def _mean_end(ends: Float32Array) -> Float32Array:
    """(N, D) the mean of what the episodes of each agent came to, (N, E, D), added in their order."""
    total = np.zeros((ends.shape[0], ends.shape[2]))
    for episode in range(ends.shape[1]):
        total += ends[:, episode]
    mean: Float32Array = (total / ends.shape[1]).astype(np.float32)
    return mean
