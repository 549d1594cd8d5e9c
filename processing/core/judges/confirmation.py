"""A champion is confirmed in fresh episodes, where these can differ from its own."""

import math
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from processing.core.kernels.lanes import LANES
from processing.core.ranking import mean
from processing.core.types import Genomes, Purpose, State

#: Number of fresh episodes that confirm a champion, where the environment or the choice of actions is random.
CONFIRMATION_EPISODES = 100
#: Number of these in which the agent must reach the goals, where actions are drawn.
REQUIRED_EPISODES = 90


class Confirmation(NamedTuple):
    """The result of a champion in fresh episodes, after it reached a bar in its own."""

    agent: int  # index in its generation
    episodes: int  # number of fresh episodes
    mean: float | None  # fitness over the fresh episodes; None where the agent failed in any
    asked: float  # the bar

    @property
    def is_passed(self) -> bool:
        """Whether the mean reaches the bar."""
        return self.mean is not None and self.mean >= self.asked


class GoalConfirmation(NamedTuple):
    """In how many fresh episodes an agent reached `goals` goals, after it did in each of its own."""

    agent: int  # index in its generation
    episodes: int  # number of fresh episodes
    reached: int  # number of these in which it reached so many goals
    asked: int  # number of these that is required
    goals: int

    @property
    def is_passed(self) -> bool:
        """Whether it reached the goals in enough episodes."""
        return self.reached >= self.asked


#: The result of an agent in fresh episodes.
AnyConfirmation: TypeAlias = Confirmation | GoalConfirmation


def confirm_mean(
    plan: Any, genomes: Genomes, agent: int, bar: float, *, seed: int, generation: int, state: State
) -> Confirmation | None:
    """Compare an agent's mean fitness over at least 100 fresh episodes with a bar.

    Args:
        plan: the search; its `beat` is called after each batch of episodes.
        genomes: those of the agent's generation.
        agent: index of the agent among them.
        bar: the fitness that is asked for.
        seed, generation: address of the fresh episodes, whose purpose is CONFIRMATION.
        state: the judge's state when the generation began.
    Returns:
        None where the judge is not random, as fresh episodes would equal the agent's own.
    """
    if not plan.judge.is_random:
        return None
    (number, copies), fitness = _copies(plan, genomes, agent), []
    together = number if getattr(plan.judge, "beats", False) else LANES
    for first in range(0, number, together):
        again = plan.judge.evaluate(
            copies, seed=seed, generation=generation, first=first, last=min(first + together, number),
            purpose=Purpose.CONFIRMATION, state=state,
        )
        fitness.append(again.fitness)
        plan.beat()
    found = mean(np.concatenate(fitness))
    return Confirmation(agent, number * plan.environment.episodes, None if math.isnan(found) else found, bar)


def confirm_goals(
    plan: Any, genomes: Genomes, agent: int, goals: int, *, seed: int, generation: int
) -> GoalConfirmation | None:
    """Count in how many of 100 fresh episodes an agent reaches `goals` goals.

    Args:
        plan: the search; its `beat` is called after each batch of episodes.
        genomes: those of the agent's generation.
        agent: index of the agent among them.
        goals: the number of goals that the environment's `solved` tests for; recorded in the result.
        seed, generation: address of the fresh episodes, whose purpose is CONFIRMATION.
    Returns:
        None where the judge is not random, as fresh episodes would equal the agent's own.
    """
    if not plan.judge.is_random:
        return None
    number, copies = _copies(plan, genomes, agent)
    reached: list[bool] = []
    for first in range(0, number, LANES):
        *_, ends = plan.judge.episodes(
            copies, seed=seed, generation=generation, first=first, last=min(first + LANES, number),
            purpose=Purpose.CONFIRMATION,
        )
        reached += plan.environment.solved(ends).reshape(-1).tolist()
        plan.beat()
    found = sum(reached[:CONFIRMATION_EPISODES])
    return GoalConfirmation(agent, CONFIRMATION_EPISODES, found, REQUIRED_EPISODES, goals)


def _copies(plan: Any, genomes: Genomes, agent: int) -> tuple[int, Genomes]:
    """Return how many copies of an agent have at least 100 episodes together, and these copies."""
    number = -(-CONFIRMATION_EPISODES // plan.environment.episodes)
    return number, plan.genome.take(genomes, np.full(number, agent, np.int32))
