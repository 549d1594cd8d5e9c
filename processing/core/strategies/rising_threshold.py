"""Generations that must pass a rising fitness threshold."""

from enum import StrEnum
from typing import Literal

from processing.core.parameters import Parameters, parameter
from processing.core.strategies.variation import VariationParameters


class ParentChoice(StrEnum):
    """How parents are drawn from the viable agents."""

    RANK = "rank"
    UNIFORM = "uniform"


class RiseOver(StrEnum):
    """Whose mean fitness the next threshold is measured from."""

    VIABLE = "viable"
    GENERATION = "generation"


class RisingThresholdParameters(VariationParameters):
    """Generations that must pass a rising fitness threshold."""

    type: Literal["rising_threshold"] = parameter(meaning="Generations that must pass a rising fitness threshold.")
    population_size: int = parameter(300, meaning="Agents in each generation.", unit="agents", ge=2, le=1_000_000_000)
    initial_threshold: float | None = parameter(
        None, meaning="Fitness that makes an agent of generation 0 viable; null takes that generation's mean."
    )
    rise: float = parameter(
        0.1, meaning="The next threshold is the mean fitness plus so much of its absolute value.", ge=0.0, le=10.0
    )
    rise_over: RiseOver = parameter(
        RiseOver.VIABLE, meaning="Whose mean it is: that of the viable agents, or of the whole generation."
    )
    required_agents: int = parameter(
        10, meaning="A generation with fewer viable agents has failed.", unit="agents", ge=1
    )
    maximum_failures: int = parameter(
        3, meaning="Failed generations in a row after which the run ends.", unit="generations", ge=1, le=1_000_000
    )
    parent_choice: ParentChoice = parameter(
        ParentChoice.RANK, meaning="How parents are drawn from the viable: with weight 1/rank, or with equal chance."
    )


class RisingThreshold:
    """The strategy `rising_threshold`."""

    Parameters = RisingThresholdParameters
