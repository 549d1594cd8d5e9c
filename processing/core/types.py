"""The data types that the modules of the core exchange. All are frozen; arrays are never changed in place."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, ClassVar, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypeVar

from processing.core.concern import Asked, Concern
from processing.core.errors import Broken
from processing.core.parameters import C, ParameterGroup

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]
Int32Array = NDArray[np.int32]
Int64Array = NDArray[np.int64]
UInt8Array = NDArray[np.uint8]
BoolArray = NDArray[np.bool_]
UInt16Array = NDArray[np.uint16]

#: The state of a strategy between generations: numbers, None and arrays by name. It is stored with every
#: checkpoint.
State = Mapping[str, Any]
#: The genomes of N agents in the form that their genome kind defines; for `dense` an (N, W) float32 array.
Genomes: TypeAlias = Any

#: The variation that a genome kind itself names, as `C` names its parameters.
V = TypeVar("V", bound=ParameterGroup, default=Any)

#: Is called between small pieces of long work, and answers whether the turn of this worker is over. It may
#: raise what ends the work.
Beat = Callable[[], bool]

NO_PARENT = -1


def no_beat() -> bool:
    """The beat of those that nobody waits for: the turn is never over."""
    return False


class Operator(IntEnum):
    """How a genome was created."""

    INITIAL = 0
    ELITE = 1
    CROSSOVER = 2
    MUTATION = 3
    CROSSOVER_MUTATION = 4
    SAMPLED = 5
    IMPORTED = 6


class Failure(IntEnum):
    """Why an agent has no fitness; NONE where it has one."""

    NONE = 0
    NON_FINITE_FITNESS = 1
    TIMEOUT = 2
    ENVIRONMENT_ERROR = 3
    WORKER_LOST = 4
    OUT_OF_MEMORY = 5
    INVALID_ARCHITECTURE = 6
    ERROR = 7


class StopReason(StrEnum):
    """Why a run ended."""

    FITNESS_REACHED = "FITNESS_REACHED"
    GENERATION_LIMIT = "GENERATION_LIMIT"
    STAGNATION = "STAGNATION"
    EXTINCTION = "EXTINCTION"
    THRESHOLD_MISSED = "THRESHOLD_MISSED"
    TIME_LIMIT = "TIME_LIMIT"
    CANCELLED = "CANCELLED"
    ERROR = "ERROR"


class Purpose(IntEnum):
    """The use of a random number: one component of its address (see `rng.py`)."""

    INITIAL = 1
    EPISODE = 2
    POLICY = 3
    PARENTS = 4
    CROSSOVER = 5
    MUTATION = 6
    CONFIRMATION = 7
    REPLICATE = 8
    FRESH_START = 9
    SECOND_EVALUATION = 16
    IMAGE = 17
    TRAINING = 18
    DIVISION = 19
    AUGMENTATION = 20


@dataclass(frozen=True, slots=True)
class Population:
    """N genomes and their parents."""

    genomes: Genomes
    operators: UInt8Array  # (N,) of Operator
    mothers: Int32Array  # (N,) index in the parents' generation, NO_PARENT where there is none
    fathers: Int32Array  # (N,) the same
    ages: UInt16Array  # (N,) generations between parents and child; 0 where there are no parents
    # (N,) the same between father and child, where fathers may be of another generation than mothers
    father_ages: UInt16Array | None = None

    def __len__(self) -> int:
        return len(self.operators)


class RemarkKind(StrEnum):
    """Kinds of irregularities that are observed in third-party environments."""

    DIFFERENCE = "difference"  # the second evaluation of an agent gave other results than the first
    NOT_FINITE = "not_finite"  # an observation held numbers that are not finite
    GLOBAL_GENERATORS = "global_generators"  # `random` or `numpy.random` was drawn from
    PROCESS_DIED = "process_died"  # the environment's process died during a call, unprovoked


class Remark(NamedTuple):
    """An irregularity that was observed while agents were evaluated; it changes no result."""

    agent: int  # index in the evaluations
    what: str  # its kind: a `RemarkKind`, or a name that the judge gives it; see `Judge.remarks`
    sentence: str


@dataclass(frozen=True, slots=True)
class Evaluations:
    """The results of N agents."""

    fitness: Float64Array  # (N,) NaN where the agent failed
    steps: Int32Array  # (N,) environment steps of all its episodes, or what else its judge counts
    failures: UInt8Array  # (N,) of Failure
    # (N,) whether an agent meets the task's criterion; None where a test decides
    solved: UInt8Array | None = None
    behaviours: Float32Array | None = None  # (N, D) descriptors of behaviour, for judges that use them
    reasons: tuple[tuple[int, str], ...] = ()  # index of a failed agent, and a sentence that explains why
    remarks: tuple[Remark, ...] = ()  # irregularities; not in the digest
    metrics: Float64Array | None = None  # (N, M) further numbers of each agent, by `metric_names`
    metric_names: tuple[str, ...] = ()
    # (N, E, K) numbers of each agent over at most E epochs, by `curve_names`; NaN after an agent's last one
    curves: Float32Array | None = None
    curve_names: tuple[str, ...] = ()
    # What follows is not in the digest: it says how results came about.
    seconds: Float64Array | None = None  # (N,) that each agent took, or took when it was evaluated first
    known: UInt8Array | None = None  # (N,) whether an earlier evaluation of an equal genome was used
    confusions: Int32Array | None = None  # (N, K, K) examples by class and predicted class; 0 where unknown
    trained_by: tuple[str, ...] = ()  # numeric profiles of the processes that trained, as JSON, sorted
    # (N,) indices of the evaluated agents, counted from the first that was asked for, ascending; None: the
    # first N. The other fields count positions in the evaluations.
    agents: Int32Array | None = None

    def __len__(self) -> int:
        return len(self.fitness)


@dataclass(frozen=True, slots=True)
class Trajectory:
    """The observations, actions and rewards of one agent in one episode of T steps."""

    # (T,) discrete actions, or continuous ones: in [-1, 1] for compiled environments, else in the units of
    # the environment's action space
    actions: list[int] | list[list[float]]
    rewards: list[float]  # (T,)
    positions: list[tuple[int, int]]  # (T + 1,) row and column in a maze; otherwise empty
    observations: list[Float64Array]  # (T,) of (inputs,), before each action
    total: float  # the return: the sum of the rewards in their order
    steps: int
    terminated: bool  # the environment ended it
    truncated: bool  # the step limit came first
    is_cut: bool = False  # only the first T steps were recorded; then neither of the two holds


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision of a strategy about a closed generation, and the figures behind it."""

    stop: StopReason | None = None
    # the fitness that this generation had to reach, where the strategy has one
    threshold: float | None = None
    viable: int | None = None  # number of agents that reached it
    # what the strategy says of the generation, JSON values by name; an end is explained from them too
    figures: Mapping[str, Any] = field(default_factory=dict)
    # (N,) number of each agent's species in the run, from 0; None without species
    species: Int32Array | None = None
    snapshots: tuple["SpeciesSnapshot", ...] = ()  # the species of this generation, by number
    # whether the search has died out, should it end now; None: where all agents of the generation failed
    has_died_out: bool | None = None


class SpeciesSnapshot(NamedTuple):
    """One species in one generation."""

    number: int  # from 0, over the whole run
    born_in: int  # generation
    size: int  # number of agents, failed ones included
    champion: int | None  # index of its best agent; None where all failed
    best_fitness: float | None
    mean_fitness: float | None  # of those that did not fail
    # The sum of its agents' shared fitness, or novelty where the strategy selects by that. If any value of
    # the generation is negative, the lowest is subtracted first; if none is positive then, each agent counts
    # the same. None where all failed.
    adjusted_fitness: float | None
    generations_since_improvement: int  # since its best fitness, or novelty, last rose
    offspring: int  # number of its children in the next generation


class GenomeKind(Protocol[C, V]):
    """What varies: how genomes of one kind are drawn, selected, stored and measured.

    `random` draws `size` genomes from (seed, generation, index). `take` returns the genomes at (K,) int32
    indices, `join` concatenates groups. `unpack` reads what `pack` writes and raises Broken where the bytes
    are not complete genomes; all packed genomes of a group are equally long. `diversity` measures how far
    genomes spread, >= 0; `complexity` is the mean size of a network. Explicit subclasses inherit the
    defaults.

    Attributes:
        Parameters: what a document says of the networks.
        Variation: how children differ from their parents, for strategies that breed by `breed`; None for
            kinds that only strategies of their own vary.
        bytes_per_weight: bytes of a packed genome for each weight.
        number_of_weights: numbers in an initial genome.
        is_grown: whether the structure of networks evolves, for sketches.
        is_vector: whether it is a `VectorKind`.
    """

    Parameters: type[C]
    Variation: type[V] | None = None
    bytes_per_weight: ClassVar[int]
    is_grown: ClassVar[bool] = False
    is_vector: ClassVar[bool] = False

    number_of_weights: int
    parameters: C

    @classmethod
    @abstractmethod
    def of(
        cls, parameters: C, *, input_shape: tuple[int, ...], output_shape: tuple[int, ...]
    ) -> "GenomeKind[C, V]":
        """Return the kind for networks with these shapes, without the batch dimension.

        Raises:
            Refused: networks of this kind cannot have such inputs or outputs.
        """
        ...

    @abstractmethod
    def random(self, size: int, *, seed: int, generation: int) -> Genomes: ...
    @abstractmethod
    def count(self, genomes: Genomes) -> int: ...
    @abstractmethod
    def take(self, genomes: Genomes, indices: Int32Array) -> Genomes: ...
    @abstractmethod
    def join(self, parts: list[Genomes]) -> Genomes: ...
    @abstractmethod
    def pack(self, genomes: Genomes) -> bytes: ...
    @abstractmethod
    def unpack(self, data: bytes) -> Genomes: ...
    @abstractmethod
    def diversity(self, genomes: Genomes) -> float: ...
    @abstractmethod
    def complexity(self, genomes: Genomes) -> float: ...

    def breed(
        self, pool: Genomes, mothers: Int32Array, fathers: Int32Array, variation: V, *,
        elites: int, seed: int, generation: int
    ) -> tuple[Genomes, UInt8Array]:
        """Return children of a pool's genomes, and the operator that made each.

        Args:
            pool: M genomes.
            mothers, fathers: (N,) int32 indices in the pool; fathers may be NO_PARENT.
            variation: a model that inherits `Variation`.
            elites: the first so many children are copies of their mothers.
            seed, generation: the address of the draws.
        Returns:
            N genomes; (N,) uint8 of `Operator`, CROSSOVER or CROSSOVER_MUTATION where the father counts.
        """
        raise Broken("genomes of this kind are bred by strategies of their own")

    @classmethod
    def fitted(
        cls, parameters: C, *, input_shape: tuple[int, ...], output_shape: tuple[int, ...]
    ) -> C:
        """Return the parameters with defaults for omitted ones that depend on the problem, by its shapes.

        Raises:
            Refused: as `of`.
        """
        return parameters

    @classmethod
    def faults(cls, parameters: C, asked: Asked) -> list[Concern]:
        """Return why networks cannot be like this; the parameters may be partly faulty."""
        return []

    def warnings(self, asked: Asked) -> list[Concern]:
        """Return what can be run, but was probably not intended."""
        return []


class VectorKind(GenomeKind[C, V], Protocol[C, V]):
    """A genome kind for strategies that compute with genomes: N of them are an (N, W) float32 array.

    W is `number_of_weights`, and every such array holds genomes, whatever its finite numbers.
    """

    is_vector: ClassVar[bool] = True

    def random(self, size: int, *, seed: int, generation: int) -> Float32Array: ...
    def take(self, genomes: Float32Array, indices: Int32Array) -> Float32Array: ...
    def join(self, parts: list[Float32Array]) -> Float32Array: ...
