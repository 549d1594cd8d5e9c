"""A generational genetic algorithm."""

from enum import StrEnum
from typing import Literal

from processing.core.parameters import Parameters, parameter
from processing.core.strategies.variation import VariationParameters


class Selection(StrEnum):
    """How parents are chosen."""

    RANK = "rank"
    TOURNAMENT = "tournament"
    TRUNCATION = "truncation"
    ROULETTE = "roulette"


class GeneticParameters(VariationParameters):
    """A generational genetic algorithm."""

    type: Literal["genetic"] = parameter(meaning="A generational genetic algorithm.")
    population_size: int = parameter(300, meaning="Agents in each generation.", unit="agents", ge=2, le=1_000_000_000)
    selection: Selection = parameter(
        Selection.TRUNCATION, meaning="How parents are chosen: by rank (1/rank), tournament, truncation or roulette."
    )
    parents: int = parameter(
        20, meaning="Truncation: the best so many agents are parents, each with equal chance.", unit="agents", ge=1
    )
    tournament_size: int = parameter(
        3, meaning="Tournament: agents drawn with replacement, of which the best is a parent.", unit="agents", ge=1, le=1_000
    )
    elites: int = parameter(1, meaning="Best agents copied unchanged into the next generation.", unit="agents", ge=0)


class Genetic:
    """The strategy `genetic`."""

    Parameters = GeneticParameters
