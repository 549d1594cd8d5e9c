"""How genomes change from generation to generation: the protocol `Strategy`, and its parameters in documents.

Explicit subclasses inherit the defaults.
"""

from abc import abstractmethod
from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar, NamedTuple, Protocol, Self

from pydantic import create_model
from typing_extensions import TypeVar

from processing.core.concern import Asked, Concern
from processing.core.parameters import StrategyParameters
from processing.core.problem import Problem, Values
from processing.core.types import Float64Array, GenomeKind, Population, State, StopReason, Verdict

#: The parameters and the genome kind of a strategy. `Strategy` alone leaves them open, for tables and their
#: readers: which classes an entry has, no table can say.
C = TypeVar("C", bound=StrategyParameters, default=Any)
G = TypeVar("G", bound=GenomeKind, contravariant=True, default=Any)


class DocumentParts(NamedTuple):
    """Parts of a document before it is validated, in which values may be malformed."""

    strategy: Values
    genome: Values
    problem: Values


class Strategy(Protocol[C, G]):
    """An ask/tell search over the genomes of one kind. Between two calls it keeps only the state.

    Attributes:
        Parameters: the model of its own parameters; `type` is its name in the table.
        label: its name for people.
        breeds: whether its children come from the genome kind's `breed`; its parameters in documents then
            include those of the genome kind's `Variation`.
        has_threshold: whether verdicts have a rising threshold.
        has_species: whether verdicts have species.
        is_by_library: whether results depend on a library, and therefore on the numeric profile.
        population_size: number of agents in each generation.
        parameters: of the model `model_of(…)`, which inherits `Parameters`.
    """

    Parameters: type[C]
    label: ClassVar[str]
    breeds: ClassVar[bool] = False
    has_threshold: ClassVar[bool] = False
    has_species: ClassVar[bool] = False
    is_by_library: ClassVar[bool] = False

    population_size: int
    parameters: C

    @classmethod
    @abstractmethod
    def of(cls, parameters: C, genome: G) -> Self:
        """Return the strategy of these parameters, of the model `model_of(cls, …)`, for a genome kind."""
        ...

    @classmethod
    def takes(cls, genome: type[GenomeKind]) -> bool:
        """Whether it can search the genomes of a kind: those with a variation where it breeds, else all."""
        return genome.Variation is not None or not cls.breeds

    @abstractmethod
    def begin(self) -> State:
        """The state before generation 0: numbers, None and arrays by name; "pool" may hold genomes."""
        ...

    def revived(self, state: State) -> State:
        """The state from which a search continues whose agents all failed."""
        return state

    @abstractmethod
    def ask(self, state: State, *, seed: int, generation: int) -> Population:
        """The population of this generation; every random draw has an address with this seed."""
        ...

    @abstractmethod
    def tell(
        self, state: State, population: Population, scores: Float64Array, *, generation: int
    ) -> tuple[State, Verdict]:
        """Close a generation.

        Args:
            scores: (N,) what agents are selected by, higher is better; NaN where an agent failed.
        Returns:
            The next state, and the verdict.
        """
        ...

    def advice(self, reason: StopReason) -> str:
        """Return what to change in the strategy after a run that ended for this reason.

        Sentences with keys of documents. By default, they name the parameters in `change_sizes` and
        `change_chances`.
        """
        sizes, chances = self.parameters.change_sizes, self.parameters.change_chances
        if reason == StopReason.EXTINCTION:
            return f"Lower {_keys(sizes)}; check the rewards." if sizes else "Check the rewards."
        changes = _keys((*sizes, *chances))
        return f"Raise {changes}, or enlarge the population." if changes else "Enlarge the population."

    def why_not_extended(self) -> str | None:
        """Return in a sentence why a search cannot go on under other stop rules; None where it can.

        It cannot where parameters change on a schedule over `max_generations`: its first generations would
        have been others.
        """
        return None

    def gained(self, generations: int) -> int:
        """Estimate how many numbers a genome gains in so many generations, at most."""
        return 0

    @classmethod
    def fitted(cls, parameters: C) -> C:
        """Return the parameters with defaults for omitted ones that depend on others."""
        return parameters

    @classmethod
    def fitted_to_genome(cls, parameters: C, genome: G) -> C:
        """Return the parameters with defaults for omitted ones that depend on the genome kind."""
        return parameters

    @classmethod
    def faults(cls, parameters: C, asked: Asked) -> list[Concern]:
        """Return why this cannot be run; the parameters may be partly faulty: see `sound.run_checks`."""
        return []

    def size_faults(self) -> list[Concern]:
        """Return why genomes of this size cannot be searched."""
        return []

    def warnings(self, asked: Asked, problem: Problem, *, best_score: float | None) -> list[Concern]:
        """Return what can be run, but was probably not intended.

        Args:
            best_score: an upper bound of the scores that `tell` receives; None where none is known.
        """
        return []

    @classmethod
    def with_preset(cls, given: DocumentParts) -> tuple[DocumentParts, list[Concern]]:
        """Return the parts with the values of the preset that they ask for, or unchanged and why it has none.

        Given values stay.
        """
        return given, []


@cache
def model_of(strategy: type[Strategy], genome: type[GenomeKind]) -> type[StrategyParameters]:
    """Return the parameters of a strategy in documents about a genome kind.

    Those of a strategy that breeds include those of the genome kind's variation, which come first.
    """
    own: type[StrategyParameters] = strategy.Parameters
    if not strategy.breeds:
        return own
    varied = genome.Variation
    assert varied is not None, f"{genome.__name__} has no variation for {strategy.__name__}"
    # BitsVariationParameters and GeneticParameters make BitsGeneticParameters
    name = varied.__name__.removesuffix("VariationParameters") + own.__name__
    model = create_model(name, __base__=(own, varied), __doc__=own.__doc__, __module__=own.__module__)
    assert issubclass(model, StrategyParameters)
    return model


def _keys(names: Sequence[str]) -> str:
    """Parameters of a strategy as keys of documents."""
    return " or ".join(f"`strategy.{name}`" for name in names)
