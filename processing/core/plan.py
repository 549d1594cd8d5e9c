"""A complete work item turned into the parts that run it: environment, genome kind, judge, strategy, stop rules."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from processing.core.environments import ENVIRONMENTS
from processing.core.environments.foreign.environment import Foreign
from processing.core.environments.grid_world import GridWorld
from processing.core.environments.table import Table
from processing.core.errors import Refused
from processing.core.genomes import GENOMES
from processing.core.genomes.dense import Dense
from processing.core.judges import JUDGES
from processing.core.judges.novelty import Novelty, NoveltyParameters
from processing.core.judges.table import Tables
from processing.core.kinds import KINDS
from processing.core.parameters import Parameters
from processing.core.reference import life
from processing.core.replay import lived
from processing.core.stop import StopParameters
from processing.core.strategies import STRATEGIES
from processing.core.types import Trajectory

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

        A maze has a reference that is easier to read. Compiled code would be needed for long lives; see
        `MOST_REPLAYED_STEPS` for what the callers refuse.
        """
        if isinstance(self.environment, Foreign):
            name = self.environment.parameters.id
            raise Refused(f"Episodes in {name} are not lived again here: it runs only in processes of the workers.")
        genomes = self.genome.unpack(genome)
        if isinstance(self.environment, GridWorld) and isinstance(self.genome, Dense):
            return life(
                self.environment.parameters, self.genome.parameters, genomes[0],
                seed=seed, generation=generation, agent=agent, episode=episode,
            )
        if isinstance(self.environment, Table):
            return Tables(self.environment, self.genome).lived(genomes)
        return lived(
            self.environment, self.genome, genomes, agent,
            seed=seed, generation=generation, episode=episode, sampled=self.judge.is_sampled,
        )


def plan_of(spec: Mapping[str, Any], facts: Mapping[str, Any] | None = None) -> Plan:
    """The plan of a complete document, as staging stores it, and what staging found out of its environment, if it had to."""
    kind = KINDS[spec["kind"]]
    environment_class = ENVIRONMENTS[spec["environment"]["type"]]
    looked_up = () if facts is None else (facts,)
    environment = environment_class(_read(environment_class.Parameters, spec["environment"]), *looked_up)
    genome_class = GENOMES[kind.genome]
    genome = genome_class(
        _read(genome_class.Parameters, spec["network"]), inputs=environment.inputs, outputs=environment.outputs
    )
    strategies: Mapping[str, Any] = STRATEGIES
    strategy_class = strategies[spec["strategy"]["type"]]
    return Plan(
        environment=environment,
        genome=genome,
        judge=_judge(spec, environment, genome),
        strategy=strategy_class(_read(strategy_class.Parameters, spec["strategy"]), genome),
        stop=_read(StopParameters, spec["stop"]),
    )


def _judge(spec: Mapping[str, Any], environment: Any, genome: Any) -> Any:
    """The judge that the environment names; one that looks for novelty where the document asks for that."""
    novelty = spec.get("novelty")
    if novelty is None:
        return JUDGES[environment.judge](environment, genome)
    return Novelty(environment, genome, _read(NoveltyParameters, novelty))


def _read(model: type[P], values: Any) -> P:
    """Parameters from JSON values."""
    return model.model_validate_json(json.dumps(values))
