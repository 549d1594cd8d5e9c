"""How much work a work item asks for, in the few numbers that its cost follows from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from processing.core.environments import ENVIRONMENTS
from processing.core.genomes import GENOMES
from processing.core.kinds import KINDS


@dataclass(frozen=True, slots=True)
class Workload:
    """The size of one replicate, if it runs to its last generation."""

    population: int  # agents in a generation
    generations: int
    episodes: int  # of each agent
    max_steps: int  # of an episode
    weights: int  # of a genome
    steps_per_second: tuple[float, float] | None = None  # of the environment alone, slow and fast; None where it costs nothing

    @property
    def evaluations(self) -> int:
        """Agents evaluated."""
        return self.population * self.generations

    @property
    def environment_steps(self) -> int:
        """Steps taken if no episode ends early."""
        return self.evaluations * self.episodes * self.max_steps


def world_of(work_item: Any, facts: Mapping[str, Any] | None = None) -> Any:
    """The environment that the agents of a work item act in, of the class its table names; light, no table is built.

    `facts` is what was looked up of it, where that is needed.

    Raises:
        Refused: the environment's own parameters contradict each other.
    """
    looked_up = () if facts is None else (facts,)
    return ENVIRONMENTS[work_item.environment.type](work_item.environment, *looked_up)


def workload_of(work_item: Any, world: Any) -> Workload:
    """The workload of one replicate in the environment `world`."""
    genome_kind = GENOMES[KINDS[work_item.kind].genome]
    genome = genome_kind(work_item.network, inputs=world.inputs, outputs=world.outputs)
    return Workload(
        population=work_item.strategy.population_size,
        generations=work_item.stop.max_generations, episodes=world.episodes, max_steps=world.max_steps,
        weights=genome.number_of_weights,
        steps_per_second=getattr(world, "steps_per_second", None),
    )
