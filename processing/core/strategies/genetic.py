"""A generational genetic algorithm: select, cross, mutate, replace.

Source: Goldberg 1989, "Genetic Algorithms in Search, Optimization and Machine Learning", chapter 1; linear
weights 1/rank and the shift of roulette weights (fitness minus the worst fitness) are ours.
"""

from enum import StrEnum
from typing import Literal, Self

import numpy as np

from processing.core import rng
from processing.core.concern import Asked, CheckedParameters, Concern, UsedWhen, unused
from processing.core.parameters import StrategyParameters, parameter
from processing.core.problem import Problem
from processing.core.ranking import drawn_by_weight, drawn_evenly, in_unit, ranked
from processing.core.strategies.counts import count_faults, fitted_count
from processing.core.strategies.offspring import children, random_population
from processing.core.strategies.strategy import Strategy
from processing.core.types import (
    Float64Array,
    GenomeKind,
    Int32Array,
    Population,
    Purpose,
    State,
    StopReason,
    Verdict,
)


class Selection(StrEnum):
    """How parents are chosen."""

    RANK = "rank"
    TOURNAMENT = "tournament"
    TRUNCATION = "truncation"
    ROULETTE = "roulette"


class GeneticParameters(StrategyParameters, CheckedParameters):
    """A generational genetic algorithm."""

    type: Literal["genetic"] = parameter(meaning="A generational genetic algorithm.")
    population_size: int = parameter(
        300, meaning="Agents in each generation.", unit="agents", ge=2, le=1_000_000_000
    )
    selection: Selection = parameter(
        Selection.TRUNCATION,
        meaning="How parents are chosen: by rank (1/rank), tournament, truncation or roulette."
    )
    parents: int = parameter(
        20, meaning="Truncation: the best so many agents are parents, each with equal chance; left out, half "
        "of a population of fewer than 20.", unit="agents", ge=1,
    )
    tournament_size: int = parameter(
        7, meaning="Tournament: agents drawn with replacement, of which the best is a parent.", unit="agents",
        ge=1, le=1_000
    )
    elites: int = parameter(
        1, meaning="Best agents copied unchanged into the next generation.", unit="agents", ge=0
    )

    def warnings(self) -> list[Concern]:
        """Warn of values without effect, and of generations that never change."""
        return [*unused(self, _USED_WHEN), *self._elite_warnings(), *super().warnings()]

    def _elite_warnings(self) -> list[Concern]:
        if self.elites != self.population_size:
            return []
        expected = "fewer than population_size, as a generation of elites only never changes"
        return [Concern(("elites",), expected, str(self.elites))]


_USED_WHEN: UsedWhen = {
    "parents": (lambda it: it.selection == Selection.TRUNCATION, 'selection "truncation"'),
    "tournament_size": (lambda it: it.selection == Selection.TOURNAMENT, 'selection "tournament"'),
}


class Genetic(Strategy[GeneticParameters, GenomeKind]):
    """The strategy `genetic`: select, cross, mutate, replace the whole generation but its elites.

    Its state is the pool that parents are chosen from: `pool` (M genomes, best first), `indices` (M,), their
    indices in generation `generation`, and `fitness` (M,).
    """

    Parameters = GeneticParameters
    label = "genetic algorithm"
    breeds = True

    def __init__(self, parameters: GeneticParameters, genome: GenomeKind) -> None:
        """Args:
            parameters: with those of the genome kind's variation.
        """
        self.parameters, self.genome = parameters, genome
        self.population_size = parameters.population_size

    @classmethod
    def of(cls, parameters: GeneticParameters, genome: GenomeKind) -> Self:
        """Return the strategy of these parameters."""
        return cls(parameters, genome)

    @classmethod
    def fitted(cls, parameters: GeneticParameters) -> GeneticParameters:
        """Return the parameters with half of a small population as omitted `parents`."""
        return parameters.model_copy(update=fitted_count(parameters, "parents", _USED_WHEN))

    @classmethod
    def faults(cls, parameters: GeneticParameters, asked: Asked) -> list[Concern]:
        """Return the counts of agents that exceed the population."""
        return count_faults(parameters, "parents", "elites", used_when=_USED_WHEN)

    def warnings(self, asked: Asked, problem: Problem, *, best_score: float | None) -> list[Concern]:
        """Return the warnings of its parameters, and those of the variation."""
        return self.parameters.warnings()

    def begin(self) -> State:
        """The state before generation 0."""
        return {"pool": None}

    def ask(self, state: State, *, seed: int, generation: int) -> Population:
        """The population of this generation."""
        if state["pool"] is None:
            return random_population(self.genome, self.population_size, seed=seed, generation=generation)
        key = rng.derive(seed, Purpose.PARENTS, generation)
        size, elites = self.population_size, min(self.parameters.elites, len(state["indices"]))
        chosen = self._chosen(state["fitness"], key, 2 * size)
        mothers, fathers = chosen[:size].copy(), chosen[size:]
        mothers[:elites] = np.arange(elites)
        return children(
            self.genome, state["pool"], state["indices"], mothers, fathers,
            self.parameters, elites=elites, seed=seed, generation=generation,
            pool_generation=state["generation"],
        )

    def tell(
        self, state: State, population: Population, fitness: Float64Array, *, generation: int
    ) -> tuple[State, Verdict]:
        """Keep the parents by fitness, (N,), NaN for failed agents; if all failed, the search dies out."""
        order = ranked(fitness)
        if not len(order):
            return state, Verdict(stop=StopReason.EXTINCTION)
        if self.parameters.selection == Selection.TRUNCATION:
            order = order[: max(self.parameters.parents, self.parameters.elites)]
        pool = self.genome.take(population.genomes, order)
        state = {"pool": pool, "indices": order, "fitness": fitness[order], "generation": generation}
        return state, Verdict()

    def _chosen(self, fitness: Float64Array, key: int, count: int) -> Int32Array:
        """Draw parents, (count,) indices in the pool, whose agents are ranked by their fitness, (M,)."""
        size = len(fitness)
        match Selection(self.parameters.selection):
            case Selection.TRUNCATION:
                return drawn_evenly(min(size, self.parameters.parents), key, count)
            case Selection.RANK:
                return drawn_by_weight(1.0 / np.arange(1, size + 1), key, count)
            case Selection.ROULETTE:
                values = in_unit(fitness)[0]
                above = values - values[-1]
                return drawn_by_weight(above if above[0] > 0 else np.ones(size), key, count)
            case Selection.TOURNAMENT:
                rivals = drawn_evenly(size, key, count * self.parameters.tournament_size)
                winners: Int32Array = rivals.reshape(count, -1).min(axis=1)
                return winners
