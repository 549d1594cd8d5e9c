"""How a champion is confirmed: evaluated again, in episodes that it has not seen, where these can differ."""

import math
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from processing.core.kernels.lanes import LANES
from processing.core.ranking import mean
from processing.core.types import Genomes, Purpose, State

#: Fresh episodes that must confirm a champion where the environment, or its network, is random.
CONFIRMATION_EPISODES = 100
#: Of these, so many must reach the goals that are asked for, where actions are drawn.
REQUIRED_EPISODES = 90


class Confirmation(NamedTuple):
    """What became of a champion on fresh episodes, after it had reached a bar in its own."""

    agent: int  # index in its generation
    episodes: int  # fresh ones
    mean: float | None  # return of a fresh episode; None where it failed in any
    asked: float

    @property
    def is_passed(self) -> bool:
        """Whether that is enough."""
        return self.mean is not None and self.mean >= self.asked


class GoalConfirmation(NamedTuple):
    """In how many fresh episodes an agent reached so many goals, after it had in each of its own."""

    agent: int  # index in its generation
    episodes: int  # fresh ones
    reached: int  # of these, with so many goals
    asked: int  # of these
    goals: int

    @property
    def is_passed(self) -> bool:
        """Whether these are enough."""
        return self.reached >= self.asked


#: How an agent did on fresh episodes.
AnyConfirmation: TypeAlias = Confirmation | GoalConfirmation


def confirm_mean(
    plan: Any, genomes: Genomes, agent: int, bar: float, *, seed: int, generation: int, state: State
) -> Confirmation | None:
    """How an agent's mean fitness compares with a bar on at least 100 fresh episodes; None where they cannot differ."""
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
    """In how many of 100 fresh episodes an agent reaches so many goals; None where they cannot differ."""
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
    """As many copies of an agent as have a hundred episodes, and how many these are."""
    number = -(-CONFIRMATION_EPISODES // plan.environment.episodes)
    return number, plan.genome.take(genomes, np.full(number, agent, np.int32))
