"""Covariance matrix adaptation: a normal distribution that learns the shape of what succeeds.

The package `cmaes` computes it; here is only what makes its results repeatable. It is made anew in every call from what the
state holds, seeded by an address, (seed, MUTATION, generation), and its linear algebra runs on one thread. Of the fitness
only ranks are passed on: the failed come last, equals by index. As LAPACK decides bits, the same result holds within a
numeric profile. The search starts from weights of 0.

Source: Hansen 2016, "The CMA Evolution Strategy: A Tutorial"; Ros and Hansen 2008 (separable).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

import numpy as np

from processing.core import rng
from processing.core.parameters import Parameters, parameter
from processing.core.ranking import ranked
from processing.core.types import NO_PARENT, Float64Array, Operator, Population, Purpose, State, StopReason, Verdict

#: What a generation changes in the package's object, as it names it when it is copied; all else follows from the parameters.
_FULL = ("_mean", "_sigma", "_p_sigma", "_pc", "_g", "_c_1d")
_SEPARABLE = ("_mean", "_sigma", "_p_sigma", "_pc", "_g", "_C")
#: Far beyond any weight that still changes an action, and within what the package takes.
_LARGEST = 1e30


class Variant(StrEnum):
    """Which covariances are learned."""

    FULL = "full"
    SEPARABLE = "separable"


class CmaEsParameters(Parameters):
    """Covariance matrix adaptation."""

    type: Literal["cma_es"] = parameter(meaning="Covariance matrix adaptation (CMA-ES).")
    population_size: int = parameter(
        64, meaning="Agents in each generation; the source's own rule is 4 + 3 ln(weights).", unit="agents", ge=4,
        le=1_000_000, source="Hansen 2016, eq. 48",
    )
    sigma: float = parameter(
        1.0, meaning="Standard deviation of the weights of generation 0, around 0.", gt=0.0, le=1_000.0
    )
    variant: Variant = parameter(
        Variant.FULL,
        meaning="Learn how all weights vary together (up to 1,000 weights; time grows with their cube), or each by itself; "
        "left out, all together up to 1,000, each by itself beyond.",
        source="Ros and Hansen 2008",
    )


class CmaEs:
    """The strategy `cma_es`. Its state: the package's own, by name without the underscore; `mean` is None at the start."""

    Parameters = CmaEsParameters
    is_by_library = True  # its bits follow from the package and the linear algebra behind it

    def __init__(self, parameters: CmaEsParameters, genome: Any) -> None:
        self.parameters, self.genome = parameters, genome
        self.population_size = parameters.population_size
        self.is_full = parameters.variant == Variant.FULL or genome.number_of_weights < 2
        self._changing = _FULL if self.is_full else _SEPARABLE

    def begin(self) -> State:
        """The state before generation 0."""
        return {"mean": None}

    def revived(self, state: State) -> State:
        """The state in which a search that had died out goes on: new samples of its distribution."""
        return state

    def ask(self, state: State, *, seed: int, generation: int) -> Population:
        """Samples of the distribution."""
        size = self.population_size
        with _one_thread():
            search = self._search(state)
            search.reseed_rng(rng.derive(seed, Purpose.MUTATION, generation) >> 32)
            samples = np.array([search.ask() for _ in range(size)])
        nobody = np.full(size, NO_PARENT, np.int32)
        return Population(
            genomes=np.clip(samples, -_LARGEST, _LARGEST).astype(np.float32),
            operators=np.full(size, Operator.SAMPLED, np.uint8), mothers=nobody, fathers=nobody, ages=np.zeros(size, np.uint16),
        )

    def tell(self, state: State, population: Population, fitness: Float64Array, *, generation: int) -> tuple[State, Verdict]:
        """The distribution moves to what succeeded; the search dies out where no agent has a fitness."""
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
        """The package's object as it was when this state was stored."""
        from cmaes import CMA, SepCMA

        made = (CMA if self.is_full else SepCMA)(
            mean=np.zeros(self.genome.number_of_weights), sigma=self.parameters.sigma, population_size=self.population_size
        )
        if state["mean"] is not None:
            stored = {name: _copied(state[name.lstrip("_")]) for name in self._changing}
            made.__setstate__({**made.__getstate__(), **stored})
        return made


def _one_thread() -> Any:
    """Within it, linear algebra runs on one thread: their number can decide bits."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1, user_api="blas")


def _plain(value: Any) -> Any:
    """A number of Python, or an array."""
    return value if isinstance(value, np.ndarray) else value.item() if isinstance(value, np.generic) else value


def _copied(value: Any) -> Any:
    """Arrays are changed in place by the package."""
    return value.copy() if isinstance(value, np.ndarray) else value
