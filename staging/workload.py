"""The workload of a search: the numbers from which its cost is estimated."""

from dataclasses import dataclass

from processing.core.judges.judge import Cost
from processing.core.search.plan import Plan


@dataclass(frozen=True, slots=True)
class Workload:
    """The size of one replicate, if it runs to its last generation."""

    population: int  # agents in a generation
    generations: int
    weights: int  # of an initial genome
    genome_bytes: int  # of a genome of the last generation
    agent: Cost  # of evaluating one agent

    @property
    def evaluations(self) -> int:
        """Number of agents evaluated."""
        return self.population * self.generations

    @property
    def steps(self) -> int:
        """Number of steps, of what the judge counts as such, if no evaluation ends early."""
        return self.evaluations * self.agent.steps


def workload_of(plan: Plan) -> Workload:
    """Return the workload of one replicate."""
    genome, generations = plan.genome, plan.stop.max_generations
    return Workload(
        population=plan.population_size, generations=generations, weights=genome.number_of_weights,
        genome_bytes=genome.bytes_per_weight
        * (genome.number_of_weights + plan.strategy.gained(generations)),
        agent=plan.judge.cost(),
    )
