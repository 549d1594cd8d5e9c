"""Reads for workers and their supervisor: ready steps, lease holders, checkpoints."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.db import connection
from django.db.models import F, Min
from django.db.models.functions import Now

from database.models import (
    ACTIVE,
    Checkpoint,
    CheckpointPart,
    Event,
    EventType,
    Instance,
    PartKind,
    Replay,
    ReplayState,
    Slice,
)
from database.services import EVALUATED, FREE, advanceable

#: Chunks of a checkpoint read in one statement.
CHUNKS_AT_A_TIME = 16

#: The key of a step's row, and its run's priority.
Ready = tuple[int, int]


def ready_instances(*, waited_seconds: float = 0.0, only: Iterable[int] | None = None) -> list[Ready]:
    """Return the instances that can be claimed and have waited for `waited_seconds`.

    They are ordered by priority, then by the longest wait.
    """
    since = Now() - timedelta(seconds=waited_seconds)
    ready = Instance.objects.filter(FREE, advanceable(), updated_at__lte=since)
    ready = ready if only is None else ready.filter(pk__in=list(only))
    return list(ready.order_by("-priority", "updated_at").values_list("pk", "priority"))


def ready_slices(
    *, waited_seconds: float = 0.0, only: Iterable[int] | None = None, most: int | None = None
) -> list[Ready]:
    """Return the slices that can be claimed and were opened `waited_seconds` ago.

    They are ordered by priority, then by age.

    Args:
        only: runs to look at; None for all.
        most: maximum number of slices of each run; None for all.
    """
    since = Now() - timedelta(seconds=waited_seconds)
    ready = Slice.objects.filter(
        FREE, results__isnull=True, opened_at__lte=since, instance__state__in=EVALUATED,
        epoch=F("instance__epoch")
    )
    ready = ready if only is None else ready.filter(instance__in=list(only))
    rows = ready.order_by("-instance__priority", "pk").values_list("pk", "instance__priority", "instance_id")
    found, counts = [], Counter[int]()
    for number, priority, run in rows:
        counts[run] += 1
        if most is None or counts[run] <= most:
            found.append((number, priority))
    return found


def ready_replays(*, waited_seconds: float = 0.0, most: int) -> list[Ready]:
    """Return at most `most` replays that can be claimed and were requested `waited_seconds` ago.

    They are ordered by priority, then the oldest request.
    """
    since = Now() - timedelta(seconds=waited_seconds)
    ready = Replay.objects.filter(FREE, state=ReplayState.WAITING, requested_at__lte=since)
    ordered = ready.order_by("-instance__priority", "requested_at", "pk")
    return list(ordered.values_list("pk", "instance__priority")[:most])


def by_priority(instance_ids: Iterable[int]) -> list[Ready]:
    """Return these instances with their priorities, the highest first, otherwise in the order given."""
    wanted = list(instance_ids)
    known = dict(Instance.objects.filter(pk__in=wanted).values_list("pk", "priority"))
    return sorted(((pk, known[pk]) for pk in wanted if pk in known), key=lambda pair: -pair[1])


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
