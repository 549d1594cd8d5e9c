"""Agents are scored by the return of whole episodes in an environment."""

from typing import Any

import numpy as np

from processing.core.judges.aggregate import fitness_of, score_of
from processing.core.judges.stateless import Stateless
from processing.core.rollouts.engine import Engine
from processing.core.types import Evaluations, Failure, Float32Array, Float64Array, Genomes, Int32Array, Purpose, State


class Episodes(Stateless):
    """The judge `episodes`: a genome kind's networks in an environment."""

    behaviours = 0  # numbers that say how an agent behaved, for judges that look at them

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
        returns, steps, ends = self.episodes(
            genomes, seed=seed, generation=generation, first=first, last=last, origin=origin, threads=threads, purpose=purpose
        )
        fitness = fitness_of(returns, score_of(self.environment, purpose))
        finite = np.isfinite(fitness)
        return Evaluations(
            fitness=np.where(finite, fitness, np.nan),
            steps=steps.sum(axis=1, dtype=np.int32),
            failures=np.where(finite, Failure.NONE, Failure.NON_FINITE_FITNESS).astype(np.uint8),
            solved=(finite & self.environment.solved(ends).all(axis=1)).astype(np.uint8) if self.is_counted else None,
            behaviours=_mean(self.environment.behaviours_of(ends)) if self.behaviours else None,
        )

    @property
    def is_counted(self) -> bool:
        """Whether each episode says if it meets the environment's criterion, by what it came to."""
        return bool(getattr(self.environment, "ends", 0)) and self.environment.criterion is not None

    def episodes(
        self, genomes: Genomes, *, seed: int, generation: int, first: int = 0, last: int | None = None, origin: int = 0,
        threads: int = 1, purpose: Purpose = Purpose.EPISODE,
    ) -> tuple[Float64Array, Int32Array, Float32Array]:
        """Returns and steps of each episode of agents first..last-1, (N, E), and what the environment says that it came to,
        (N, E, D); D is 0 where that is not asked for.
        """
        last, number = self.genome_kind.count(genomes) if last is None else last, self.environment.episodes
        said = self.environment.ends if self.behaviours or self.is_counted else 0
        ends = np.zeros((last - first, number, said), np.float32)
        returns, steps = self.engine.rollouts(
            genomes, seed=seed, generation=generation, purpose=purpose, first=first, last=last, origin=origin,
            sampled=self.is_sampled, threads=threads, ends=ends.reshape(-1),
        )
        return returns.reshape(-1, number), steps.reshape(-1, number), ends


def _mean(values: Float32Array) -> Float32Array:
    """(N, D) the mean over the episodes of each agent, of (N, E, D), added in their order."""
    total = np.zeros((values.shape[0], values.shape[2]))
    for episode in range(values.shape[1]):
        total += values[:, episode]
    mean: Float32Array = (total / values.shape[1]).astype(np.float32)
    return mean
