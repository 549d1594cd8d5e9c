"""What networks are asked to do: the protocol `Problem`, and what kernels need of an environment besides.

Environments, tables and data sets are problems. A document names a problem under a key that its kind decides
(`environment`, …), by the name `type` in the table of that key. Explicit subclasses inherit the defaults.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple, Protocol

from typing_extensions import TypeVar

from processing.core.concern import Asked, Concern
from processing.core.criterion import Criterion
from processing.core.errors import Broken
from processing.core.parameters import C
from processing.core.rollouts.network_kind import NetworkKind
from processing.core.types import BoolArray, Float32Array, Float64Array, GenomeKind, Int32Array

#: JSON values that were looked up of a problem when its work item was staged.
Facts = Mapping[str, Any]
#: A part of a document as it is stored: JSON values by key.
Values = Mapping[str, Any]


class View(StrEnum):
    """How pages show what an agent did."""

    MAP = "map"  # its way over a map
    TABLE = "table"  # its answers, row by row
    SIGNALS = "signals"  # what it observed and did, step by step
    CURVES = "curves"  # the curves that its judge reports; there are no steps


class DatasetLookup(Protocol):
    """The data sets that a server and its workers have, as implemented by `datasets.lookup.DatasetsHere`."""

    def names(self) -> Sequence[str]: ...
    def facts(self, name: str) -> Facts | None: ...
    def why_nobody_trains(self) -> str | None:
        """Return why no network can be trained on them, a sentence; None where one can be."""
        ...


class ServerLookup(Protocol):
    """What a server knows: Gymnasium environments and data sets, as `foreign.lookup.Lookup` implements it."""

    trouble: str | None  # why some environments could not be looked up
    datasets: DatasetLookup

    def entries(self) -> Mapping[str, Facts]: ...
    def entry(self, name: str) -> Facts | None: ...
    def facts(
        self, name: str, kwargs: Mapping[str, Any], wrappers: Sequence[Mapping[str, Any]] = ()
    ) -> Facts: ...


class Map(NamedTuple):
    """The map of a problem whose agents move on a grid."""

    rows: Sequence[str]  # one string for each row: '.' open, 'S' start, 'G' goal, '#' obstacle
    start: tuple[int, int]  # row and column, from 0
    shortest_path: int | None  # steps to the nearest goal; None where none can be reached


class Found(NamedTuple):
    """What was looked up of a problem before its work item was staged."""

    facts: Facts | None  # None where no lookup is needed, or where there are faults
    faults: list[Concern]
    warnings: list[Concern]


#: The genome kinds that can act in a problem. Of a problem in a table nothing says which they are.
N = TypeVar("N", bound=GenomeKind, contravariant=True, default=Any)


class Problem(Protocol[C, N]):
    """A task that networks are scored on. Building one computes nothing that takes long.

    Attributes:
        parameters: as in the document.
        input_shape: what a network gets, without the batch dimension; `(I,)` for I numbers.
        output_shape: what a network gives; `(K,)` for K numbers.
        judge: the name of the judge that scores genomes in it.
        noun, score_noun: what sentences for people call it, and a score in it.
        criterion: when it is solved; None where nothing says so.
        is_by_library: whether results depend on a library, and therefore on the numeric profile.
        packages: those on which results depend besides those of `profile.py`, where `is_by_library`.
        is_registered: whether documents name it by an id that an `ServerLookup` knows.
        is_compiled: whether kernels run it.
        behaviours: numbers that describe the behaviour of an agent; 0 where there are none.
        actions: what outputs mean: "choice", "commands" or "answers".
    """

    Parameters: type[C]
    view: ClassVar[View]
    noun: ClassVar[str] = "problem"
    score_noun: ClassVar[str] = "fitness"
    is_by_library: ClassVar[bool] = False
    packages: ClassVar[tuple[str, ...]] = ()
    is_registered: ClassVar[bool] = False
    is_compiled: ClassVar[bool] = False
    behaviours: ClassVar[int] = 0
    actions: str = "answers"

    judge: ClassVar[str]
    parameters: C

    @property
    @abstractmethod
    def input_shape(self) -> tuple[int, ...]: ...
    @property
    @abstractmethod
    def output_shape(self) -> tuple[int, ...]: ...

    @property
    def criterion(self) -> Criterion | None:
        """When it is solved."""
        return None

    def best_possible(self) -> float | None:
        """Return an upper bound of the fitness; None where none is known."""
        return None

    def input_labels(self) -> tuple[str, ...]:
        """Return a name for each input, for display; empty where they are numbered."""
        return ()

    def output_labels(self) -> tuple[str, ...]:
        """Return a name for each output, for display; empty where they are numbered."""
        return ()

    @property
    def action_space(self) -> Mapping[str, Any]:
        """The space of actions, JSON values as in `environments/foreign/spaces.py`; none for answers."""
        return {"type": "Discrete", "start": 0} if self.actions == "choice" else {"type": "Box"}

    def squashing(self, kind: NetworkKind) -> str:
        """Return the function applied to the outputs of a genome kind of networks: "identity" for most."""
        return "identity"

    def scaling(self, kind: NetworkKind) -> tuple[Float64Array, Float64Array] | None:
        """Return offsets and scales, (K,) each: answer = offset + scale * output; None if unscaled."""
        return None

    @property
    def targets(self) -> Float64Array | None:
        """What should be answered, (rows, K), for pages; None where there are no such rows."""
        return None

    @property
    def map(self) -> Map | None:
        """The map that agents move on; None without one."""
        return None

    @property
    def scene(self) -> Mapping[str, Any] | None:
        """How pages draw it (`environments/scenes.py`); None where they do not."""
        return None

    def why_unsolvable(self) -> str:
        """Return why there is no criterion, in words after "false, as "; asked only where there is none."""
        return "nothing says when this is solved, with these parameters"

    def warnings(self, asked: Asked, genome: N) -> list[Concern]:
        """Return what can be run, but was probably not intended.

        Args:
            genome: the genome kind, whose networks suit the problem's judge.
        """
        return []

    @classmethod
    @abstractmethod
    def of(cls, parameters: C, facts: Facts | None) -> "Problem[C]":
        """Return the problem of these parameters.

        Args:
            parameters: of the class's `Parameters`.
            facts: what `look_up` found; None where nothing was looked up.
        Raises:
            Refused: the parameters contradict each other.
        """
        ...

    @classmethod
    def name(cls, values: Values) -> str:
        """Return the name of the stored problem: its id where it is registered, else that in the table."""
        return str(values["id" if cls.is_registered else "type"])

    @classmethod
    def meaning(cls) -> str:
        """Return what it is, in a sentence: that of its parameter `type`."""
        return cls.Parameters.model_fields["type"].description or ""

    @classmethod
    def label(cls, values: Values) -> str:
        """Return the stored problem in a few words, for lists; it is read often, so nothing is built."""
        name = cls.name(values)
        return name if cls.is_registered else name.replace("_", " ")

    @classmethod
    def dataset_of(cls, values: Values) -> str | None:
        """Return the name of the data set of the stored problem; None where it has none."""
        return None

    @classmethod
    def solved_when(cls, values: Values) -> str | None:
        """Return when the stored problem is solved, in words after "ends when solved:"; None: no words."""
        return None

    @classmethod
    def map_of(cls, values: Values) -> Sequence[str] | None:
        """Return the map that pages draw of the stored problem, one string for each row; None without one."""
        return None

    @classmethod
    def look_up(cls, parameters: C, known: ServerLookup) -> Found:
        """Look up what the problem needs to know of this server; nothing for most."""
        return Found(None, [], [])

    @classmethod
    def completed(cls, parameters: C, known: ServerLookup, facts: Facts | None) -> C:
        """Return the parameters with omitted ones filled in from what was looked up."""
        return parameters

    @classmethod
    def fitted(cls, parameters: C, genome: Callable[["Problem[C]"], Any]) -> C:
        """Return the parameters with defaults for omitted ones that depend on others, or on the networks.

        Args:
            genome: returns the genome kind for a problem.
        Raises:
            Refused: the parameters contradict each other.
        """
        return parameters

    @classmethod
    def faults(cls, parameters: C, asked: Asked) -> list[Concern]:
        """Return why this cannot be run.

        The parameters, and the parts of `asked`, may be partly faulty: see `sound.run_checks`.
        """
        return []


class Environment(Problem[C, NetworkKind], Protocol[C]):
    """A problem in which networks act step by step, in episodes.

    Attributes:
        inputs, outputs: numbers of inputs and outputs of networks.
        max_steps: step limit of an episode.
        episodes: number of episodes of each agent.
        is_random: whether another seed gives other episodes.
        aggregate: how the returns of episodes become fitness, a value of `Aggregate`.
        minimise: whether returns are costs.
        fixed_sizes: the numbers of inputs and outputs; None where they depend on the document.
        facts: what was looked up of it; None where nothing was.
    """

    noun: ClassVar[str] = "environment"
    score_noun: ClassVar[str] = "return"
    fixed_sizes: ClassVar[tuple[int, int] | None] = None

    inputs: int
    outputs: int
    max_steps: int
    episodes: int
    is_random: bool
    has_common_episodes: bool
    aggregate: str = "mean"
    minimise: bool = False
    facts: Facts | None = None

    @property
    def input_shape(self) -> tuple[int, ...]:
        return (self.inputs,)

    @property
    def output_shape(self) -> tuple[int, ...]:
        return (self.outputs,)

    def why_unsolvable(self) -> str:
        """Return why there is no criterion, in words after "false, as "."""
        if self.minimise:
            return (
                "what solves this environment is a high return, and with `minimise` a low one is sought"
            )
        return "nothing says when this environment, with these parameters, is solved"


class CompiledEnvironment(Environment[C], Protocol[C]):
    """An environment that kernels run. Arguments of kernels are not typed.

    Attributes:
        world: the arrays that kernels read, a tuple.
        integers, floats, bits: rows of state in each lane.
        parts: the slots of `rollouts/kernel.py` that the environment fills.
        ends: the number of values that `fill_end` writes of an episode; 0 where it writes none.
        plain_seconds: seconds in plain Python for each step, and in addition for each weight.
    """

    is_compiled: ClassVar[bool] = True
    ends: ClassVar[int] = 0
    plain_seconds: ClassVar[tuple[float, float]]

    @property
    def integers(self) -> int: ...
    @property
    def floats(self) -> int: ...
    @property
    def bits(self) -> int: ...
    @property
    def world(self) -> Any: ...
    @property
    def parts(self) -> dict[str, object]: ...

    def solved(self, ends: Float32Array) -> BoolArray:
        """Return whether each episode meets the criterion, (N, E), from `ends`, (N, E, D)."""
        raise Broken("this environment writes no values at the end of an episode")

    def behaviours_of(self, ends: Float32Array) -> Float32Array:
        """Return the behaviour of each episode, (N, E, behaviours), from `ends`, (N, E, D)."""
        raise Broken("this environment writes no values at the end of an episode")

    def position(self, integers: Int32Array) -> tuple[int, int] | None:
        """Return row and column of the agent in lane 0; None where agents do not move on a grid."""
        return None
