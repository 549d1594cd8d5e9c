"""Generations that must pass a rising fitness threshold.

Generation 0 is random. An agent that reaches the threshold is viable; children are bred from the viable alone; the next
threshold is their mean fitness and a tenth of it more. A generation with too few viable agents has failed and is tried
again with fresh children of the same parents, each try under its own number; too many failures in a row end the run.
"""

import sys
from enum import StrEnum
from typing import Literal

import numpy as np

from processing.core import rng
from processing.core.parameters import Number, parameter
from processing.core.ranking import drawn_by_weight, drawn_evenly, mean, ranked
from processing.core.strategies.offspring import children, random_population
from processing.core.strategies.variation import VariationParameters
from processing.core.types import BreedingKind, Float64Array, Population, Purpose, State, StopReason, Verdict


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
    population_size: int = parameter(1_000, meaning="Agents in each generation.", unit="agents", ge=2, le=1_000_000_000)
    initial_threshold: Number | None = parameter(
        None, meaning="Fitness, or novelty where that is looked for, that makes an agent of generation 0 viable; null takes that "
        "generation's mean.",
    )
    rise: float = parameter(
        0.1, meaning="The next threshold is the mean, of fitness or novelty, plus so much of its absolute value.", ge=0.0, le=10.0
    )
    rise_over: RiseOver = parameter(
        RiseOver.VIABLE, meaning="Whose mean it is: that of the viable agents, or of the whole generation."
    )
    required_agents: int = parameter(
        2, meaning="A generation with fewer viable agents has failed.", unit="agents", ge=1
    )
    maximum_failures: int = parameter(
        100, meaning="Failed generations in a row after which the run ends.", unit="generations", ge=1, le=60_000
    )
    parent_choice: ParentChoice = parameter(
        ParentChoice.UNIFORM, meaning="How parents are drawn from the viable: with weight 1/rank, or with equal chance."
    )


class RisingThreshold:
    """The strategy `rising_threshold`: whoever reaches the threshold may be a parent, and the threshold rises.

    Its state: `threshold` (None before generation 0 where it is to be measured), `failures` in a row, and the viable agents
    of the last generation that passed: `pool` (M genomes, best first), `indices` (M,) their places in it, `generation`.
    """

    Parameters = RisingThresholdParameters

    def __init__(self, parameters: RisingThresholdParameters, genome: BreedingKind) -> None:
        self.parameters, self.genome = parameters, genome
        self.population_size = parameters.population_size

    def begin(self) -> State:
        """The state before generation 0."""
        return {"threshold": self.parameters.initial_threshold, "failures": 0, "pool": None}

    def revived(self, state: State) -> State:
        """The state in which a search that had died out goes on: failures are counted anew."""
        return {**state, "failures": 0}

    def ask(self, state: State, *, seed: int, generation: int) -> Population:
        """The population of this generation: random until a generation has passed, then children of the viable."""
        if state["pool"] is None:
            return random_population(self.genome, self.population_size, seed=seed, generation=generation)
        key, size = rng.derive(seed, Purpose.PARENTS, generation), self.population_size
        number = len(state["indices"])
        if self.parameters.parent_choice == ParentChoice.RANK:
            chosen = drawn_by_weight(1.0 / np.arange(1, number + 1), key, 2 * size)
        else:
            chosen = drawn_evenly(number, key, 2 * size)
        return children(
            self.genome, state["pool"], state["indices"], chosen[:size], chosen[size:],
            self.parameters.variation(elites=0), seed=seed, generation=generation, pool_generation=state["generation"],
        )

    def tell(self, state: State, population: Population, fitness: Float64Array, *, generation: int) -> tuple[State, Verdict]:
        """The threshold rises where enough agents reached it; else the generation has failed, and is tried again."""
        order = ranked(fitness)
        threshold = state["threshold"]
        if threshold is None and len(order):
            threshold = min(mean(fitness[order]), float(fitness[order[0]]))  # a mean is rounded
        viable = order[fitness[order] >= threshold] if len(order) else order
        facts = {"required_agents": self.parameters.required_agents, "maximum_failures": self.parameters.maximum_failures}
        if len(viable) < self.parameters.required_agents:
            failures = state["failures"] + 1
            why = StopReason.THRESHOLD_MISSED if len(order) else StopReason.EXTINCTION
            stop = why if failures >= self.parameters.maximum_failures else None
            verdict = Verdict(stop, threshold, len(viable), facts | {"failures": failures})
            return {**state, "threshold": threshold, "failures": failures}, verdict
        measured = fitness[viable if self.parameters.rise_over == RiseOver.VIABLE else order]
        level = min(mean(measured), float(measured[0]))
        after = {
            "threshold": min(level + self.parameters.rise * abs(level), sys.float_info.max), "failures": 0,
            "pool": self.genome.take(population.genomes, viable), "indices": viable, "generation": generation,
        }
        return after, Verdict(None, threshold, len(viable), facts | {"failures": 0})
