"""Writes of a completed generation: its row with all scalars, a checkpoint, and the agents stored as rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from database.copying import CHUNK_BYTES, copy_rows, tuple_of, tuples_of
from database.models import PART_BYTES, Agent, Checkpoint, CheckpointPart, Generation, Instance, PartKind
from database.services.species import NewSnapshot, record_species

#: Maximum number of older checkpoints that are kept of a run.
MOST_CHECKPOINTS = 16

_AGENT_COLUMNS = ("instance_id", "generation", "index", "fitness", "genome")
_PART_COLUMNS = ("checkpoint_id", "kind", "number", "data")


@dataclass(frozen=True, slots=True)
class NewGeneration:
    """A completed generation of N agents with everything that is written with it."""

    number: int
    statistics: Mapping[str, Any]  # fields of `Generation`
    scalars: bytes
    digest: str
    champion_index: int | None
    started_at: datetime
    seconds: float
    environment_steps: int
    state: bytes  # of the strategy
    genomes: bytes  # of all agents in order, of equal length
    fitness: NDArray[np.float64]  # (N,) NaN where the agent failed
    kept: NDArray[np.int32] | None  # (K,) indices of the agents that get rows; None for all
    best_fitness: float | None  # of the run up to this generation
    improved: bool  # whether this generation has the run's new champion: the best so far, or a confirmed one
    species: tuple[NewSnapshot, ...] | None = None  # ordered by number; None where there are no species
    normalization: bytes | None = None  # of observations, packed; None where there is none
    figures: Mapping[str, Any] | None = None  # what the strategy says of it, JSON values
    curves: bytes | None = None  # of its agents, packed; None where there are none

    @property
    def genome_bytes(self) -> int:
        """Length of each genome in bytes."""
        return len(self.genomes) // max(1, len(self.fitness))


def record_generation(*, instance: Instance, generation: NewGeneration, keep_every: int) -> None:
    """Write a generation with its agents, checkpoint and species; call it inside `fenced`.

    The caller saves the instance, whose counters are updated here.
    """
    number = generation.number
    insert_generation(instance, generation)
    _insert_checkpoint(instance, generation)
    _thin_checkpoints(instance, number, keep_every)
    _insert_agents(instance, generation)
    instance.next_generation = number + 1
    instance.evaluations += generation.statistics["size"]
    instance.failed_agents += generation.statistics["failed"]
    instance.environment_steps += generation.environment_steps
    instance.compute_seconds += generation.seconds
    instance.digest = generation.digest
    if generation.species is not None:
        record_species(instance=instance, generation=number, snapshots=generation.species)
    instance.attempts = instance.crashes = instance.troubles = 0
    if generation.improved:
        _record_champion(instance, generation)


def _record_champion(instance: Instance, generation: NewGeneration) -> None:
    """Make this generation's champion that of the run.

    An agent that was not confirmed may have a higher fitness.
    """
    if instance.best_fitness is None or instance.best_fitness != generation.best_fitness:
        instance.best_generation = generation.number
    instance.best_fitness = generation.best_fitness
    index = generation.champion_index
    instance.champion_generation, instance.champion_index = generation.number, index
    instance.champion_fitness = None if index is None else float(generation.fitness[index])


def insert_generation(instance: Instance, generation: NewGeneration) -> None:
    """Write the generation's row.

    On PostgreSQL this is done by COPY, as quoting the long scalars in SQL would take most of the time.
    """
    row = Generation(
        instance=instance, number=generation.number, scalars=generation.scalars, digest=generation.digest,
        champion_index=generation.champion_index, started_at=generation.started_at,
        seconds=generation.seconds, best_so_far=generation.best_fitness,
        normalization=generation.normalization, curves=generation.curves, figures=generation.figures,
        **generation.statistics,
        species_count=None if generation.species is None else len(generation.species),
    )
    if connection.vendor != "postgresql":
        row.save(force_insert=True)
        return
    given = (
        field for field in Generation._meta.concrete_fields
        if not (field.primary_key or field.has_db_default())
    )
    values = {field.attname: getattr(row, field.attname) for field in given}
    copy_rows(Generation._meta.db_table, list(values), [tuple_of(Generation, values)])


def _insert_checkpoint(instance: Instance, generation: NewGeneration) -> None:
    """Write the strategy's state, and the genomes unless all of them are stored in agents' rows."""
    checkpoint = Checkpoint.objects.create(
        instance=instance, generation=generation.number, genome_bytes=generation.genome_bytes
    )
    blobs = {PartKind.STATE: generation.state}
    if generation.kept is not None:
        blobs[PartKind.GENOMES] = generation.genomes
    chunks = (
        (checkpoint.pk, int(kind), number, chunk)
        for kind, blob in blobs.items() for number, chunk in enumerate(cut(blob))
    )
    table = CheckpointPart._meta.db_table
    if connection.vendor == "postgresql":
        copy_rows(table, _PART_COLUMNS, (
            tuple_of(CheckpointPart, dict(zip(_PART_COLUMNS, chunk, strict=True))) for chunk in chunks
        ))
    else:
        _insert(table, _PART_COLUMNS, chunks)


def cut(blob: bytes) -> Iterator[memoryview]:
    """Split a blob into the chunks of a checkpoint, without copying it."""
    view = memoryview(blob)
    return (view[first : first + PART_BYTES] for first in range(0, len(view), PART_BYTES))


def _thin_checkpoints(instance: Instance, newest: int, keep_every: int) -> None:
    """Keep the newest checkpoint and every `keep_every`-th; in long runs only every second or fourth of
    these, and so on.
    """
    rule, values = "instance_id = %s AND generation < %s", [instance.pk, newest]
    if keep_every:
        stride = keep_every
        while newest // stride > MOST_CHECKPOINTS:
            stride *= 2
        rule, values = f"{rule} AND MOD(generation, %s) <> 0", [*values, stride]
    checkpoints, chunks = (
        connection.ops.quote_name(model._meta.db_table) for model in (Checkpoint, CheckpointPart)
    )
    with connection.cursor() as cursor:  # runs at every commit; deleting with the ORM takes too long
        cursor.execute(
            f"DELETE FROM {chunks} WHERE checkpoint_id IN (SELECT id FROM {checkpoints} WHERE {rule})", values
        )
        cursor.execute(f"DELETE FROM {checkpoints} WHERE {rule}", values)


def _insert_agents(instance: Instance, generation: NewGeneration) -> None:
    """Write the agents that are stored as rows, in one statement."""
    if generation.kept is not None and not len(generation.kept):
        return
    if connection.vendor == "postgresql":
        copy_rows(Agent._meta.db_table, _AGENT_COLUMNS, _agent_tuples(instance.pk, generation))
    else:
        _insert(Agent._meta.db_table, _AGENT_COLUMNS, _agent_rows(instance.pk, generation))


def _agent_tuples(instance_id: int, generation: NewGeneration) -> Iterator[bytes]:
    """Yield the packed tuples of the agents, a batch at a time.

    In each batch, the failed agents come last, as their tuples are shorter.
    """
    genomes = np.frombuffer(generation.genomes, "u1").reshape(
        len(generation.fitness), generation.genome_bytes
    )
    indices = np.arange(len(genomes), dtype="i4") if generation.kept is None else generation.kept.astype("i4")
    rows = max(1, CHUNK_BYTES // (genomes.shape[1] + 64))
    owner, number = np.array(instance_id, "i8"), np.array(generation.number, "i4")
    for first in range(0, len(indices), rows):
        batch = indices[first : first + rows]
        failed = np.isnan(generation.fitness[batch])
        for group, has_fitness in ((batch[~failed], True), (batch[failed], False)):
            fitness = generation.fitness[group] if has_fitness else None
            yield tuples_of((owner, number, group, fitness, genomes[group]), len(group))


def _agent_rows(instance_id: int, generation: NewGeneration) -> Iterator[tuple[Any, ...]]:
    """Yield the values of each agent's row."""
    size, fitness = generation.genome_bytes, generation.fitness.tolist()
    genomes = memoryview(generation.genomes)
    for index in range(len(fitness)) if generation.kept is None else generation.kept.tolist():
        value = fitness[index]
        yield (
            instance_id, generation.number, index, None if value != value else value,
            genomes[index * size : (index + 1) * size],
        )


def _insert(table: str, columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> None:
    """Insert rows from an iterator, so that they need not be in memory together."""
    names = ", ".join(map(connection.ops.quote_name, columns))
    statement = (
        f"INSERT INTO {connection.ops.quote_name(table)} ({names}) VALUES "
        f"({', '.join(['%s'] * len(columns))})"
    )
    with connection.cursor() as cursor:
        cursor.executemany(statement, rows)  # type: ignore[arg-type]
