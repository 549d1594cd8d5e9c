"""The workload of a work item: the numbers from which its cost is estimated."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from processing.core.environments import ENVIRONMENTS
from processing.core.genomes import GENOMES
from processing.core.search.kinds import KINDS

#: Maximum number of genes that a growing network is assumed to gain; an assumption, not a measurement.
MOST_GAINED = 1_000
#: Measured bytes per input and agent of the sums and moments of observations, and of their pooling.
OBSERVED_BYTES = 72


@dataclass(frozen=True, slots=True)
class Workload:
    """The size of one replicate, if it runs to its last generation."""

    population: int  # agents in a generation
    generations: int
    episodes: int  # of each agent
    max_steps: int  # of an episode
    weights: int  # of an initial genome
    genome_bytes: int  # of a genome of the last generation
    observed_bytes: int = 0  # of each agent's observation moments, where observations are normalised
    # of the environment alone, slow and fast; None where it is compiled
    steps_per_second: tuple[float, float] | None = None

    @property
    def evaluations(self) -> int:
        """Number of agents evaluated."""
        return self.population * self.generations

    @property
    def environment_steps(self) -> int:
        """Number of environment steps if no episode ends early."""
        return self.evaluations * self.episodes * self.max_steps


def world_of(work_item: Any, facts: Mapping[str, Any] | None = None) -> Any:
    """Return the environment of a work item, without building its tables.

    Args:
        work_item: a work item of any kind with an environment.
        facts: values looked up of the environment, where it needs them.
    Raises:
        Refused: the environment's own parameters contradict each other.
    """
    looked_up = () if facts is None else (facts,)
    return ENVIRONMENTS[work_item.environment.type](work_item.environment, *looked_up)


def workload_of(work_item: Any, world: Any) -> Workload:
    """Return the workload of one replicate in the environment `world`."""
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
    """Estimate the genes that a genome gains up to the last generation, at most MOST_GAINED."""
    node, connection = (
        getattr(work_item.strategy, f"add_{what}_probability", 0.0) for what in ("node", "connection")
    )
    gained: int = min(
        round(work_item.stop.max_generations * (2 * node + (1 - node) * connection)), MOST_GAINED
    )
    return gained
