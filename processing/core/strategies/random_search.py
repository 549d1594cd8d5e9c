"""Random search: every agent is drawn anew. Other searches should be better at as many evaluations.

Source: Bergstra and Bengio 2012, "Random Search for Hyper-Parameter Optimization", section 2.
"""

from typing import Literal, Self

from processing.core.parameters import StrategyParameters, parameter
from processing.core.strategies import failures
from processing.core.strategies.offspring import random_population
from processing.core.strategies.strategy import Strategy
from processing.core.types import Float64Array, GenomeKind, Population, State, StopReason, Verdict


class RandomSearchParameters(StrategyParameters):
    """Random search."""

    type: Literal["random_search"] = parameter(meaning="Random search: every agent is drawn anew.")
    population_size: int = parameter(
        100, meaning="Agents in each generation.", unit="agents", ge=1, le=1_000_000_000
    )


class RandomSearch(Strategy[RandomSearchParameters, GenomeKind]):
    """The strategy `random_search`, for genomes of every kind. Its state are the counts of `failures.py`."""

    Parameters = RandomSearchParameters
    label = "random search"

    def __init__(self, parameters: RandomSearchParameters, genome: GenomeKind) -> None:
        self.parameters, self.genome = parameters, genome
        self.population_size = parameters.population_size

    @classmethod
    def of(cls, parameters: RandomSearchParameters, genome: GenomeKind) -> Self:
        """Return the strategy of these parameters."""
        return cls(parameters, genome)

    def begin(self) -> State:
        """The state before generation 0."""
        return failures.none()

    def revived(self, state: State) -> State:
        """The same without failures, as what caused them was repaired."""
        return failures.none()

    def ask(self, state: State, *, seed: int, generation: int) -> Population:
        """Draw all agents anew, each from (seed, generation, its index)."""
        return random_population(self.genome, self.population_size, seed=seed, generation=generation)

    def tell(
        self, state: State, population: Population, scores: Float64Array, *, generation: int
    ) -> tuple[State, Verdict]:
        """Count the agents that failed; the search dies out where too many did."""
        state = failures.counted(state, scores)
        stop = StopReason.EXTINCTION if failures.end(state, scores) else None
        return state, Verdict(stop=stop, has_died_out=failures.have_ended(state, scores))

    def advice(self, reason: StopReason) -> str:
        """Return what to change after a run that ended for this reason."""
        if reason == StopReason.EXTINCTION:
            return "Check the rewards, or raise `strategy.population_size`, so that some agents do not fail."
        return "Choose another `strategy.type`, which learns from the agents that it has evaluated."
