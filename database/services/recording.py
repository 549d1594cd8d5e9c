"""What is written of a completed generation: its row with all scalars, a checkpoint, and the agents kept as rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F

from database.models import Agent, Checkpoint, Generation, Instance

#: Older checkpoints that are kept of a run at most, however long it is.
MOST_CHECKPOINTS = 16


@dataclass(frozen=True, slots=True)
class NewGeneration:
    """A closed generation with everything that is written with it."""

    number: int
    statistics: Mapping[str, Any]  # fields of `Generation`
    scalars: bytes
    digest: str
    champion_index: int | None
    started_at: datetime
    seconds: float
    environment_steps: int
    state: bytes  # of the strategy
    genomes: bytes  # of all agents
    agents: Sequence[tuple[int, float | None, bytes]]  # (index, fitness, genome) of those kept as rows
    best_fitness: float | None  # of the run, up to here
    improved: bool  # whether this generation holds the run's champion


def record_generation(*, instance: Instance, generation: NewGeneration, keep_every: int) -> None:
    """Write a generation with its agents, checkpoint and events; to be called inside `fenced`."""
    number = generation.number
    Generation.objects.create(
        instance=instance, number=number, scalars=generation.scalars, digest=generation.digest,
        champion_index=generation.champion_index, started_at=generation.started_at, seconds=generation.seconds,
        best_so_far=generation.best_fitness, completed_at=instance.updated_at, **generation.statistics,
    )
    Checkpoint.objects.create(
        instance=instance, generation=number, state=generation.state, genomes=generation.genomes
    )
    _thin_checkpoints(instance, number, keep_every)
    _insert_agents(instance, generation)
    instance.next_generation = number + 1
    instance.evaluations += generation.statistics["size"]
    instance.failed_agents += generation.statistics["failed"]
    instance.environment_steps += generation.environment_steps
    instance.compute_seconds += generation.seconds
    instance.digest = generation.digest
    instance.attempts = instance.crashes = 0
    if generation.improved:
        instance.best_fitness = generation.best_fitness
        instance.champion_generation, instance.champion_index = number, generation.champion_index


def _thin_checkpoints(instance: Instance, newest: int, keep_every: int) -> None:
    """Keep the newest checkpoint and every `keep_every`-th; of a long run every second of these, or fourth, and so on."""
    older = Checkpoint.objects.filter(instance=instance, generation__lt=newest)
    if keep_every:
        stride = keep_every
        while newest // stride > MOST_CHECKPOINTS:
            stride *= 2
        older = older.annotate(beside=F("generation") % stride).exclude(beside=0)
    older.delete()


def _insert_agents(instance: Instance, generation: NewGeneration) -> None:
    """Write the agents that are kept as rows, in one statement for many."""
    rows = [
        (instance.pk, generation.number, index, fitness, genome) for index, fitness, genome in generation.agents
    ]
    table = connection.ops.quote_name(Agent._meta.db_table)
    columns = ", ".join(map(connection.ops.quote_name, ("instance_id", "generation", "index", "fitness", "genome")))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES (%s, %s, %s, %s, %s)", rows)
