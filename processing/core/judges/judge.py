"""How genomes are scored: the protocol `Judge`. A judge owns how it is run, in this process or in others.

Explicit subclasses inherit the defaults: a judge without a state, whose scores are the fitness.
"""

from abc import abstractmethod
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, Self, cast

import numpy as np
from typing_extensions import TypeVar

from processing.core.concern import Asked, Concern
from processing.core.criterion import Closing, Trial
from processing.core.errors import Broken
from processing.core.judges.confirmation import CONFIRMATION_EPISODES, confirm
from processing.core.judges.replays import NoReplays, Replays
from processing.core.parameters import Parameters
from processing.core.problem import Problem
from processing.core.rollouts.normalization import Normalization
from processing.core.types import (
    Beat,
    Evaluations,
    Float64Array,
    GenomeKind,
    Genomes,
    Int32Array,
    Population,
    Purpose,
    State,
)

S = TypeVar("S", bound=Parameters, default=Any)
#: The problems and the genome kind that a judge scores. Of a judge in the table nothing says which they are.
P = TypeVar("P", bound=Problem, default=Any)
G = TypeVar("G", bound=GenomeKind, default=Any)


class Cost(NamedTuple):
    """The cost of evaluating one agent."""

    steps: int  # of what the judge counts as steps, at most
    seconds_low: float
    seconds_high: float
    memory_bytes: int  # besides its genome
    basis: str  # what the seconds rest on, in words
    unit: str = "environment steps"  # what the steps are, in words
    factors: str = "episodes * max_steps"  # the parameters whose product they are, in words
    stored_bytes: int = 0  # of its metrics and curves
    multiply_adds: int = 0  # of a training, at most, forward; 0 where nothing is trained


@dataclass(frozen=True, slots=True)
class Setting(Generic[S]):
    """A group of parameters of a judge, which documents have under a key of their own."""

    model: type[S]
    default: S | None  # None: the group may be null, and is where it is left out
    meaning: str

    def read(self, parameters: Parameters) -> S:
        """Return the parameters that a document has under the key, as those of the model."""
        assert isinstance(parameters, self.model)
        return parameters

    def sound_part(self, parameters: Parameters | None) -> S | None:
        """Return the same for a check; parameters that are partly faulty (`sound.py`) stay as they are."""
        return cast("S | None", parameters)


class RemarkMeaning(NamedTuple):
    """What a kind of remark says to people, in one event of a run."""

    text: str  # sentences; `{agent}` and `{sentence}` stand for those of the remark
    is_warning: bool = True
    ends_reproducibility: bool = False


class Summary(NamedTuple):
    """What a judge says of a closed generation whose scores are not the fitness."""

    values: Mapping[str, float | int | None] = {}  # JSON values by name
    words: str = ""  # a phrase for the generation's event


class Judge(Protocol[P, G]):
    """Scores the genomes of one kind in one problem.

    Attributes:
        settings: its groups of parameters by their keys in documents.
        remarks: what its remarks mean, by their kinds; of others, the sentence is a warning.
        episodes: number of evaluations that an agent's fitness is made of.
        is_random: whether evaluations for another purpose have other draws, which give another fitness.
        is_by_library: whether results depend on a library, and therefore on the numeric profile.
        packages: those on which results depend besides those of `profile.py`, where `is_by_library`.
        compiles: whether evaluations run kernels, in this process or in others.
        has_state: whether what happened in earlier generations changes an evaluation.
        confirmations: evaluations on fresh draws that confirm a champion, at least.
        is_normalised: whether observations are normalised by the moments of those of earlier generations.
        trains: whether each agent is trained, which takes a process of its own that not every worker has: see
            `evaluate_each`. A result then depends on nothing but the genome and the run's seed.
        trade_off: two metrics by which pages draw all agents of a run: a cost and a gain; None without.
    """

    settings: ClassVar[Mapping[str, Setting]] = {}
    remarks: ClassVar[Mapping[str, RemarkMeaning]] = {}
    is_by_library: ClassVar[bool] = False
    packages: ClassVar[tuple[str, ...]] = ()
    compiles: ClassVar[bool] = False
    trains: ClassVar[bool] = False
    trade_off: ClassVar[tuple[str, str] | None] = None
    confirmations: ClassVar[int] = CONFIRMATION_EPISODES

    problem: P
    genome: G

    @property
    def episodes(self) -> int:
        """Number of evaluations that an agent's fitness is made of."""
        return 1

    @property
    def is_random(self) -> bool:
        """Whether evaluations for another purpose have other draws."""
        return False

    @property
    def has_state(self) -> bool:
        """Whether it keeps a state from generation to generation."""
        return False

    @property
    def is_normalised(self) -> bool:
        """Whether observations are normalised."""
        return False

    @classmethod
    @abstractmethod
    def of(cls, problem: P, genome: G, settings: Mapping[str, Parameters]) -> Self:
        """Return the judge of a problem and a genome kind.

        Args:
            problem: one that names this judge, or that `faults` allowed.
            settings: by key; those that are null in the document are absent.
        """
        ...

    @classmethod
    def is_asked_for(cls, settings: Mapping[str, Parameters]) -> bool:
        """Whether these groups of a document ask for it in place of the problem's own."""
        return False

    @abstractmethod
    def evaluate(
        self, genomes: Genomes, *, seed: int, generation: int, first: int = 0, last: int | None = None,
        origin: int = 0, threads: int = 1, purpose: Purpose = Purpose.EPISODE, state: State | None = None,
        beat: Beat | None = None, population: int | None = None,
    ) -> Evaluations:
        """Evaluate agents first..last-1 of `genomes`.

        Each evaluation depends only on the agent's genome and address, never on the others or on `threads`.
        An agent that cannot be scored fails by itself, with a reason where there is one.

        Args:
            genomes: a generation, or consecutive agents of one.
            seed, generation: the beginning of the address of every draw.
            first, last: indices in `genomes`; up to the last of them where `last` is None.
            origin: index in the generation of the first of `genomes`.
            threads: number of cores.
            purpose: what the evaluations are for; another purpose than EPISODE gives fresh draws.
            state: the judge's state when the generation began; that of `begin` where None.
            beat: called between small pieces of work, by the thread that calls this, about four times a
                second and at least every few seconds: it keeps the lease on the work. Where it answers that
                the turn is over, no further agent is begun, and what is finished is returned: at least one
                agent, as one that takes longer than a turn is not cut. None where nobody waits.
            population: number of agents in the whole generation; None where no agent is to be evaluated
                twice to compare the results.
        Returns:
            The evaluations of N agents in their order; N = last - first unless the turn was over. Of fewer
            agents, `agents` says which they are.
        Raises:
            Refused: the agents cannot be evaluated.
            Broken: the judge's processes cannot work; Transient: they cannot at the moment.
            Any: what `beat` raises; no thread works on then.
        """
        ...

    def evaluate_each(
        self, agents: Iterator[Genomes], *, seed: int, processes: int, beat: Beat | None = None
    ) -> Generator[tuple[int, Evaluations]]:
        """Evaluate agents one by one, some at a time, where the judge `trains`.

        Args:
            agents: one genome each, read whenever a process is free.
            seed: the run's.
            processes: agents at a time, at most.
            beat: as in `evaluate`; no agent is read any more once the turn is over.
        Yields:
            The place of an agent among those that were read, and its evaluation, as soon as it ends.
        Raises:
            Broken, Transient: as `evaluate`.
        """
        raise Broken("agents of this judge are not trained")

    def originals(self, genomes: Genomes) -> Int32Array:
        """Return for each agent the first one whose results it has, (N,): itself for most judges."""
        return np.arange(self.genome.count(genomes), dtype=np.int32)

    def by_cost(self, genomes: Genomes) -> list[int]:
        """Return the agents in the order in which they are begun where each is evaluated by itself."""
        return list(range(self.genome.count(genomes)))

    def known(self, genomes: Genomes, state: State) -> Mapping[int, Evaluations]:
        """Return the evaluations of agents whose results are known from earlier ones, by their places."""
        return {}

    def as_known(self, evaluations: Evaluations) -> Evaluations:
        """Return the evaluations of agents that were not evaluated, as an equal one was."""
        return evaluations

    @abstractmethod
    def cost(self) -> Cost:
        """Return the estimated cost of evaluating one agent."""
        ...

    def begin(self) -> State:
        """The state before generation 0; it stays empty where `has_state` is false."""
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

    def figures(self, evaluations: Evaluations, champion: int | None) -> Mapping[str, Any]:
        """Return what it says of a closed generation besides numbers of its agents, JSON values by name.

        Args:
            champion: the best agent of the generation; None where all failed.
        """
        return {}

    def summary(self, state: State, scores: Float64Array) -> Summary:
        """Summarise a closed generation whose scores are not the fitness."""
        return Summary()

    def best_score(self, best: float | None) -> float | None:
        """Return an upper bound of the scores from one of the fitness; None where none is known."""
        return best

    def normalization(self, state: State) -> Normalization | None:
        """The normalisation of observations in a generation that begins with this state."""
        return None

    def confirm(self, genomes: Genomes, agent: int, bar: float, closing: Closing) -> Trial:
        """Compare an agent's mean fitness in fresh evaluations with a bar; see `confirmation.confirm`."""
        return confirm(self, genomes, agent, bar, closing) if self.is_random else Trial()

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
        cls, settings: Mapping[str, Parameters | None], problem: type[Problem], asked: Asked
    ) -> list[Concern]:
        """Return why its settings cannot be used; their paths begin with a key of `settings`."""
        return []

    def warnings(self, asked: Asked, *, has_threshold: bool) -> list[Concern]:
        """Return what was probably not intended of its settings.

        Args:
            has_threshold: whether the strategy asks for scores above a rising threshold.
        """
        return []
