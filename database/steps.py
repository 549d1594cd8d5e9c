"""Reads for workers and their supervisor: runs, slices, lease holders, checkpoints."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

from django.db import connection
from django.db.models import Min
from django.db.models.functions import Now

from database.models import (
    ACTIVE,
    Checkpoint,
    CheckpointPart,
    Event,
    EventType,
    Instance,
    InstanceState,
    PartKind,
    Replay,
    ReplayState,
    Slice,
)

#: Chunks of a checkpoint read in one statement.
CHUNKS_AT_A_TIME = 16


def has_noticed(instance_id: int, what: str) -> bool:
    """Whether an event of the run has recorded this remark; see `processing/remarks.py`."""
    return Event.objects.filter(instance=instance_id, type=EventType.NOTE, data__noticed=what).exists()


def instance_with_work_item(instance_id: int) -> Instance:
    """Return the instance with its work item loaded."""
    return Instance.objects.select_related("work_item").get(pk=instance_id)


def population_of(slice_id: int) -> bytes:
    """Return the packed agents of a slice.

    Raises:
        Slice.DoesNotExist: its generation is complete or was abandoned.
    """
    return bytes(Slice.objects.values_list("population", flat=True).get(pk=slice_id))


def evaluated_slices(instance_id: int) -> list[Any]:
    """Return the slices of the current generation in the order of their agents."""
    return list(Slice.objects.filter(instance=instance_id).order_by("first"))


def slices_opened_at(instance_id: int) -> datetime:
    """Return when the current generation was opened in slices, or reopened after a resume."""
    found: datetime = Slice.objects.filter(instance=instance_id).aggregate(at=Min("opened_at"))["at"]
    return found


def seconds_of_slices(instance_id: int) -> float:
    """Return the seconds in which at least one worker worked on finished slices of the current generation."""
    done = Slice.objects.filter(instance=instance_id, claimed_at__isnull=False, finished_at__isnull=False)
    seconds, until = 0.0, datetime.min.replace(tzinfo=UTC)
    spans: Any = done.order_by("claimed_at").values_list("claimed_at", "finished_at")
    for began_at, finished_at in spans:
        seconds += max(0.0, (finished_at - max(began_at, until)).total_seconds())
        until = max(until, finished_at)
    return seconds


def newest_checkpoint(instance_id: int) -> bytes | None:
    """Return the strategy's state of the newest checkpoint; None before the first generation."""
    chunks = list(_state_chunks(instance_id))
    return b"".join(chunks) if chunks or Checkpoint.objects.filter(instance=instance_id).exists() else None


def _state_chunks(instance_id: int) -> Iterator[bytes]:
    """Yield the chunks of the newest checkpoint's state in order, read a few at a time."""
    checkpoints, parts = (
        connection.ops.quote_name(model._meta.db_table) for model in (Checkpoint, CheckpointPart)
    )
    statement = (  # runs at every claim; building it with the ORM takes too long
        f"SELECT data FROM {parts} WHERE checkpoint_id = (SELECT id FROM {checkpoints} WHERE instance_id = %s"
        " ORDER BY generation DESC LIMIT 1) AND kind = %s AND number >= %s AND number < %s ORDER BY number"
    )
    for first in count(step=CHUNKS_AT_A_TIME):
        with connection.cursor() as cursor:
            cursor.execute(statement, (instance_id, PartKind.STATE.value, first, first + CHUNKS_AT_A_TIME))
            few = cursor.fetchall()
        yield from (bytes(data) for data, in few)
        if len(few) < CHUNKS_AT_A_TIME:
            return


def runs_to_pause() -> list[int]:
    """Return the runs that are to be paused."""
    pausing = Instance.objects.filter(state=InstanceState.PAUSING, claimed_by="")
    return list(pausing.values_list("pk", flat=True))


def workers_with_leases() -> list[str]:
    """Return the names, `node/pid`, of the workers that hold a step."""
    return _workers(lease_until__isnull=False)


def workers_with_expired_leases() -> list[str]:
    """Return the names, `node/pid`, of the workers whose lease has expired."""
    return _workers(lease_until__lt=Now())


def _workers(**held: Any) -> list[str]:
    runs = Instance.objects.filter(**held, state__in=ACTIVE).exclude(claimed_by="")
    slices = Slice.objects.filter(**held, results__isnull=True, instance__state__in=ACTIVE)
    slices = slices.exclude(claimed_by="")
    replays = Replay.objects.filter(**held, state=ReplayState.WAITING).exclude(claimed_by="")
    return sorted(
        {worker for steps in (runs, slices, replays) for worker in steps.values_list("claimed_by", flat=True)}
    )
