"""Criteria that decide when a task is solved. Each problem names its own.

A criterion takes an evaluated generation and names the agent that solves the task, or None. This module lies
below the problems, so that they can hold a criterion, and below the judges, which confirm champions.
"""

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from typing_extensions import TypeVar

from processing.core.ranking import ranked
from processing.core.types import (
    Beat,
    Evaluations,
    Failure,
    Float64Array,
    Genomes,
    Population,
    State,
    Verdict,
    no_beat,
)


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


class Trial(NamedTuple):
    """The evaluation of an agent on fresh episodes."""

    confirmation: AnyConfirmation | None = None  # None where fresh episodes would equal the agent's own
    failures: tuple[Failure, ...] = ()  # of these episodes

    @property
    def is_passed(self) -> bool:
        """Whether the agent is confirmed, or needs no confirmation."""
        return self.confirmation is None or self.confirmation.is_passed


@dataclass(frozen=True, slots=True)
class Closing:
    """How agents are evaluated again while their generation is closed."""

    seed: int  # the run's
    generation: int
    state: State = field(default_factory=dict)  # the judge's, when the generation began
    threads: int = 1
    beat: Beat = no_beat  # called again and again; it never answers that the turn is over


class Confirming(Protocol):
    """A judge as most criteria use it."""

    def confirm(self, genomes: Genomes, agent: int, bar: float, closing: Closing) -> Trial:
        """Compare the mean fitness of agent `agent` of `genomes` in fresh episodes with a bar."""
        ...


class ConfirmingInEpisodes(Confirming, Protocol):
    """A judge by episodes in compiled environments, as their own criteria use it."""

    def confirm_goals(self, genomes: Genomes, agent: int, goals: int, closing: Closing) -> Trial:
        """Count in how many fresh episodes agent `agent` of `genomes` reaches `goals` goals."""
        ...

    def evaluate_in(self, problem: object, genomes: Genomes, *, beat: Beat) -> Evaluations:
        """Evaluate genomes in another problem of the same class, at the address (0, 0)."""
        ...

    def copies(self, genomes: Genomes, agent: int, number: int) -> Genomes:
        """Return copies of agent `agent` of `genomes`."""
        ...


class Solution(NamedTuple):
    """The result of a criterion for one generation."""

    agent: int | None  # index of the agent that solves the task
    trial: Trial = Trial()  # of the best candidate


#: The judges that a criterion can ask. Of a problem in a table nothing says which they are.
J = TypeVar("J", bound=Confirming, contravariant=True, default=Any)


class Criterion(Protocol[J]):
    """Decides whether an agent of a generation solves the task.

    Attributes:
        threshold: the mean return that solves it; None where something else does.
    """

    @property
    def threshold(self) -> float | None:
        """The mean return that solves it; None where something else does."""
        return None

    @abstractmethod
    def winner(
        self, judge: J, population: Population, evaluations: Evaluations, *, candidate: int | None,
        closing: Closing,
    ) -> Solution:
        """Return the agent that solves the task, if there is one.

        Args:
            judge: evaluates agents again, where that is needed.
            population: the N agents of the generation.
            evaluations: their results.
            candidate: the agent that takes a long test next; see `candidate`.
            closing: the address of fresh episodes.
        """
        ...


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


class MeanReturn(Criterion[Confirming]):
    """Solved when the champion's mean return reaches `threshold`, and does so again on 100 fresh seeds."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold

    @property
    def threshold(self) -> float:
        """The mean return that solves the task."""
        return self._threshold

    def winner(
        self, judge: Confirming, population: Population, evaluations: Evaluations, *, candidate: int | None,
        closing: Closing,
    ) -> Solution:
        """Return the champion if it solves the task; `evaluations.fitness` is the mean return here."""
        order = ranked(evaluations.fitness)
        if not len(order) or evaluations.fitness[order[0]] < self.threshold:
            return Solution(None)
        champion = int(order[0])
        return _solution(champion, judge.confirm(population.genomes, champion, self.threshold, closing))


class GoalsReached(Criterion[ConfirmingInEpisodes]):
    """Solved when an agent reaches `goals` goals in each of its episodes.

    Where actions are sampled, the agent must also do so in 90 of 100 fresh episodes. Of several such agents
    the fittest wins, or is tested, the lowest index among equals: the champion of a run is the fittest agent
    that meets the criterion. Only one is tested per generation, as each further test raises the chance that
    luck passes it.
    """

    def __init__(self, goals: int) -> None:
        self.goals = goals

    def winner(
        self, judge: ConfirmingInEpisodes, population: Population, evaluations: Evaluations, *,
        candidate: int | None, closing: Closing,
    ) -> Solution:
        """Return the fittest of the agents whose `solved` flag is set, if fresh episodes confirm it."""
        if evaluations.solved is None:
            return Solution(None)
        order = ranked(np.where(evaluations.solved, evaluations.fitness, np.nan))
        if not len(order):
            return Solution(None)
        agent = int(order[0])
        return _solution(agent, judge.confirm_goals(population.genomes, agent, self.goals, closing))


def _solution(agent: int, trial: Trial) -> Solution:
    """The agent is the solution unless it failed on fresh episodes."""
    return Solution(agent if trial.is_passed else None, trial)
