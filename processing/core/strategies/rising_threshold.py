"""Generations that must pass a rising fitness threshold.

Generation 0 is random. An agent that reaches the threshold is viable, and only viable agents are parents. The
next threshold is the mean fitness of the viable agents plus a tenth of its absolute value. A generation with
too few viable agents has failed: the next one has new children of the same parents, under its own number. Too
many consecutive failures end the run.
"""

import sys
from enum import StrEnum
from typing import Literal, Self

import numpy as np

from processing.core import rng
from processing.core.concern import Asked, CheckedParameters, Concern, beyond_best
from processing.core.parameters import Number, StrategyParameters, parameter
from processing.core.problem import Problem
from processing.core.ranking import drawn_by_weight, drawn_evenly, mean, ranked
from processing.core.strategies.counts import count_faults
from processing.core.strategies.offspring import children, random_population
from processing.core.strategies.strategy import Strategy
from processing.core.types import Float64Array, GenomeKind, Population, Purpose, State, StopReason, Verdict


class ParentChoice(StrEnum):
    """How parents are drawn from the viable agents."""

    RANK = "rank"
    UNIFORM = "uniform"


class RiseOver(StrEnum):
    """Whose mean fitness the next threshold is measured from."""

    VIABLE = "viable"
    GENERATION = "generation"


class RisingThresholdParameters(StrategyParameters, CheckedParameters):
    """Generations that must pass a rising fitness threshold."""

    type: Literal["rising_threshold"] = parameter(
        meaning="Generations that must pass a rising fitness threshold."
    )
    population_size: int = parameter(
        1_000, meaning="Agents in each generation.", unit="agents", ge=2, le=1_000_000_000
    )
    initial_threshold: Number | None = parameter(
        None, meaning="Fitness, or novelty where that is looked for, that makes an agent of generation 0 "
        "viable; null takes that generation's mean.",
    )
    rise: float = parameter(
        0.1, meaning="The next threshold is the mean, of fitness or novelty, plus so much of its absolute "
        "value.", ge=0.0, le=10.0
    )
    rise_over: RiseOver = parameter(
        RiseOver.VIABLE, meaning="Whose mean it is: that of the viable agents, or of the whole generation."
    )
    required_agents: int = parameter(
        2, meaning="A generation with fewer viable agents has failed.", unit="agents", ge=1
    )
    maximum_failures: int = parameter(
        100, meaning="Failed generations in a row after which the run ends.", unit="generations", ge=1,
        le=60_000
    )
    parent_choice: ParentChoice = parameter(
        ParentChoice.UNIFORM,
        meaning="How parents are drawn from the viable: with weight 1/rank, or with equal chance."
    )


_THRESHOLD_ADVICE = (
    "Lower `strategy.rise` or `strategy.required_agents`, raise `strategy.maximum_failures`, or enlarge the "
    'population; or set `strategy.rise_over` to "generation", which rises more slowly.'
)


class RisingThreshold(Strategy[RisingThresholdParameters, GenomeKind]):
    """The strategy `rising_threshold`: agents that reach the threshold are parents, and the threshold rises.

    Its state: `threshold` (None before generation 0 where it is that generation's mean), `failures`, the
    number of consecutive failures, and the viable agents of the last generation that passed: `pool` (M
    genomes, best first), `indices` (M,), their indices in it, and `generation`, its number.
    """

    Parameters = RisingThresholdParameters
    label = "rising threshold"
    breeds = has_threshold = True

    def __init__(self, parameters: RisingThresholdParameters, genome: GenomeKind) -> None:
        """Args:
            parameters: with those of the genome kind's variation.
        """
        self.parameters, self.genome = parameters, genome
        self.population_size = parameters.population_size

    @classmethod
    def of(cls, parameters: RisingThresholdParameters, genome: GenomeKind) -> Self:
        """Return the strategy of these parameters."""
        return cls(parameters, genome)

    @classmethod
    def faults(cls, parameters: RisingThresholdParameters, asked: Asked) -> list[Concern]:
        """Return that more agents are required than there are."""
        return count_faults(parameters, "required_agents")

    def warnings(self, asked: Asked, problem: Problem, *, best_score: float | None) -> list[Concern]:
        """Warn of a threshold that no score reaches; and return the warnings of the parameters."""
        aim = beyond_best("initial_threshold", self.parameters.initial_threshold, best_score)
        return [*aim, *self.parameters.warnings()]

    def advice(self, reason: StopReason) -> str:
        """Return what to change after a run that ended for this reason."""
        return _THRESHOLD_ADVICE if reason == StopReason.THRESHOLD_MISSED else super().advice(reason)

    def begin(self) -> State:
        """The state before generation 0."""
        return {"threshold": self.parameters.initial_threshold, "failures": 0, "pool": None}

    def revived(self, state: State) -> State:
        """The state from which a search that died out continues: failures are counted from 0 again."""
        return {**state, "failures": 0}

    def ask(self, state: State, *, seed: int, generation: int) -> Population:
        """The population: random agents until a generation has passed, then children of viable agents."""
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
            self.parameters, elites=0, seed=seed, generation=generation,
            pool_generation=state["generation"],
        )

    def tell(
        self, state: State, population: Population, fitness: Float64Array, *, generation: int
    ) -> tuple[State, Verdict]:
        """Raise the threshold if enough agents reached it; otherwise count a failure and keep the parents."""
        order = ranked(fitness)
        threshold = state["threshold"]
        if threshold is None and len(order):
            # rounding can put a mean above the best
            threshold = min(mean(fitness[order]), float(fitness[order[0]]))
        viable = order[fitness[order] >= threshold] if len(order) else order
        facts = {
            "required_agents": self.parameters.required_agents,
            "maximum_failures": self.parameters.maximum_failures
        }
        if len(viable) < self.parameters.required_agents:
            failures = state["failures"] + 1
            reason = StopReason.THRESHOLD_MISSED if len(order) else StopReason.EXTINCTION
            stop = reason if failures >= self.parameters.maximum_failures else None
            verdict = Verdict(stop, threshold, len(viable), facts | {"failures": failures})
            return {**state, "threshold": threshold, "failures": failures}, verdict
        measured = fitness[viable if self.parameters.rise_over == RiseOver.VIABLE else order]
        level = min(mean(measured), float(measured[0]))
        after = {
            "threshold": min(level + self.parameters.rise * abs(level), sys.float_info.max), "failures": 0,
            "pool": self.genome.take(population.genomes, viable), "indices": viable, "generation": generation,
        }
        return after, Verdict(None, threshold, len(viable), facts | {"failures": 0})
