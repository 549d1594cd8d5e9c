"""Criteria that decide when a task is solved. Each environment names its own.

A criterion takes an evaluated generation and names the agent that solves the task, or None. This module lies
below the environments, so that they can hold a criterion; the plan is therefore passed in untyped.
"""

from typing import Any, NamedTuple

import numpy as np

from processing.core.ranking import ranked
from processing.core.types import Evaluations, Float64Array, Population, State, Verdict


class Solution(NamedTuple):
    """The result of a criterion for one generation."""

    agent: int | None  # index of the agent that solves the task
    confirmation: Any = None  # result of the best candidate on fresh episodes; None where none was needed


def candidate(
    verdict: Verdict, fitness: Float64Array, tested: tuple[int, ...]
) -> tuple[int | None, tuple[int, ...]]:
    """Choose the agent that takes a long test next, and update the set of species whose champion took it.

    The candidate is the champion of the best species whose champion has not been tested since the species'
    best fitness last rose. If all were tested, it is the champion of the best species: otherwise one champion
    that fails would keep all others from the test. Without species it is the generation's champion.

    Args:
        verdict: the strategy's verdict of the generation; its `snapshots` describe the species.
        fitness: (N,) float64, higher is better; NaN where an agent failed.
        tested: numbers of the tested species, as the call for the previous generation returned them.
    Returns:
        The index of the candidate, None where every agent failed; and the new numbers of the tested species,
            ascending.
    Source: authors' code of Stanley and Miikkulainen 2002, v1.2.1, double pole without velocities.
    """
    species = sorted(
        (one for one in verdict.snapshots if one.champion is not None),
        key=lambda one: -(one.best_fitness or 0.0)
    )
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
        """Return the champion if it solves the task.

        Args:
            plan: the plan of the run; `confirm_mean` evaluates the champion on fresh seeds.
            population: the N agents of the generation.
            evaluations: their fitness, (N,) float64, which is the mean return here.
            candidate: not used by this criterion.
            seed, generation: the address of the fresh seeds.
            state: the state of the judge.
        """
        order = ranked(evaluations.fitness)
        if not len(order) or evaluations.fitness[order[0]] < self.threshold:
            return Solution(None)
        champion = int(order[0])
        confirmation = plan.confirm_mean(
            population.genomes, champion, self.threshold, seed=seed, generation=generation, state=state
        )
        return _solution(champion, confirmation)


class GoalsReached:
    """Solved when an agent reaches `goals` goals in each of its episodes.

    Where actions are sampled, the agent must also do so in 90 of 100 fresh episodes. Of several such agents
    the fittest wins, or is tested, the lowest index among equals: the champion of a run is the fittest agent
    that meets the criterion. Only one is tested per generation, as each further test raises the chance that
    luck passes it.
    """

    def __init__(self, goals: int) -> None:
        self.goals = goals

    def winner(
        self, plan: Any, population: Population, evaluations: Evaluations, *,
        candidate: int | None, seed: int, generation: int, state: State,
    ) -> Solution:
        """Return the fittest of the agents whose `solved` flag is set, if it is confirmed on fresh episodes.

        Args:
            plan: the plan of the run; `confirm_goals` evaluates the agent on fresh episodes.
            population: the N agents of the generation.
            evaluations: their fitness, (N,) float64, and `solved`, (N,) or None where the environment does
                not say.
            candidate: not used by this criterion.
            seed, generation: the address of the fresh episodes.
            state: not used by this criterion.
        """
        if evaluations.solved is None:
            return Solution(None)
        order = ranked(np.where(evaluations.solved, evaluations.fitness, np.nan))
        if not len(order):
            return Solution(None)
        agent = int(order[0])
        return _solution(
            agent, plan.confirm_goals(population.genomes, agent, self.goals, seed=seed, generation=generation)
        )


def _solution(agent: int, confirmation: Any) -> Solution:
    """The agent is the solution unless it failed on fresh episodes."""
    return Solution(agent if confirmation is None or confirmation.is_passed else None, confirmation)
