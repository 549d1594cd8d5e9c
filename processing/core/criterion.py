"""When a task is solved: what environments name as their criterion.

A criterion looks at an evaluated generation and names the agent that solves the task, or nobody. It lies below the
environments, so that they can hold it, and takes the plan as it finds it.
"""

from typing import Any, NamedTuple

import numpy as np

from processing.core.ranking import ranked
from processing.core.types import Evaluations, Float64Array, Population, State, Verdict


class Solution(NamedTuple):
    """What a criterion finds in a generation."""

    agent: int | None  # index of the agent that solves the task
    confirmation: Any = None  # how the best candidate did on fresh episodes; None where nobody had to be confirmed


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
    ) -> Solution:
        """The champion, if it solves the task; `state` is the judge's."""
        order = ranked(evaluations.fitness)
        if not len(order) or evaluations.fitness[order[0]] < self.threshold:
            return Solution(None)
        champion = int(order[0])
        confirmation = plan.confirm_mean(
            population.genomes, champion, self.threshold, seed=seed, generation=generation, state=state
        )
        return _solution(champion, confirmation)


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
    ) -> Solution:
        """The fittest of the agents that reached so many goals, if it does so again."""
        if evaluations.solved is None:
            return Solution(None)
        order = ranked(np.where(evaluations.solved, evaluations.fitness, np.nan))
        if not len(order):
            return Solution(None)
        agent = int(order[0])
        return _solution(agent, plan.confirm_goals(population.genomes, agent, self.goals, seed=seed, generation=generation))


def _solution(agent: int, confirmation: Any) -> Solution:
    """The agent, unless it failed on fresh episodes."""
    return Solution(agent if confirmation is None or confirmation.is_passed else None, confirmation)
