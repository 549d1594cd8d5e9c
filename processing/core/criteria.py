"""When a task is solved: what environments name as their criterion, and how a champion is confirmed.

A criterion looks at an evaluated generation and names the agent that solves the task, or nobody. It lies below the
environments, so that they can hold it, and takes the plan as it finds it.
"""

import math
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from processing.core.kernels.lanes import LANES
from processing.core.ranking import mean, ranked
from processing.core.types import Evaluations, Float64Array, Genomes, Population, Purpose, State, Verdict

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


#: What a plan is told of champions on fresh episodes.
AnyConfirmation: TypeAlias = Confirmation | GoalConfirmation


def candidate(verdict: Verdict, fitness: Float64Array, tested: tuple[int, ...]) -> tuple[int | None, tuple[int, ...]]:
    """Whose turn it is to pass a test that takes long, and the numbers of the species whose champion had its turn.

    It is the champion of the best species that had none since its best fitness last rose, or of the best where all had one: a
    champion that fails would otherwise keep all others from the test. Without species it is the generation's champion.

    Args:
        fitness: (N,) NaN where an agent failed; tested: numbers of species, as the last generation left them.
    Source: authors' code of Stanley and Miikkulainen 2002, v1.2.1, double pole without velocities.
    """
    species = sorted((one for one in verdict.snapshots if one.champion is not None), key=lambda one: -(one.best_fitness or 0.0))
    if not species:
        order = ranked(fitness)
        return int(order[0]) if len(order) else None, tested
    rested = {one.number for one in species if one.generations_since_improvement}.intersection(tested)
    chosen = next((one for one in species if one.number not in rested), species[0])
    return chosen.champion, tuple(sorted({*rested, chosen.number}))


class MeanReturn:
    """Solved when the champion's mean return reaches `threshold`, and does so again on 100 fresh seeds."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold

    def winner(
        self, plan: Any, population: Population, evaluations: Evaluations, *,
        candidate: int | None, seed: int, generation: int, state: State,
    ) -> int | None:
        """The champion, if it solves the task; `state` is the judge's."""
        order = ranked(evaluations.fitness)
        if not len(order) or evaluations.fitness[order[0]] < self.threshold:
            return None
        champion = int(order[0])
        confirmed = is_confirmed(
            plan, population.genomes, champion, self.threshold, seed=seed, generation=generation, state=state
        )
        return champion if confirmed else None


def is_confirmed(
    plan: Any, genomes: Genomes, agent: int, bar: float, *, seed: int, generation: int, state: State
) -> bool:
    """Whether an agent's mean fitness reaches the bar on at least 100 fresh episodes too, where those can differ.

    The plan is told how it did there.
    """
    if not plan.judge.is_random:
        return True
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
    confirmation = Confirmation(agent, number * plan.environment.episodes, None if math.isnan(found) else found, bar)
    plan.hear(confirmation)
    return confirmation.is_passed


class GoalsReached:
    """Solved when an agent reaches `goals` goals in each of its episodes; where its actions are drawn, in 90 of 100 fresh
    ones too.

    Of several such agents the fittest wins, or is tested, the first among equals: a run's champion is the fittest agent that
    does what is asked for. One is tested in a generation, as each further test gives luck another chance.
    """

    def __init__(self, goals: int) -> None:
        self.goals = goals

    def winner(
        self, plan: Any, population: Population, evaluations: Evaluations, *,
        candidate: int | None, seed: int, generation: int, state: State,
    ) -> int | None:
        """The fittest of the agents that reached so many goals, if it does so again."""
        if evaluations.solved is None:
            return None
        order = ranked(np.where(evaluations.solved, evaluations.fitness, np.nan))
        if not len(order):
            return None
        agent = int(order[0])
        return agent if self.is_repeated(plan, population.genomes, agent, seed=seed, generation=generation) else None

    def is_repeated(self, plan: Any, genomes: Genomes, agent: int, *, seed: int, generation: int) -> bool:
        """Whether an agent reaches so many goals in enough fresh episodes, where those can differ.

        The plan is told how it did.
        """
        if not plan.judge.is_random:
            return True
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
        confirmation = GoalConfirmation(agent, CONFIRMATION_EPISODES, found, REQUIRED_EPISODES, self.goals)
        plan.hear(confirmation)
        return confirmation.is_passed


def _copies(plan: Any, genomes: Genomes, agent: int) -> tuple[int, Genomes]:
    """As many copies of an agent as have a hundred episodes, and how many these are."""
    number = -(-CONFIRMATION_EPISODES // plan.environment.episodes)
    return number, plan.genome.take(genomes, np.full(number, agent, np.int32))
