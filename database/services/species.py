"""Writes of a generation's species: snapshots, updated rows, and events for new and extinct ones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef

from database.copying import copy_rows, tuple_of
from database.models import EventType, Instance, Species, SpeciesSnapshot
from database.services.events import NewEvent, append

#: Maximum number of species that an event lists in its message, and in its data.
MOST_NAMED, MOST_LISTED = 8, 1_000
#: Maximum number of species that one statement updates; SQLite takes a hundred.
SPECIES_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class NewSnapshot:
    """A species in the generation to be written."""

    number: int  # from 0, over the whole run
    born_in: int  # generation
    size: int
    champion: int | None  # index of its best agent; None where all failed
    best_fitness: float | None
    mean_fitness: float | None
    adjusted_fitness: float | None
    generations_since_improvement: int
    offspring: int


_KEPT = [each.name for each in fields(NewSnapshot) if each.name not in ("born_in", "champion")]
_COLUMNS = ("instance_id", "generation", "champion_index", *_KEPT)
_CHANGING = (
    "extinct_in", "size", "best_fitness", "champion_generation", "champion_index",
    "generations_since_improvement",
)


def record_species(*, instance: Instance, generation: int, snapshots: Sequence[NewSnapshot]) -> None:
    """Write the species of a generation, and mark those that have no agents any more as extinct.

    Call it inside `fenced`. On PostgreSQL it takes a fixed number of statements, and one more for every
    SPECIES_AT_ONCE species; the statement that marks extinct species does not list their numbers.
    """
    alive = {row.number: row for row in Species.objects.filter(instance=instance, extinct_in=None)}
    known = (
        alive if instance.revived_generation is None else alive | _revived(instance, generation, snapshots)
    )
    gone = sorted(alive.keys() - {each.number for each in snapshots})
    if not (snapshots or gone):
        return
    _insert_snapshots(instance.pk, generation, snapshots)
    Species.objects.bulk_create(
        [_updated(instance, generation, each, known.get(each.number)) for each in snapshots],
        update_conflicts=True, unique_fields=("instance", "number"), update_fields=_CHANGING,
        batch_size=SPECIES_AT_ONCE,
    )
    if gone:
        now = SpeciesSnapshot.objects.filter(
            instance=instance, generation=generation, number=OuterRef("number")
        )
        Species.objects.filter(~Exists(now), instance=instance, extinct_in=None).update(extinct_in=generation)
    new = [each.number for each in snapshots if each.number not in known]
    changes = (
        (EventType.SPECIES_CREATED, new, "New species"), (EventType.SPECIES_EXTINCT, gone, "Extinct species")
    )
    append(instance, *(
        NewEvent(
            type, f"{words}: {_named(numbers)}.", generation=generation,
            data={"species": numbers[:MOST_LISTED], "count": len(numbers)},
        )
        for type, numbers, words in changes if numbers
    ))  # fmt: skip


def _revived(instance: Instance, generation: int, snapshots: Sequence[NewSnapshot]) -> dict[int, Species]:
    """Return the extinct species that exist again, after a run was resumed in which all agents had failed."""
    numbers = [each.number for each in snapshots if each.born_in < generation]
    rows = Species.objects.filter(instance=instance, number__in=numbers).exclude(extinct_in=None)
    return {row.number: row for row in rows}


def _updated(instance: Instance, generation: int, now: NewSnapshot, before: Species | None) -> Species:
    """Return the row of a species, updated with this generation's snapshot."""
    best, place = now.best_fitness, (generation, now.champion)
    if (
        before is not None and before.best_fitness is not None
        and (best is None or best <= before.best_fitness)
    ):
        best, place = before.best_fitness, (before.champion_generation or 0, before.champion_index)
    return Species(
        instance=instance, number=now.number, born_in=now.born_in, extinct_in=None, size=now.size,
        best_fitness=best, champion_generation=None if best is None else place[0],
        champion_index=None if best is None else place[1],
        generations_since_improvement=now.generations_since_improvement,
    )


def _insert_snapshots(instance_id: int, generation: int, snapshots: Sequence[NewSnapshot]) -> None:
    """Insert one row for each snapshot."""
    rows = (_row(instance_id, generation, each) for each in snapshots)
    table = SpeciesSnapshot._meta.db_table
    if connection.vendor == "postgresql":
        copy_rows(table, _COLUMNS, (tuple_of(SpeciesSnapshot, row) for row in rows))
        return
    names = ", ".join(map(connection.ops.quote_name, _COLUMNS))
    statement = (
        f"INSERT INTO {connection.ops.quote_name(table)} ({names}) VALUES "
        f"({', '.join(['%s'] * len(_COLUMNS))})"
    )
    with connection.cursor() as cursor:
        cursor.executemany(statement, _values(rows))  # type: ignore[arg-type]


def _row(instance_id: int, generation: int, snapshot: NewSnapshot) -> dict[str, Any]:
    own = (instance_id, generation, snapshot.champion, *(getattr(snapshot, name) for name in _KEPT))
    return dict(zip(_COLUMNS, own, strict=True))


def _values(rows: Iterator[Mapping[str, Any]]) -> Iterator[tuple[Any, ...]]:
    return (tuple(row.values()) for row in rows)


def _named(numbers: Sequence[int]) -> str:
    """Return the first of these numbers as text, and how many more there are."""
    more = len(numbers) - MOST_NAMED
    return ", ".join(map(str, numbers[:MOST_NAMED])) + (f" and {more} more" if more > 0 else "")
