"""Agents are scored by the returns of whole episodes in a compiled environment."""

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Self, cast

import numpy as np

from processing.core.criterion import Closing, GoalConfirmation, Trial
from processing.core.judges.aggregate import fitness_of, score_of, split_failures
from processing.core.judges.batches import in_batches
from processing.core.judges.confirmation import (
    CONFIRMATION_EPISODES,
    REQUIRED_EPISODES,
    copies_for,
)
from processing.core.judges.judge import Cost, Judge
from processing.core.judges.replays import PlainReplays
from processing.core.judges.step_cost import cost_of_steps
from processing.core.kernels.lanes import LANES
from processing.core.parameters import Parameters
from processing.core.problem import CompiledEnvironment
from processing.core.rollouts.engine import Engine
from processing.core.rollouts.network_kind import NetworkKind
from processing.core.types import (
    Beat,
    Evaluations,
    Float32Array,
    Float64Array,
    Genomes,
    Int32Array,
    Purpose,
    State,
    UInt8Array,
)


class Episodes(Judge[CompiledEnvironment, NetworkKind]):
    """The judge `episodes`: networks of one genome kind act in one environment."""

    compiles = True
    behaviours = 0  # numbers that describe the behaviour of an agent; 0 where the judge needs none

    def __init__(self, environment: CompiledEnvironment, genome: NetworkKind) -> None:
        self.problem, self.genome = environment, genome
        self.engine = Engine(environment, genome)

    @classmethod
    def of(
        cls, problem: CompiledEnvironment, genome: NetworkKind, settings: Mapping[str, Parameters]
    ) -> Self:
        """Return the judge; it has no settings."""
        return cls(problem, genome)

    @property
    def episodes(self) -> int:
        """Number of episodes of each agent."""
        return self.problem.episodes

    @property
    def is_sampled(self) -> bool:
        """Whether actions are drawn from the outputs."""
        return self.genome.output == "softmax"

    @property
    def is_random(self) -> bool:
        """Whether another seed gives another fitness."""
        return self.is_sampled or self.problem.is_random

    def cost(self) -> Cost:
        """Return the cost of an agent's episodes."""
        return cost_of_steps(
            weights=self.genome.number_of_weights, episodes=self.problem.episodes,
            max_steps=self.problem.max_steps
        )

    def evaluate(
        self, genomes: Genomes, *, seed: int, generation: int, first: int = 0, last: int | None = None,
        origin: int = 0, threads: int = 1, purpose: Purpose = Purpose.EPISODE, state: State | None = None,
        beat: Beat | None = None, seconds: float = math.inf, population: int | None = None,
    ) -> Evaluations:
        """Evaluate agents first..last-1 of `genomes`; see `Judge.evaluate`.

        The fitness is the mean return of an agent's episodes, added in their order, or the aggregate that the
        environment names (see `aggregate.py`). An agent whose fitness is not finite has failed.

        Args:
            purpose: draw n of (seed, POLICY, generation, agent, episode) decides a sampled action at step n.
                Another purpose than EPISODE replaces POLICY, which gives fresh draws.
            seconds, population, state: not used.
        """

        def batch(first: int, last: int) -> Evaluations:
            returns, steps, ends = self.rollouts(
                genomes, seed=seed, generation=generation, first=first, last=last, origin=origin,
                threads=threads, purpose=purpose
            )
            fitness, failures = split_failures(fitness_of(returns, score_of(self.problem, purpose)))
            return Evaluations(
                fitness=fitness,
                steps=steps.sum(axis=1, dtype=np.int32),
                failures=failures,
                solved=self._solved(ends, failures) if self.is_counted else None,
                behaviours=_mean(self.problem.behaviours_of(ends)) if self.behaviours else None,
            )

        last = self.genome.count(genomes) if last is None else last
        return in_batches(batch, first, last, effort=self._effort, beat=beat)

    @cached_property
    def _effort(self) -> int:
        return self.problem.episodes * self.problem.max_steps * max(1, self.genome.number_of_weights)

    def confirm_goals(self, genomes: Genomes, agent: int, goals: int, closing: Closing) -> Trial:
        """Count in how many of 100 fresh episodes an agent reaches the goals that `solved` tests for."""
        if not self.is_random:
            return Trial()
        number, reached = copies_for(self.episodes), list[bool]()
        copies = self.copies(genomes, agent, number)
        for first in range(0, number, LANES):
            *_, ends = self.rollouts(
                copies, seed=closing.seed, generation=closing.generation, first=first,
                last=min(first + LANES, number), purpose=Purpose.CONFIRMATION,
            )
            reached += self.problem.solved(ends).reshape(-1).tolist()
            closing.beat()
        found = sum(reached[:CONFIRMATION_EPISODES])
        return Trial(GoalConfirmation(agent, CONFIRMATION_EPISODES, found, REQUIRED_EPISODES, goals))

    def evaluate_in(self, problem: object, genomes: Genomes) -> Evaluations:
        """Evaluate genomes in another environment of the same class, at the address (0, 0)."""
        other = Episodes(cast("CompiledEnvironment", problem), self.genome)
        return other.evaluate(genomes, seed=0, generation=0)

    @property
    def replays(self) -> PlainReplays:
        """Episodes are replayed in plain Python."""
        return PlainReplays(self.problem, self.genome, is_sampled=self.is_sampled)

    def _solved(self, ends: Float32Array, failures: UInt8Array) -> UInt8Array:
        """Return whether each agent met the criterion in all of its episodes, and has a fitness; (N,) uint8.
        """
        solved = self.problem.solved(ends).all(axis=1)
        return np.where(failures, 0, solved).astype(np.uint8)

    @property
    def is_counted(self) -> bool:
        """Whether each episode reports, in its end values, if it meets the environment's criterion."""
        return bool(self.problem.ends) and self.problem.criterion is not None

    def rollouts(
        self, genomes: Genomes, *, seed: int, generation: int, first: int = 0, last: int | None = None,
        origin: int = 0, threads: int = 1, purpose: Purpose = Purpose.EPISODE,
    ) -> tuple[Float64Array, Int32Array, Float32Array]:
        """Run the episodes of agents first..last-1; the arguments are those of `evaluate`.

        Returns:
            (N, E) float64 returns; (N, E) int32 steps; (N, E, D) float32 end values that the environment's
            `fill_end` writes of each episode. D is 0 where neither behaviours nor the criterion need them.
        """
        last, number = self.genome.count(genomes) if last is None else last, self.problem.episodes
        width = self.problem.ends if self.behaviours or self.is_counted else 0
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
