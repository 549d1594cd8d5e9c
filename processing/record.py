"""What is written of a closed generation."""

from datetime import datetime

import numpy as np

from database import packing
from database.services import NewGeneration
from processing.core import checkpoint as checkpoints
from processing.core.generation import Closed
from processing.run import Run


def record_of(run: Run, closed: Closed, *, seconds: float, started_at: datetime) -> NewGeneration:
    """The generation with the scalars of all agents, its checkpoint, and the genomes that the record policy asks for."""
    population, evaluations = closed.population, closed.evaluations
    size = len(closed.genomes) // len(population)
    kept = range(len(population)) if run.staged.record == "all" else [closed.champion]
    fitness = evaluations.fitness.tolist()
    scalars = packing.Scalars(
        fitness=evaluations.fitness, steps=evaluations.steps, species=np.full(len(population), -1, np.int32),
        mothers=population.mothers, fathers=population.fathers, ages=population.ages,
        operators=population.operators, failures=evaluations.failures,
    )
    return NewGeneration(
        number=closed.number, statistics=closed.statistics, scalars=packing.pack(scalars),
        digest=closed.checkpoint.digest, champion_index=closed.champion, started_at=started_at, seconds=seconds,
        environment_steps=int(evaluations.steps.sum(dtype=np.int64)),
        state=checkpoints.pack(closed.checkpoint, run.plan.genome), genomes=closed.genomes,
        agents=[
            (index, None if fitness[index] != fitness[index] else fitness[index],
             closed.genomes[index * size : (index + 1) * size])
            for index in kept if index is not None
        ],
        best_fitness=closed.checkpoint.best_fitness, improved=closed.is_improved,
    )
