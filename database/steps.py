"""What workers and their supervisor read: steps that are ready, who holds them, and where a run can go on."""

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

#: Parts of a checkpoint that are read in one statement.
PARTS_AT_A_TIME = 16

#: A step and its run's priority.
Ready = tuple[int, int]


def ready_instances(*, waited_seconds: float = 0.0, only: Iterable[int] | None = None) -> list[Ready]:
    """Instances that can be claimed now and waited so long: higher priority first, then the one that waited longest."""
    since = Now() - timedelta(seconds=waited_seconds)
    ready = Instance.objects.filter(FREE, advanceable(), updated_at__lte=since)
    ready = ready if only is None else ready.filter(pk__in=list(only))
    return list(ready.order_by("-priority", "updated_at").values_list("pk", "priority"))


def ready_slices(
    *, waited_seconds: float = 0.0, only: Iterable[int] | None = None, most: int | None = None
) -> list[Ready]:
    """Slices that can be claimed now and whose generation was opened so long ago: higher priority first, then the older; of
    each run at most so many."""
    since = Now() - timedelta(seconds=waited_seconds)
    ready = Slice.objects.filter(
        FREE, results__isnull=True, opened_at__lte=since, instance__state__in=EVALUATED, epoch=F("instance__epoch")
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
    """Replays that can be claimed now and were asked for so long ago: higher priority first, then the older; at most so many."""
    since = Now() - timedelta(seconds=waited_seconds)
    ready = Replay.objects.filter(FREE, state=ReplayState.WAITING, requested_at__lte=since)
    return list(ready.order_by("-instance__priority", "requested_at", "pk").values_list("pk", "instance__priority")[:most])


def by_priority(instance_ids: Iterable[int]) -> list[Ready]:
    """These instances with their priorities, the highest first, else as given."""
    wanted = list(instance_ids)
    known = dict(Instance.objects.filter(pk__in=wanted).values_list("pk", "priority"))
    return sorted(((pk, known[pk]) for pk in wanted if pk in known), key=lambda pair: -pair[1])


def has_noticed(instance_id: int, what: str) -> bool:
    """Whether an event of the run has told of this; see `processing/remarks.py`."""
    return Event.objects.filter(instance=instance_id, type=EventType.NOTE, data__noticed=what).exists()


def instance_with_work_item(instance_id: int) -> Instance:
    """The instance, its work item loaded with it."""
    return Instance.objects.select_related("work_item").get(pk=instance_id)


def population_of(slice_id: int) -> bytes:
    """The packed agents of a slice. Raises Slice.DoesNotExist where its generation is complete or was given up."""
    return bytes(Slice.objects.values_list("population", flat=True).get(pk=slice_id))


def evaluated_slices(instance_id: int) -> list[Any]:
    """The slices of the generation under way in the order of their agents."""
    return list(Slice.objects.filter(instance=instance_id).order_by("first"))


def slices_opened_at(instance_id: int) -> datetime:
    """When the generation under way was handed out in slices, or taken up again."""
    found: datetime = Slice.objects.filter(instance=instance_id).aggregate(at=Min("opened_at"))["at"]
    return found


def newest_checkpoint(instance_id: int) -> bytes | None:
    """The stored checkpoint to go on from; None before the first generation."""
    parts = list(_state_parts(instance_id))
    return b"".join(parts) if parts or Checkpoint.objects.filter(instance=instance_id).exists() else None


def _state_parts(instance_id: int) -> Iterator[bytes]:
    """The parts of the newest checkpoint's state in their order, read a few at a time."""
    checkpoints, parts = (connection.ops.quote_name(model._meta.db_table) for model in (Checkpoint, CheckpointPart))
    statement = (  # at every claim, for which Django's way of asking takes too long
        f"SELECT data FROM {parts} WHERE checkpoint_id = (SELECT id FROM {checkpoints} WHERE instance_id = %s"
        " ORDER BY generation DESC LIMIT 1) AND kind = %s AND number >= %s AND number < %s ORDER BY number"
    )
    for first in count(step=PARTS_AT_A_TIME):
        with connection.cursor() as cursor:
            cursor.execute(statement, (instance_id, PartKind.STATE.value, first, first + PARTS_AT_A_TIME))
            few = cursor.fetchall()
        yield from (bytes(data) for data, in few)
        if len(few) < PARTS_AT_A_TIME:
            return


def workers_with_leases() -> list[str]:
    """Names, `node/pid`, of the workers that hold a step."""
    return _workers(lease_until__isnull=False)


def workers_with_expired_leases() -> list[str]:
    """Names, `node/pid`, of the workers that made no progress for the whole of a lease."""
    return _workers(lease_until__lt=Now())


def _workers(**held: Any) -> list[str]:
    runs = Instance.objects.filter(**held, state__in=ACTIVE).exclude(claimed_by="")
    slices = Slice.objects.filter(**held, results__isnull=True, instance__state__in=ACTIVE).exclude(claimed_by="")
    replays = Replay.objects.filter(**held, state=ReplayState.WAITING).exclude(claimed_by="")
    return sorted({worker for steps in (runs, slices, replays) for worker in steps.values_list("claimed_by", flat=True)})
