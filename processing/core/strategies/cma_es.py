"""Covariance matrix adaptation: a normal distribution whose covariances adapt to the successful agents.

The package `cmaes` computes it; this file makes its results repeatable. The package's object is created in
every call from the state and seeded by an address, (seed, MUTATION, generation), and its linear algebra runs
on one thread. It is given only the ranks of the fitness: failed agents come last, ties are ordered by index.
As LAPACK's bits depend on the machine, results are equal within a numeric profile only. The search starts
from weights of 0.

Source: Hansen 2016, "The CMA Evolution Strategy: A Tutorial"; Ros and Hansen 2008 (separable).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal, Self

import numpy as np

from processing.core import rng
from processing.core.concern import Concern
from processing.core.kernels.pieces import ranges
from processing.core.parameters import StrategyParameters, parameter
from processing.core.ranking import ranked
from processing.core.strategies.strategy import Strategy
from processing.core.types import (
    NO_PARENT,
    Float64Array,
    GenomeKind,
    Operator,
    Population,
    Purpose,
    State,
    StopReason,
    VectorKind,
    Verdict,
)
from processing.core.value_text import shown

#: Attributes of the package's object that a generation changes, as `__getstate__` names them; the others
#: follow from the parameters.
_FULL = ("_mean", "_sigma", "_p_sigma", "_pc", "_g", "_c_1d")
_SEPARABLE = ("_mean", "_sigma", "_p_sigma", "_pc", "_g", "_C")
#: Weights are clipped here: far beyond any that still changes an action, and within the range that the
#: package accepts.
_LARGEST = 1e30
#: Maximum number of weights with a full covariance matrix; a generation of more takes minutes.
MOST_FULL_WEIGHTS = 1_000


class Variant(StrEnum):
    """Which covariances are learned."""

    FULL = "full"
    SEPARABLE = "separable"


class CmaEsParameters(StrategyParameters):
    """Covariance matrix adaptation."""

    change_sizes = ("sigma",)

    type: Literal["cma_es"] = parameter(meaning="Covariance matrix adaptation (CMA-ES).")
    population_size: int = parameter(
        64, meaning="Agents in each generation; the source's own rule is 4 + 3 ln(weights).", unit="agents",
        ge=4, le=1_000_000, source="Hansen 2016, eq. 48",
    )
    sigma: float = parameter(
        1.0, meaning="Standard deviation of the weights of generation 0, around 0.", gt=0.0, le=1_000.0
    )
    variant: Variant = parameter(
        Variant.FULL,
        meaning="Learn how all weights vary together (up to 1,000 weights; time grows with their cube), or "
        "each by itself; left out, all together up to 1,000, each by itself beyond.",
        source="Ros and Hansen 2008",
    )


class CmaEs(Strategy[CmaEsParameters, VectorKind]):
    """The strategy `cma_es`.

    Its state holds the attributes in `_FULL` or `_SEPARABLE`, named without the leading underscore. `mean` is
    None before generation 0 is closed.
    """

    Parameters = CmaEsParameters
    label = "CMA-ES"
    is_by_library = True  # its bits depend on the package and its linear algebra

    def __init__(self, parameters: CmaEsParameters, genome: VectorKind) -> None:
        self.parameters, self.genome = parameters, genome
        self.population_size = parameters.population_size
        self.is_full = parameters.variant == Variant.FULL or genome.number_of_weights < 2
        self._changing = _FULL if self.is_full else _SEPARABLE

    @classmethod
    def of(cls, parameters: CmaEsParameters, genome: VectorKind) -> Self:
        """Return the strategy of these parameters."""
        return cls(parameters, genome)

    @classmethod
    def takes(cls, genome: type[GenomeKind]) -> bool:
        """Whether genomes of the kind are rows of float32."""
        return genome.is_vector

    @classmethod
    def fitted_to_genome(cls, parameters: CmaEsParameters, genome: VectorKind) -> CmaEsParameters:
        """Return the parameters, with an omitted `variant` separable where there are too many weights."""
        if "variant" in parameters.model_fields_set or genome.number_of_weights <= MOST_FULL_WEIGHTS:
            return parameters
        return parameters.model_copy(update={"variant": Variant.SEPARABLE})

    def size_faults(self) -> list[Concern]:
        """Return that a covariance matrix of so many weights takes too long."""
        weights = self.genome.number_of_weights
        if self.parameters.variant != Variant.FULL or weights <= MOST_FULL_WEIGHTS:
            return []
        expected = (
            f'"separable" for a network of {weights} weights, as "full" takes at most {MOST_FULL_WEIGHTS:,}'
        )
        return [Concern(("variant",), expected, shown("full"))]

    def begin(self) -> State:
        """The state before generation 0."""
        return {"mean": None}

    def ask(self, state: State, *, seed: int, generation: int) -> Population:
        """Return a population drawn from the search distribution of the state; no agent has parents."""
        size = self.population_size
        with _one_thread():
            search = self._search(state)
            search.reseed_rng(rng.derive(seed, Purpose.MUTATION, generation) >> 32)
            samples = np.array([
                search.ask() for first, last in ranges(size, at_first=16) for _ in range(first, last)
            ])
        none = np.full(size, NO_PARENT, np.int32)
        return Population(
            genomes=np.clip(samples, -_LARGEST, _LARGEST).astype(np.float32),
            operators=np.full(size, Operator.SAMPLED, np.uint8), mothers=none, fathers=none,
            ages=np.zeros(size, np.uint16),
        )

    def tell(
        self, state: State, population: Population, fitness: Float64Array, *, generation: int
    ) -> tuple[State, Verdict]:
        """Adapt the distribution by the fitness, (N,), NaN for failed agents; if all failed, the run ends."""
        order = ranked(fitness)
        if not len(order):
            return state, Verdict(stop=StopReason.EXTINCTION)
        order = np.concatenate([order, np.flatnonzero(np.isnan(fitness))])
        genomes = population.genomes.astype(np.float64)
        with _one_thread():
            search = self._search(state)
            search.tell([(genomes[agent], float(place)) for place, agent in enumerate(order)])
        found: Mapping[str, Any] = search.__getstate__()
        return {name.lstrip("_"): _plain(found[name]) for name in self._changing}, Verdict()

    def _search(self, state: State) -> Any:
        """The package's object, restored from a state."""
        from cmaes import CMA, SepCMA

        made = (CMA if self.is_full else SepCMA)(
            mean=np.zeros(self.genome.number_of_weights), sigma=self.parameters.sigma,
            population_size=self.population_size
        )
        if state["mean"] is not None:
            stored = {name: _copied(state[name.lstrip("_")]) for name in self._changing}
            made.__setstate__({**made.__getstate__(), **stored})
        return made


def _one_thread() -> Any:
    """A context in which linear algebra runs on one thread, as the number of threads can change bits."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1, user_api="blas")


def _plain(value: Any) -> Any:
    """Convert NumPy scalars to Python numbers; arrays stay."""
    return (
        value if isinstance(value, np.ndarray) else value.item() if isinstance(value, np.generic) else value
    )


def _copied(value: Any) -> Any:
    """Copy arrays, as the package changes them in place."""
    return value.copy() if isinstance(value, np.ndarray) else value
