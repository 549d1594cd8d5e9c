"""A complete work item turned into the parts that run it: environment, genome kind, judge, strategy, stop rules."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from processing.core.environments import ENVIRONMENTS
from processing.core.genomes import GENOMES
from processing.core.judges import JUDGES
from processing.core.kinds import KINDS
from processing.core.parameters import Parameters
from processing.core.reference import Trajectory, life
from processing.core.stop import StopParameters
from processing.core.strategies import STRATEGIES

#: Longer episodes are not lived again for somebody who looks: it would take seconds.
MOST_REPLAYED_STEPS = 20_000

P = TypeVar("P", bound=Parameters)


@dataclass(frozen=True)
class Plan:
    """The parts of one search. Building it compiles nothing."""

    environment: Any
    genome: Any
    judge: Any
    strategy: Any
    stop: StopParameters

    @property
    def population_size(self) -> int:
        """Agents in each generation."""
        return int(self.strategy.population_size)

    def replay(self, genome: bytes, *, seed: int, generation: int, agent: int, episode: int = 0) -> Trajectory:
        """The agent's way through an episode, lived again from its packed genome and its address.

        Compiled code would be needed for long lives; see `MOST_REPLAYED_STEPS` for what the callers refuse.
        """
        weights = self.genome.unpack(genome)[0]
        return life(
            self.environment.parameters, self.genome.parameters, weights,
            seed=seed, generation=generation, agent=agent, episode=episode,
        )


def plan_of(spec: Mapping[str, Any]) -> Plan:
    """The plan of a complete document, as staging stores it."""
    kind = KINDS[spec["kind"]]
    environment_class = ENVIRONMENTS[spec["environment"]["type"]]
    environment = environment_class(_read(environment_class.Parameters, spec["environment"]))
    genome_class = GENOMES[kind.genome]
    genome = genome_class(
        _read(genome_class.Parameters, spec["network"]), inputs=environment.inputs, outputs=environment.outputs
    )
    strategies: Mapping[str, Any] = STRATEGIES
    strategy_class = strategies[spec["strategy"]["type"]]
    return Plan(
        environment=environment,
        genome=genome,
        judge=JUDGES[environment.judge](environment, genome),
        strategy=strategy_class(_read(strategy_class.Parameters, spec["strategy"]), genome),
        stop=_read(StopParameters, spec["stop"]),
    )


def _read(model: type[P], values: Any) -> P:
    """Parameters from JSON values."""
    return model.model_validate_json(json.dumps(values))
