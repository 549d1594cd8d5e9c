"""What the parts of the laboratory hand to each other. Everything is frozen; arrays are never changed in place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]
Int32Array = NDArray[np.int32]
Int64Array = NDArray[np.int64]
UInt8Array = NDArray[np.uint8]
BoolArray = NDArray[np.bool_]
UInt16Array = NDArray[np.uint16]

#: What a strategy remembers between generations: numbers, None and arrays, by name. Stored with every checkpoint.
State = Mapping[str, Any]
#: The genomes of N agents, in the form that their genome kind knows; for `dense` a (N, W) float32 array.
Genomes = Any

NO_PARENT = -1


class Operator(IntEnum):
    """How a genome came to be."""

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
    """What a random number is for: one part of its address."""

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


@dataclass(frozen=True, slots=True)
class Population:
    """N genomes and where they came from."""

    genomes: Genomes
    operators: UInt8Array  # (N,) of Operator
    mothers: Int32Array  # (N,) index in the parents' generation, NO_PARENT where there is none
    fathers: Int32Array  # (N,) the same
    ages: UInt16Array  # (N,) how many generations back the parents are; 0 where there are none

    def __len__(self) -> int:
        return len(self.operators)


class Noticed(StrEnum):
    """What can be noticed of environments that are no part of us."""

    DIFFERENCE = "difference"  # evaluated twice, an agent's episodes ended otherwise the second time
    NOT_FINITE = "not_finite"  # an observation held numbers that are not finite
    GLOBAL_GENERATORS = "global_generators"  # `random` or `numpy.random` was drawn from
    PROCESS_DIED = "process_died"  # its process died while it was called, by itself


class Remark(NamedTuple):
    """Something that was noticed while agents were evaluated; it changes no result."""

    agent: int  # index among those of the evaluations
    what: str  # a Noticed
    sentence: str


@dataclass(frozen=True, slots=True)
class Evaluations:
    """What became of N agents."""

    fitness: Float64Array  # (N,) NaN where the agent failed
    steps: Int32Array  # (N,) environment steps of all its episodes
    failures: UInt8Array  # (N,) of Failure
    solved: UInt8Array | None = None  # (N,) whether an agent meets the task's own criterion; None where that takes more to say
    behaviours: Float32Array | None = None  # (N, D) what an agent did, for judges that look at it
    reasons: tuple[tuple[int, str], ...] = ()  # index and, in a sentence, why that agent failed, where it takes words
    remarks: tuple[Remark, ...] = ()  # what was noticed besides; no part of the digest

    def __len__(self) -> int:
        return len(self.fitness)


@dataclass(frozen=True, slots=True)
class Trajectory:
    """What an agent saw, did and earned in one episode of T steps."""

    # (T,) choices, or commands: from -1 to 1 of compiled environments, in the units of their actions of others
    actions: list[int] | list[list[float]]
    rewards: list[float]  # (T,)
    positions: list[tuple[int, int]]  # (T + 1,) row and column in a maze, a move that bumps is not carried out; else empty
    observations: list[Float64Array]  # (T,) of (inputs,), before each action
    total: float  # the return: the sum of the rewards in their order
    steps: int
    terminated: bool  # the environment ended it
    truncated: bool  # the step limit came first
    is_cut: bool = False  # it went on: these are its first T steps, and neither of the two


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a strategy says of a closed generation."""

    stop: StopReason | None = None
    threshold: float | None = None  # the bar this generation had to pass, where the strategy has one
    viable: int | None = None  # agents that passed it
    figures: Mapping[str, Any] = field(default_factory=dict)  # for `explainStop`: what led to the stop, JSON values
    species: Int32Array | None = None  # (N,) number of each agent's species, from 0 over the whole run; None without species
    snapshots: tuple["SpeciesSnapshot", ...] = ()  # the species of this generation, by number


class SpeciesSnapshot(NamedTuple):
    """One species in one generation."""

    number: int  # from 0, over the whole run
    born_in: int  # generation
    size: int  # agents, those that failed too
    champion: int | None  # index of its best agent; None where all failed
    best_fitness: float | None
    mean_fitness: float | None  # of those that did not fail
    # The sum of its agents' shared fitness, of novelty where a strategy sees that; where any is negative, above the lowest of
    # all; where nothing is left to share, of its agents, each counting the same. None where all failed.
    adjusted_fitness: float | None
    generations_since_improvement: int  # of the best fitness, or novelty, that it ever had
    offspring: int  # agents of the next generation that it brings forth


class GenomeKind(Protocol):
    """What varies: how genomes of one kind are made, stored and measured."""

    def random(self, size: int, *, seed: int, generation: int) -> Genomes: ...
    def count(self, genomes: Genomes) -> int: ...
    def take(self, genomes: Genomes, indices: Int32Array) -> Genomes: ...
    def join(self, parts: list[Genomes]) -> Genomes: ...
    def pack(self, genomes: Genomes) -> bytes: ...
    def unpack(self, data: bytes) -> Genomes: ...
    def diversity(self, genomes: Genomes) -> float: ...
    def complexity(self, genomes: Genomes) -> float: ...


class BreedingKind(GenomeKind, Protocol):
    """A genome kind whose children are told by `Variation`; others are bred by their own strategy."""

    def breed(
        self, pool: Genomes, mothers: Int32Array, fathers: Int32Array, variation: "Variation", *, seed: int, generation: int
    ) -> tuple[Genomes, UInt8Array]: ...


@dataclass(frozen=True, slots=True)
class Variation:
    """How children differ from their parents; what each word means is the genome kind's to say."""

    crossover: str  # "average", "uniform", "none"
    crossover_probability: float  # chance that a child has two parents
    mutation: str  # "gaussian", "single_weight"
    mutation_probability: float
    mutation_scale: float
    elites: int = 0  # the first `elites` children are copies of their mothers
