"""What operators ask: which workers there are, what they hold, and how many steps wait, by the database's clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Min, Q
from django.db.models.functions import Now

from database.models import ACTIVE, Instance, InstanceState, Replay, ReplayState, Slice, Worker
from database.services import EVALUATED, FREE, advanceable, database_now, halves

#: A worker that was seen within so many seconds is there; it says so every five.
THERE_SECONDS = 30.0
#: Rows of workers, and of steps, that are told at most.
MOST_WORKERS, MOST_STEPS = 500, 100


@dataclass(frozen=True, slots=True)
class WorkerRecord:
    """A worker at this moment."""

    row: Worker
    is_online: bool
    silent_seconds: float  # since it was last seen
    activity: str | None  # the steps that it holds; None where it holds none


@dataclass(frozen=True, slots=True)
class HeldStep:
    """A step that a worker has."""

    name: str
    worker: str  # node/pid
    left_seconds: float  # of its lease; negative once that ran out
    attempts: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Steps that could be claimed now."""

    runs: int
    slices: int
    oldest_seconds: float | None  # how long the one that waits longest has waited


def workers(*, seen_seconds: float) -> list[WorkerRecord]:
    """Workers seen within so many seconds, by name."""
    now = database_now()
    rows = Worker.objects.filter(seen_at__gte=now - timedelta(seconds=seen_seconds)).order_by("-seen_at")[:MOST_WORKERS]
    activities: dict[str, list[str]] = {}
    for step in held_steps():
        activities.setdefault(step.worker.rpartition("/")[0], []).append(step.name)
    return [
        WorkerRecord(
            row=row, is_online=(silent := max((now - row.seen_at).total_seconds(), 0.0)) <= THERE_SECONDS, silent_seconds=silent,
            activity=", ".join(activities.get(row.name, ())) or None,
        )
        for row in sorted(rows, key=lambda row: row.name)
    ]


def held_steps() -> list[HeldStep]:
    """Steps that workers have, the oldest leases first; not all where they are very many."""
    now = database_now()
    held = Q(lease_until__isnull=False) & ~Q(claimed_by="")
    runs = Instance.objects.filter(held, state__in=ACTIVE)
    slices = Slice.objects.filter(held, results__isnull=True, instance__state__in=ACTIVE).defer("population", "results")
    replays = Replay.objects.filter(held, state=ReplayState.WAITING).defer("result", "film")
    return _oldest([
        *(_held(f"run {row.pk}", row, now) for row in runs.order_by("lease_until")[:MOST_STEPS]),
        *(_held(f"slice {row.pk} of run {row.instance_id}", row, now) for row in slices.order_by("lease_until")[:MOST_STEPS]),
        *(_held(f"replay {row.pk} of run {row.instance_id}", row, now) for row in replays.order_by("lease_until")[:MOST_STEPS]),
    ])


def steps_in_back_off() -> list[HeldStep]:
    """Steps that are left alone for a while, because they failed to be done."""
    now = database_now()
    pausing = Q(lease_until__gte=Now(), claimed_by="")
    runs = Instance.objects.filter(pausing, state__in=ACTIVE)
    slices = Slice.objects.filter(pausing, results__isnull=True, instance__state__in=ACTIVE).defer("population", "results")
    replays = Replay.objects.filter(pausing, state=ReplayState.WAITING).defer("result", "film")
    return _oldest([
        *(_held(f"run {row.pk}", row, now) for row in runs[:MOST_STEPS]),
        *(_held(f"slice {row.pk} of run {row.instance_id}", row, now) for row in slices[:MOST_STEPS]),
        *(_held(f"replay {row.pk} of run {row.instance_id}", row, now) for row in replays[:MOST_STEPS]),
    ])


def waiting() -> Waiting:
    """How many steps could be claimed now, and for how long they could."""
    now = database_now()
    runs = Instance.objects.filter(FREE, advanceable()).order_by().aggregate(number=Count("pk"), since=Min("updated_at"))
    free = Slice.objects.filter(
        FREE, results__isnull=True, instance__state__in=EVALUATED, epoch=F("instance__epoch")
    )
    slices = free.order_by().aggregate(number=Count("pk"), since=Min("opened_at"))
    since = min((each["since"] for each in (runs, slices) if each["since"]), default=None)
    return Waiting(runs["number"], slices["number"], None if since is None else max((now - since).total_seconds(), 0.0))


def runs_by_state() -> dict[str, int]:
    """How many runs are in each state."""
    counted = dict(Instance.objects.order_by().values_list("state").annotate(number=Count("pk")))
    return {state.value: counted.get(state.value, 0) for state in InstanceState}


def runs_without_workers() -> list[int]:
    """Active runs that began under a numeric profile which no worker that is there has; the first of them."""
    there = Worker.objects.filter(seen_at__gte=Now() - timedelta(seconds=THERE_SECONDS)).values_list("profile", flat=True)
    runs = Instance.objects.filter(state__in=ACTIVE).exclude(profile__in=["", *halves(there)])
    return list(runs.order_by("pk").values_list("pk", flat=True)[:MOST_STEPS])


def _held(name: str, row: Any, now: datetime) -> HeldStep:
    return HeldStep(name, row.claimed_by, (row.lease_until - now).total_seconds(), row.attempts)


def _oldest(steps: list[HeldStep]) -> list[HeldStep]:
    return sorted(steps, key=lambda step: step.left_seconds)[:MOST_STEPS]
