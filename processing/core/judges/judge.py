"""How genomes are scored: the protocol `Judge`. A judge owns how it is run, in this process or in others.

Explicit subclasses inherit the defaults: a judge without a state, whose scores are the fitness.
"""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, Protocol, TypeAlias

import numpy as np

from processing.core.concern import Asked, Concern
from processing.core.criterion import Closing, Trial
from processing.core.errors import Broken
from processing.core.judges.confirmation import confirm
from processing.core.judges.replays import NoReplays, Replays
from processing.core.parameters import OwnParameters, Parameters
from processing.core.problem import Problem
from processing.core.rollouts.normalization import Normalization
from processing.core.types import (
    Beat,
    Evaluations,
    Float64Array,
    GenomeKind,
    Genomes,
    OwnGenome,
    Population,
    Purpose,
    State,
)

#: A problem of the class that the judge itself names.
OwnProblem: TypeAlias = Any


class Cost(NamedTuple):
    """The cost of evaluating one agent."""

    steps: int  # of what the judge counts as steps, at most
    seconds_low: float
    seconds_high: float
    memory_bytes: int  # besides its genome
    basis: str  # what the seconds rest on, in words
    unit: str = "environment steps"  # what the steps are, in words
    factors: str = "episodes * max_steps"  # the parameters whose product they are, in words


class Setting(NamedTuple):
    """A group of parameters of a judge, which documents have under a key of their own."""

    model: type[Parameters]
    default: Parameters | None  # None: the group may be null, and is where it is left out
    meaning: str


class Judge(Protocol):
    """Scores the genomes of one kind in one problem.

    Attributes:
        settings: its groups of parameters by their keys in documents.
        episodes: number of evaluations that an agent's fitness is made of.
        is_random: whether another seed gives another fitness.
        is_by_library: whether results depend on a library, and therefore on the numeric profile.
        is_normalised: whether observations are normalised by the moments of those of earlier generations.
    """

    settings: ClassVar[Mapping[str, Setting]] = {}
    is_by_library: ClassVar[bool] = False

    problem: Problem
    genome: GenomeKind

    @property
    def episodes(self) -> int:
        """Number of evaluations that an agent's fitness is made of."""
        return 1

    @property
    def is_random(self) -> bool:
        """Whether another seed gives another fitness."""
        return False

    @property
    def is_normalised(self) -> bool:
        """Whether observations are normalised."""
        return False

    @classmethod
    def of(cls, problem: OwnProblem, genome: OwnGenome, settings: Mapping[str, Parameters]) -> "Judge":
        """Return the judge of a problem and a genome kind.

        Args:
            problem: one that names this judge, or that `faults` allowed.
            settings: by key; those that are null are absent.
        """
        ...

    @classmethod
    def is_asked_for(cls, settings: Mapping[str, object]) -> bool:
        """Whether these groups of a document ask for this judge in place of the problem's own."""
        return False

    def evaluate(
        self, genomes: Genomes, *, seed: int, generation: int, first: int = 0, last: int | None = None,
        origin: int = 0, threads: int = 1, purpose: Purpose = Purpose.EPISODE, state: State | None = None,
        beat: Beat | None = None, seconds: float = math.inf, population: int | None = None,
    ) -> Evaluations:
        """Evaluate agents first..last-1 of `genomes`.

        Each evaluation depends only on the agent's genome and address, never on the others or on `threads`.

        Args:
            genomes: a generation, or consecutive agents of one.
            seed, generation: the beginning of the address of every draw.
            first, last: indices in `genomes`; up to the last of them where `last` is None.
            origin: index in the generation of the first of `genomes`.
            threads: number of cores.
            purpose: what the evaluations are for; another purpose than EPISODE gives fresh draws.
            state: the judge's state when the generation began; that of `begin` where None.
            beat: called between small pieces of work; None where nobody waits.
            seconds: a judge of unknown speed begins no further agent after so long; the evaluations are then
                those of the first agents only, at least one.
            population: number of agents in the whole generation; None where no agent is to be evaluated
                twice to compare the results.
        Returns:
            The evaluations of N agents in their order; N = last - first unless the time was up.
        Raises:
            Refused: the agents cannot be evaluated.
            Broken: the judge's processes cannot work; Transient: they cannot at the moment.
            Any: what `beat` raises.
        """
        ...

    def cost(self) -> Cost:
        """Return the estimated cost of evaluating one agent."""
        ...

    def begin(self) -> State:
        """The state before generation 0; empty for most judges."""
        return {}

    def closed(
        self, state: State, population: Population, evaluations: Evaluations, closing: Closing
    ) -> tuple[State, Float64Array]:
        """Close a generation.

        Returns:
            The next state; and the scores that the strategy is given in place of the fitness, (N,) float64,
            NaN where an agent failed: `evaluations.fitness` itself for most judges.
        """
        return state, evaluations.fitness

    def summary(self, state: State, scores: Float64Array) -> Mapping[str, float | int | None]:
        """Summarise a closed generation whose scores are not the fitness, as JSON values."""
        return {}

    def normalization(self, state: State) -> Normalization | None:
        """The normalisation of observations in a generation that begins with this state."""
        return None

    def confirm(self, genomes: Genomes, agent: int, bar: float, closing: Closing) -> Trial:
        """Compare an agent's mean fitness in fresh evaluations with a bar; see `confirmation.confirm`."""
        return confirm(self, genomes, agent, bar, closing) if self.is_random else Trial()

    def confirm_goals(self, genomes: Genomes, agent: int, goals: int, closing: Closing) -> Trial:
        """Count in how many fresh episodes an agent reaches the goals; no trial for problems without."""
        return Trial()

    def evaluate_in(self, problem: object, genomes: Genomes) -> Evaluations:
        """Evaluate genomes in another problem of the same class, at the address (0, 0)."""
        raise Broken("this judge scores in the one problem that it was made for")

    def copies(self, genomes: Genomes, agent: int, number: int) -> Genomes:
        """Return copies of an agent."""
        return self.genome.take(genomes, np.full(number, agent, np.int32))

    @property
    def replays(self) -> Replays:
        """How evaluations of its agents are shown again."""
        return NoReplays("Evaluations of this judge have no steps that could be replayed.")

    def renew(self, run: int, resumed: int) -> None:
        """Replace processes that may have imported what was repaired since.

        Args:
            run: number of the run.
            resumed: a number that rises each time the run is resumed.
        """
        return

    @classmethod
    def faults(
        cls, settings: Mapping[str, OwnParameters], problem: type[Problem], asked: Asked
    ) -> list[Concern]:
        """Return why its settings cannot be used; their paths begin with a key of `settings`."""
        return []

    def warnings(self, asked: Asked, *, has_threshold: bool) -> list[Concern]:
        """Return what was probably not intended of its settings.

        Args:
            has_threshold: whether the strategy asks for scores above a rising threshold.
        """
        return []
