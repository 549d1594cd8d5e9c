"""Agents are scored by the returns of whole episodes in a compiled environment."""

from collections.abc import Mapping
from typing import Self, cast

import numpy as np

from processing.core.criterion import Closing, GoalConfirmation, Trial
from processing.core.judges.aggregate import fitness_of, score_of, split_failures
from processing.core.judges.confirmation import (
    CONFIRMATION_EPISODES,
    REQUIRED_EPISODES,
    copies_for,
)
from processing.core.judges.judge import Cost, Judge
from processing.core.judges.replays import PlainReplays
from processing.core.judges.step_cost import cost_of_steps
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
    no_beat,
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
        beat: Beat | None = None, population: int | None = None,
    ) -> Evaluations:
        """Evaluate agents first..last-1 of `genomes`; see `Judge.evaluate`.

        The fitness is the mean return of an agent's episodes, added in their order, or the aggregate that the
        environment names (see `aggregate.py`). An agent whose fitness is not finite has failed.

        Args:
            purpose: draw n of (seed, POLICY, generation, agent, episode) decides a sampled action at step n.
                Another purpose than EPISODE replaces POLICY, which gives fresh draws.
            population, state: not used.
        """

        returns, steps, ends = self.rollouts(
            genomes, seed=seed, generation=generation, first=first, last=last, origin=origin,
            threads=threads, purpose=purpose, beat=beat or no_beat,
        )
        is_finished, agents = (steps > 0).all(axis=1), None
        if not is_finished.all():
            agents = np.flatnonzero(is_finished).astype(np.int32)
            returns, steps, ends = returns[agents], steps[agents], ends[agents]
        fitness, failures = split_failures(fitness_of(returns, score_of(self.problem, purpose)))
        return Evaluations(
            fitness=fitness,
            steps=steps.sum(axis=1, dtype=np.int32),
            failures=failures,
            solved=self._solved(ends, failures) if self.is_counted else None,
            behaviours=_mean(self.problem.behaviours_of(ends)) if self.behaviours else None,
            agents=agents,
        )

    def confirm_goals(self, genomes: Genomes, agent: int, goals: int, closing: Closing) -> Trial:
        """Count in how many of 100 fresh episodes an agent reaches the goals that `solved` tests for."""
        if not self.is_random:
            return Trial()
        number = copies_for(self.episodes)
        *_, ends = self.rollouts(
            self.copies(genomes, agent, number), seed=closing.seed, generation=closing.generation,
            threads=closing.threads, purpose=Purpose.CONFIRMATION, beat=closing.beat,
        )
        reached = self.problem.solved(ends).reshape(-1)
        found = int(np.count_nonzero(reached[:CONFIRMATION_EPISODES]))
        return Trial(GoalConfirmation(agent, CONFIRMATION_EPISODES, found, REQUIRED_EPISODES, goals))

    def evaluate_in(self, problem: object, genomes: Genomes, *, beat: Beat) -> Evaluations:
        """Evaluate genomes in another environment of the same class, at the address (0, 0)."""
        other = Episodes(cast("CompiledEnvironment", problem), self.genome)
        return other.evaluate(genomes, seed=0, generation=0, beat=beat)

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
        origin: int = 0, threads: int = 1, purpose: Purpose = Purpose.EPISODE, beat: Beat = no_beat,
    ) -> tuple[Float64Array, Int32Array, Float32Array]:
        """Run the episodes of agents first..last-1; the arguments are those of `evaluate`.

        Returns:
            (N, E) float64 returns; (N, E) int32 steps; (N, E, D) float32 end values that the environment's
            `fill_end` writes of each episode. D is 0 where neither behaviours nor the criterion need them.
            The steps of an episode are 0 where it did not end before the turn was over.
        """
        last, number = self.genome.count(genomes) if last is None else last, self.problem.episodes
        width = self.problem.ends if self.behaviours or self.is_counted else 0
        ends = np.zeros((last - first, number, width), np.float32)
        returns, steps = self.engine.rollouts(
            genomes, seed=seed, generation=generation, purpose=purpose, first=first, last=last, origin=origin,
            sampled=self.is_sampled, threads=threads, ends=ends.reshape(-1), beat=beat,
        )
        return returns.reshape(-1, number), steps.reshape(-1, number), ends


def _mean(values: Float32Array) -> Float32Array:
    """The mean over the episodes of each agent, (N, D), of values (N, E, D), added in their order."""
    total = np.zeros((values.shape[0], values.shape[2]))
    for episode in range(values.shape[1]):
        total += values[:, episode]
    mean: Float32Array = (total / values.shape[1]).astype(np.float32)
    return mean
