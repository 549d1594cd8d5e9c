"""A champion is confirmed in fresh episodes, where these can differ from its own."""

import math
from typing import ClassVar, Protocol

import numpy as np

from processing.core.criterion import Closing, Confirmation, Trial
from processing.core.ranking import mean
from processing.core.types import Beat, Evaluations, Failure, Genomes, Purpose, RemarkKind, State

#: Number of fresh episodes that confirm a champion, where the environment or the choice of actions is random.
CONFIRMATION_EPISODES = 100
#: Number of these in which the agent must reach the goals, where actions are drawn.
REQUIRED_EPISODES = 90


class Evaluating(Protocol):
    """A judge, as far as `confirm` uses it."""

    confirmations: ClassVar[int]

    @property
    def episodes(self) -> int: ...
    def copies(self, genomes: Genomes, agent: int, number: int) -> Genomes: ...
    def evaluate(
        self, genomes: Genomes, *, seed: int, generation: int, threads: int, purpose: Purpose,
        state: State | None, beat: Beat | None,
    ) -> Evaluations: ...


def confirm(judge: Evaluating, genomes: Genomes, agent: int, bar: float, closing: Closing) -> Trial:
    """Compare an agent's mean fitness over `confirmations` fresh episodes or more with a bar.

    Args:
        judge: one that is random.
        genomes: those of the agent's generation.
        agent: index of the agent among them.
        bar: the fitness that is asked for.
        closing: address of the fresh episodes, whose purpose is CONFIRMATION.
    """
    number = copies_for(judge.episodes, judge.confirmations)
    again = judge.evaluate(
        judge.copies(genomes, agent, number), seed=closing.seed, generation=closing.generation,
        threads=closing.threads, purpose=Purpose.CONFIRMATION, state=closing.state, beat=closing.beat,
    )
    found = mean(again.fitness)
    reached = None if math.isnan(found) else found
    return Trial(Confirmation(agent, number * judge.episodes, reached, bar), failures_of(again))


def copies_for(episodes: int, wanted: int = CONFIRMATION_EPISODES) -> int:
    """Return how many copies of an agent have so many episodes together, or more."""
    return -(-wanted // episodes)


def failures_of(evaluations: Evaluations) -> tuple[Failure, ...]:
    """Return the failures of the agents, and WORKER_LOST where a process died by itself."""
    died = any(each.what == RemarkKind.PROCESS_DIED for each in evaluations.remarks)
    found = evaluations.failures[np.flatnonzero(evaluations.failures)].tolist()
    return (*(Failure(each) for each in found), *((Failure.WORKER_LOST,) if died else ()))
