"""Deletion of old data, first genomes and then whole runs, in transactions short enough not to block others.

Statistics, packed scalars, species and events are kept until the whole run is deleted, so every agent stays
reachable. Every transaction locks its run and checks again that it ended so long ago, as it may have been
resumed or extended.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.db.models.functions import Coalesce, Length, Now

from database.models import (
    ENDED,
    Agent,
    Checkpoint,
    CheckpointPart,
    Event,
    Generation,
    Instance,
    InstanceState,
    Replay,
    ReplayState,
    Species,
    SpeciesSnapshot,
    Worker,
    WorkItem,
)
from database.services.leases import release_replays
from database.services.shares import leave
from database.services.workers import FORGOTTEN_AFTER

#: Maximum number of rows that one transaction deletes: agents, and chunks (a megabyte each) of checkpoints.
AGENTS_AT_A_TIME, CHUNKS_AT_A_TIME = 5_000, 32
#: The same for replays, each of which may have several megabytes.
REPLAYS_AT_A_TIME = 4
#: States from which a run cannot be resumed; from SUCCEEDED it may be extended.
FINAL = (InstanceState.SUCCEEDED, InstanceState.CANCELLED)
#: Tables with many rows, by their labels: the model, the path to the run, and the columns of bytes.
_KINDS: dict[str, tuple[type[models.Model], str, tuple[str, ...]]] = {
    "genomes of agents": (Agent, "instance", ("genome",)),
    "checkpoints": (CheckpointPart, "checkpoint__instance", ("data",)),
    "replays": (Replay, "instance", ("film",)),
    "generations": (Generation, "instance", ("scalars", "curves")), "species": (Species, "instance", ()),
    "species in their generations": (SpeciesSnapshot, "instance", ()), "events": (Event, "instance", ()),
}


@dataclass(frozen=True, slots=True)
class Pruned:
    """Rows of one kind that are, or would be, deleted, and the bytes in them."""

    kind: str
    rows: int
    bytes: int


def prune(
    *, older_than_days: float, keep_champions: bool = True, runs: bool = False, dry_run: bool = False
) -> list[Pruned]:
    """Delete spare data of runs that ended more than `older_than_days` ago; return counts by kind.

    Args:
        older_than_days: minimum age of the end of a run, in days.
        keep_champions: whether each generation's champion keeps its genome.
        runs: whether to delete whole runs that cannot be resumed, with work items that are left without runs.
        dry_run: whether to count only.
    """
    old = Q(state__in=FINAL if runs else ENDED, ended_at__lt=Now() - timedelta(days=older_than_days))
    numbers = list(Instance.objects.filter(old).order_by("pk").values_list("pk", flat=True))
    workers = Worker.objects.filter(seen_at__lt=Now() - FORGOTTEN_AFTER)
    counted = (_runs if runs else _spare)(numbers, keep_champions)
    found = [*counted, Pruned("workers", workers.count(), 0)]
    if not dry_run:
        for number in numbers:
            if runs:
                delete_old_run(number, old)
            else:
                _delete_spare(number, keep_champions, old)
        workers.delete()
    return found


def give_back() -> None:
    """Vacuum PostgreSQL's tables, so that the space of deleted rows can be reused.

    Call it outside of a transaction. SQLite reuses space without it.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for model, *_ in _KINDS.values():
            cursor.execute(f"VACUUM {connection.ops.quote_name(model._meta.db_table)}")


def clear(instance_id: int) -> None:
    """Delete genomes, checkpoints, replays and species' histories of a run that `is_being_deleted`."""
    marked = Q(is_being_deleted=True)
    _delete_in_batches(instance_id, Agent.objects.filter(instance=instance_id), AGENTS_AT_A_TIME, marked)
    chunks = CheckpointPart.objects.filter(checkpoint__instance=instance_id)
    _delete_in_batches(instance_id, chunks, CHUNKS_AT_A_TIME, marked)
    _delete_replays(instance_id, marked)
    _delete_in_batches(
        instance_id, SpeciesSnapshot.objects.filter(instance=instance_id), AGENTS_AT_A_TIME, marked
    )


def delete_old_run(number: int, old: Q) -> None:
    """Delete a run that cannot be resumed, and its work item where that has no other run.

    Args:
        old: the condition under which it is deleted; it is checked again while the run is marked.
    """
    if not Instance.objects.filter(old, pk=number).update(is_being_deleted=True):
        return
    clear(number)
    with transaction.atomic():
        instance = Instance.objects.select_for_update().filter(pk=number, is_being_deleted=True).first()
        if instance is not None:
            work_item = instance.work_item_id
            instance.delete()
            runs = Instance.objects.filter(work_item=OuterRef("pk"))
            WorkItem.objects.filter(~Exists(runs), pk=work_item).delete()


def _spare(numbers: list[int], keep_champions: bool) -> Iterator[Pruned]:
    """Count what `_delete_spare` deletes of these runs."""
    agents, checkpoints, chunks, replays = [], [], [], []
    for number in numbers:
        agents.append(_measured(_spare_agents(number, keep_champions), ("genome",)))
        chunks.append(
            _measured(CheckpointPart.objects.filter(checkpoint__in=_older_checkpoints(number)), ("data",))
        )
        checkpoints.append(_older_checkpoints(number).count())
        replays.append(_measured(Replay.objects.filter(instance=number), ("film",)))
    yield Pruned("genomes of agents", *_total(agents))
    yield Pruned("checkpoints", sum(checkpoints), _total(chunks)[1])
    yield Pruned("replays", *_total(replays))


def _runs(numbers: list[int], _keep_champions: bool) -> Iterator[Pruned]:
    """Count these runs and all rows that belong to them."""
    yield Pruned("runs", len(numbers), 0)
    for kind, (model, path, fields) in _KINDS.items():
        rows = (model._default_manager.filter(**{path: number}) for number in numbers)
        yield Pruned(kind, *_total([_measured(each, fields) for each in rows]))


def _delete_spare(number: int, keep_champions: bool, old: Q) -> None:
    _delete_in_batches(number, _spare_agents(number, keep_champions), AGENTS_AT_A_TIME, old)
    _delete_in_batches(
        number, CheckpointPart.objects.filter(checkpoint__in=_older_checkpoints(number)), CHUNKS_AT_A_TIME,
        old
    )
    _delete_in_batches(number, _older_checkpoints(number), AGENTS_AT_A_TIME, old)
    _delete_replays(number, old)


def _spare_agents(number: int, keep_champions: bool) -> Any:
    """Select the agents that can be deleted.

    Champions are kept where asked for, and so is the generation of the newest checkpoint, which may have no
    other copy of its genomes.
    """
    newest = Checkpoint.objects.filter(instance=number).order_by("-generation").values("generation")[:1]
    agents = Agent.objects.filter(instance=number).exclude(
        generation__in=list(newest.values_list("generation", flat=True))
    )
    if not keep_champions:
        return agents
    generation = Generation.objects.filter(
        instance=number, number=OuterRef("generation"), champion_index=OuterRef("index")
    )
    return agents.exclude(Exists(generation))


def _older_checkpoints(number: int) -> Any:
    """Select all checkpoints of a run but the newest."""
    later = Checkpoint.objects.filter(instance=number, generation__gt=OuterRef("generation"))
    return Checkpoint.objects.filter(Exists(later), instance=number)


def _delete_replays(number: int, condition: Q) -> None:
    """Delete the replays of a run, while it meets the condition; those that wait leave the line."""
    replays = Replay.objects.filter(instance=number)
    waiting = replays.filter(state=ReplayState.WAITING).order_by()
    shares = set(waiting.values_list("share", flat=True))
    release_replays(waiting, None)
    _delete_in_batches(number, replays, REPLAYS_AT_A_TIME, condition)
    for share in sorted(shares):
        with transaction.atomic():
            leave(share)


def _delete_in_batches(number: int, rows: Any, most: int, condition: Q) -> None:
    """Delete rows of a run, at most `most` in a transaction, while the run meets the condition."""
    while True:
        with transaction.atomic():
            if not Instance.objects.select_for_update().filter(condition, pk=number).exists():
                return
            keys = list(rows.order_by("pk").values_list("pk", flat=True)[:most])
            rows.model.objects.filter(pk__in=keys).delete()
        if len(keys) < most:
            return


def _measured(rows: Any, fields: tuple[str, ...]) -> tuple[int, int]:
    """Return the number of rows, and the bytes in these columns."""
    lengths = {f"length_{place}": Coalesce(Sum(Length(field)), 0) for place, field in enumerate(fields)}
    found = rows.aggregate(number=Count("pk"), **lengths)
    return found["number"], sum(found[name] for name in lengths)


def _total(measured: list[tuple[int, int]]) -> tuple[int, int]:
    return sum(rows for rows, _ in measured), sum(length for _, length in measured)
