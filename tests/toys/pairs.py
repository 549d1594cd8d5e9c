"""The toy strategy: mothers of the last generation, fathers of the one before, both by tournament."""

from typing import Literal, Self

import numpy as np

from processing.core import rng
from processing.core.concern import Asked, Concern
from processing.core.parameters import StrategyParameters, parameter
from processing.core.ranking import drawn_evenly, ranked
from processing.core.strategies.offspring import random_population
from processing.core.strategies.strategy import Strategy
from processing.core.types import (
    NO_PARENT,
    Float64Array,
    GenomeKind,
    Int32Array,
    Operator,
    Population,
    Purpose,
    State,
    StopReason,
    Verdict,
)


class PairsParameters(StrategyParameters):
    """Parents of two generations."""

    type: Literal["pairs"] = parameter(meaning="Mothers of the last generation, fathers of the one before.")
    population_size: int = parameter(
        20, meaning="Agents in each generation.", unit="agents", ge=2, le=10_000
    )
    tournament_size: int = parameter(
        2, meaning="Agents drawn, of which the best is a parent.", unit="agents", ge=1, le=1_000
    )


class Pairs(Strategy[PairsParameters, GenomeKind]):
    """The strategy `pairs`.

    Its state: `pool` (M genomes of the last generation, best first) and `indices` (M,), their indices in it;
    `older` and `older_indices`, the same of the generation before; `generation`, the number of the last one.
    """

    Parameters = PairsParameters
    label = "pairs of two ages"
    breeds = True

    def __init__(self, parameters: PairsParameters, genome: GenomeKind) -> None:
        self.parameters, self.genome, self.population_size = parameters, genome, parameters.population_size

    @classmethod
    def of(cls, parameters: PairsParameters, genome: GenomeKind) -> Self:
        return cls(parameters, genome)

    def begin(self) -> State:
        return {"pool": None, "indices": None, "older": None, "older_indices": None, "generation": -1}

    def ask(self, state: State, *, seed: int, generation: int) -> Population:
        size = self.population_size
        if state["pool"] is None:
            return random_population(self.genome, size, seed=seed, generation=generation)
        key = rng.derive(seed, Purpose.PARENTS, generation)
        mothers = self._chosen(len(state["indices"]), key, size)
        older, older_indices = state["older"], state["older_indices"]
        fathers = np.full(size, NO_PARENT, np.int32)
        pool = [state["pool"]]
        if older is not None:
            fathers = self._chosen(len(older_indices), rng.derive(seed, Purpose.PARENTS, generation, 1), size)
            pool.append(older)
        genomes, operators = self.genome.breed(
            self.genome.join(pool), mothers,
            np.where(fathers == NO_PARENT, NO_PARENT, fathers + len(state["indices"])).astype(np.int32),
            self.parameters, elites=0, seed=seed, generation=generation,
        )
        two = (operators == Operator.CROSSOVER) | (operators == Operator.CROSSOVER_MUTATION)
        age = generation - state["generation"]
        return Population(
            genomes, operators, state["indices"][mothers],
            np.where(two, NO_PARENT if older is None else older_indices[fathers], NO_PARENT).astype(np.int32),
            np.full(size, age, np.uint16), np.where(two, age + 1, 0).astype(np.uint16),
        )

    def tell(
        self, state: State, population: Population, scores: Float64Array, *, generation: int
    ) -> tuple[State, Verdict]:
        order = ranked(scores)
        if not len(order):
            return state, Verdict(stop=StopReason.EXTINCTION)
        ones = float(population.genomes.mean(dtype=np.float64))
        after = {
            "pool": self.genome.take(population.genomes, order), "indices": order, "older": state["pool"],
            "older_indices": state["indices"], "generation": generation,
        }
        is_old = state["generation"] == generation - 1
        if not is_old:
            after |= {"older": None, "older_indices": None}
        return after, Verdict(figures={"share_of_ones": ones, "able_agents": len(order)})

    @classmethod
    def faults(cls, parameters: PairsParameters, asked: Asked) -> list[Concern]:
        """Return a fault where a tournament has more agents than a generation."""
        if parameters.tournament_size <= parameters.population_size:
            return []
        expected = f"at most population_size, {parameters.population_size}"
        return [Concern(("tournament_size",), expected, str(parameters.tournament_size))]

    def _chosen(self, size: int, key: int, count: int) -> Int32Array:
        """Draw indices in a pool whose agents are ordered from the best to the worst."""
        rivals = drawn_evenly(size, key, count * self.parameters.tournament_size)
        winners: Int32Array = rivals.reshape(count, -1).min(axis=1).astype(np.int32)
        return winners
