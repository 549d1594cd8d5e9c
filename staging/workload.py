"""How much work a work item asks for, in the few numbers that its cost follows from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from processing.core.environments import ENVIRONMENTS
from processing.core.genomes import GENOMES
from processing.core.search.kinds import KINDS

#: Genes that growing networks are expected to gain, at most: nobody knows.
MOST_GAINED = 1_000
#: For each input and agent: the sums of what was seen, their moments, and what these are pooled from; measured.
OBSERVED_BYTES = 72


@dataclass(frozen=True, slots=True)
class Workload:
    """The size of one replicate, if it runs to its last generation."""

    population: int  # agents in a generation
    generations: int
    episodes: int  # of each agent
    max_steps: int  # of an episode
    weights: int  # of a genome, as it begins
    genome_bytes: int  # of a genome of those of the last generation
    observed_bytes: int = 0  # of what each agent saw, where observations are normalised
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
    is_normalised = getattr(work_item.environment, "normalize_observations", False)
    return Workload(
        population=work_item.strategy.population_size,
        generations=work_item.stop.max_generations, episodes=world.episodes, max_steps=world.max_steps,
        weights=genome.number_of_weights,
        genome_bytes=genome.bytes_per_weight * (genome.number_of_weights + _gained(work_item)),
        observed_bytes=OBSERVED_BYTES * world.inputs if is_normalised else 0,
        steps_per_second=getattr(world, "steps_per_second", None),
    )


def _gained(work_item: Any) -> int:
    """Genes that a genome gains up to the last generation: as if none of its line were lost, but no more than a thousand."""
    node, connection = (getattr(work_item.strategy, f"add_{what}_probability", 0.0) for what in ("node", "connection"))
    gained: int = min(round(work_item.stop.max_generations * (2 * node + (1 - node) * connection)), MOST_GAINED)
    return gained
