"""Agents are scored by the returns of whole episodes in a compiled environment."""

from typing import Any

import numpy as np

from processing.core.judges.aggregate import fitness_of, score_of, split_failures
from processing.core.judges.stateless import Stateless
from processing.core.rollouts.engine import Engine
from processing.core.types import (
    Evaluations,
    Float32Array,
    Float64Array,
    Genomes,
    Int32Array,
    Purpose,
    State,
    UInt8Array,
)


class Episodes(Stateless):
    """The judge `episodes`: networks of one genome kind act in one environment."""

    behaviours = 0  # numbers that describe the behaviour of an agent; 0 where the judge needs none

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
        self, genomes: Genomes, *, seed: int, generation: int, first: int = 0, last: int | None = None,
        origin: int = 0, threads: int = 1, purpose: Purpose = Purpose.EPISODE, state: State | None = None,
    ) -> Evaluations:
        """Evaluate agents first..last-1 of `genomes`.

        Each evaluation depends only on the agent's genome and address. The fitness is the mean return of an
        agent's episodes, added in their order, or the aggregate that the environment names (see
        `aggregate.py`). An agent whose fitness is not finite has failed.

        Args:
            genomes: a generation, or consecutive agents of one.
            seed, generation: the beginning of the address of every draw.
            first, last: indices in `genomes`; up to the last of them where `last` is None.
            origin: index in the generation of the first of `genomes`.
            threads: number of threads; it changes no result.
            purpose: draw n of (seed, POLICY, generation, agent, episode) decides a sampled action at step n.
                Another purpose than EPISODE replaces POLICY, which gives fresh draws.
            state: not used; judges with a state need it.
        Returns:
            The evaluations of N = last - first agents, in their order.
        """
        returns, steps, ends = self.episodes(
            genomes, seed=seed, generation=generation, first=first, last=last, origin=origin, threads=threads,
            purpose=purpose
        )
        fitness, failures = split_failures(fitness_of(returns, score_of(self.environment, purpose)))
        return Evaluations(
            fitness=fitness,
            steps=steps.sum(axis=1, dtype=np.int32),
            failures=failures,
            solved=self._solved(ends, failures) if self.is_counted else None,
            behaviours=_mean(self.environment.behaviours_of(ends)) if self.behaviours else None,
        )

    def _solved(self, ends: Float32Array, failures: UInt8Array) -> UInt8Array:
        """Return whether each agent met the criterion in all of its episodes, and has a fitness; (N,) uint8.
        """
        solved = self.environment.solved(ends).all(axis=1)
        return np.where(failures, 0, solved).astype(np.uint8)

    @property
    def is_counted(self) -> bool:
        """Whether each episode reports, in its end values, if it meets the environment's criterion."""
        return bool(getattr(self.environment, "ends", 0)) and self.environment.criterion is not None

    def episodes(
        self, genomes: Genomes, *, seed: int, generation: int, first: int = 0, last: int | None = None,
        origin: int = 0, threads: int = 1, purpose: Purpose = Purpose.EPISODE,
    ) -> tuple[Float64Array, Int32Array, Float32Array]:
        """Run the episodes of agents first..last-1; the arguments are those of `evaluate`.

        Returns:
            (N, E) float64 returns; (N, E) int32 steps; (N, E, D) float32 end values that the environment's
            `fill_end` writes of each episode. D is 0 where neither behaviours nor the criterion need them.
        """
        last, number = self.genome_kind.count(genomes) if last is None else last, self.environment.episodes
        width = self.environment.ends if self.behaviours or self.is_counted else 0
        ends = np.zeros((last - first, number, width), np.float32)
        returns, steps = self.engine.rollouts(
            genomes, seed=seed, generation=generation, purpose=purpose, first=first, last=last, origin=origin,
            sampled=self.is_sampled, threads=threads, ends=ends.reshape(-1),
        )
        return returns.reshape(-1, number), steps.reshape(-1, number), ends


def _mean(values: Float32Array) -> Float32Array:
    """The mean over the episodes of each agent, (N, D), of values (N, E, D), added in their order."""
    total = np.zeros((values.shape[0], values.shape[2]))
    for episode in range(values.shape[1]):
        total += values[:, episode]
    mean: Float32Array = (total / values.shape[1]).astype(np.float32)
    return mean
