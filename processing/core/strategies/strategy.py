"""How genomes change from generation to generation: the protocol `Strategy`, and its parameters in documents.

Explicit subclasses inherit the defaults.
"""

from functools import cache
from typing import Any, ClassVar, Protocol

from pydantic import create_model

from processing.core.concern import Asked, Concern
from processing.core.parameters import OwnParameters, ParameterGroup
from processing.core.problem import Problem
from processing.core.types import Float64Array, GenomeKind, OwnGenome, Population, State, Verdict


class Strategy(Protocol):
    """An ask/tell search over the genomes of one kind. Between two calls it keeps only the state.

    Attributes:
        Parameters: its own parameters; `type` is its name in the table.
        label: its name for people.
        breeds: whether its children come from the genome kind's `breed`; its parameters in documents then
            include those of the genome kind's `Variation`.
        has_threshold: whether verdicts have a rising threshold.
        has_species: whether verdicts have species.
        is_by_library: whether results depend on a library, and therefore on the numeric profile.
        population_size: number of agents in each generation.
    """

    Parameters: ClassVar[type[ParameterGroup]]
    label: ClassVar[str]
    breeds: ClassVar[bool] = False
    has_threshold: ClassVar[bool] = False
    has_species: ClassVar[bool] = False
    is_by_library: ClassVar[bool] = False

    population_size: int
    parameters: ParameterGroup

    @classmethod
    def of(cls, parameters: OwnParameters, genome: OwnGenome) -> "Strategy":
        """Return the strategy of these parameters, of the model `model_of(cls, …)`, for a genome kind."""
        ...

    def begin(self) -> State:
        """The state before generation 0: numbers, None and arrays by name; "pool" may hold genomes."""
        ...

    def revived(self, state: State) -> State:
        """The state from which a search continues whose agents all failed."""
        return state

    def ask(self, state: State, *, seed: int, generation: int) -> Population:
        """The population of this generation; every random draw has an address with this seed."""
        ...

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

    def gained(self, generations: int) -> int:
        """Estimate how many numbers a genome gains in so many generations, at most."""
        return 0

    @classmethod
    def fitted(cls, parameters: OwnParameters) -> OwnParameters:
        """Return the parameters with defaults for omitted ones that depend on others."""
        return parameters

    @classmethod
    def fitted_to_genome(cls, parameters: OwnParameters, genome: GenomeKind) -> OwnParameters:
        """Return the parameters with defaults for omitted ones that depend on the genome kind."""
        return parameters

    @classmethod
    def faults(cls, parameters: OwnParameters, asked: Asked) -> list[Concern]:
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
    def fill_preset(
        cls, strategy: dict[str, Any], genome: dict[str, Any], problem: dict[str, Any]
    ) -> list[Concern]:
        """Fill in the values of a preset that the document asks for, or return why it has none.

        Changes its arguments: the parts of a document before it is validated, in which values may be
        malformed. Given values stay.
        """
        return []


@cache
def model_of(strategy: type[Strategy], genome: type[GenomeKind]) -> type[ParameterGroup]:
    """Return the parameters of a strategy in documents about a genome kind.

    Those of a strategy that breeds include those of the genome kind's variation, which come first.
    """
    own = strategy.Parameters
    if not strategy.breeds:
        return own
    varied = genome.Variation
    assert varied is not None, f"{genome.__name__} has no variation for {strategy.__name__}"
    # BitsVariationParameters and GeneticParameters make BitsGeneticParameters
    name = varied.__name__.removesuffix("VariationParameters") + own.__name__
    return create_model(name, __base__=(own, varied), __doc__=own.__doc__, __module__=own.__module__)
