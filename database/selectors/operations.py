"""Figures for operators: workers, the steps they hold, and waiting steps, by the database's clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Min, Q
from django.db.models.functions import Now

from database.models import ACTIVE, EVALUATED, Instance, InstanceState, Replay, ReplayState, Slice, Worker
from database.services import FREE, advanceable, database_now, halves

#: A worker is online if its last report is at most so many seconds old; workers report every five seconds.
THERE_SECONDS = 30.0
#: Work is accepted for workers that train if they were seen within so long.
TRAINERS_SECONDS = 60.0
#: Maximum number of workers, and of steps, that are returned.
MOST_WORKERS, MOST_STEPS = 500, 100


@dataclass(frozen=True, slots=True)
class WorkerRecord:
    """A worker, whether it is online, and the steps that it holds."""

    row: Worker
    is_online: bool
    silent_seconds: float  # since its last report
    activity: str | None  # names of the steps that it holds; None where it holds none


@dataclass(frozen=True, slots=True)
class HeldStep:
    """A step with a lease: held by a worker, or in back-off."""

    name: str
    worker: str  # node/pid; empty in back-off
    left_seconds: float  # until the lease expires; negative after that
    attempts: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Counts of the steps that could be claimed now."""

    runs: int
    slices: int
    oldest_seconds: float | None  # the longest waiting time; None where none waits


def workers(*, seen_seconds: float) -> list[WorkerRecord]:
    """Return the workers whose last report is at most `seen_seconds` old, ordered by name."""
    now = database_now()
    seen = Worker.objects.filter(seen_at__gte=now - timedelta(seconds=seen_seconds))
    rows = seen.order_by("-seen_at")[:MOST_WORKERS]
    activities: dict[str, list[str]] = {}
    for step in held_steps():
        activities.setdefault(step.worker.rpartition("/")[0], []).append(step.name)
    return [
        WorkerRecord(
            row=row, is_online=(silent := max((now - row.seen_at).total_seconds(), 0.0)) <= THERE_SECONDS,
            silent_seconds=silent, activity=", ".join(activities.get(row.name, ())) or None,
        )
        for row in sorted(rows, key=lambda row: row.name)
    ]


def held_steps() -> list[HeldStep]:
    """Return the steps that workers hold, the earliest expiry first; at most MOST_STEPS."""
    now = database_now()
    held = Q(lease_until__isnull=False) & ~Q(claimed_by="")
    runs = Instance.objects.filter(held, state__in=ACTIVE)
    slices = Slice.objects.filter(held, results__isnull=True, instance__state__in=ACTIVE)
    slices = slices.defer("population", "results")
    replays = Replay.objects.filter(held, state=ReplayState.WAITING).defer("result", "film")
    return _oldest([
        *(_held(f"run {row.pk}", row, now) for row in runs.order_by("lease_until")[:MOST_STEPS]),
        *(
            _held(f"slice {row.pk} of run {row.instance_id}", row, now)
            for row in slices.order_by("lease_until")[:MOST_STEPS]
        ),
        *(
            _held(f"replay {row.pk} of run {row.instance_id}", row, now)
            for row in replays.order_by("lease_until")[:MOST_STEPS]
        ),
    ])


def steps_in_back_off() -> list[HeldStep]:
    """Return the steps that cannot be claimed yet after a failed try; at most MOST_STEPS."""
    now = database_now()
    pausing = Q(lease_until__gte=Now(), claimed_by="")
    runs = Instance.objects.filter(pausing, state__in=ACTIVE)
    slices = Slice.objects.filter(pausing, results__isnull=True, instance__state__in=ACTIVE)
    slices = slices.defer("population", "results")
    replays = Replay.objects.filter(pausing, state=ReplayState.WAITING).defer("result", "film")
    return _oldest([
        *(_held(f"run {row.pk}", row, now) for row in runs[:MOST_STEPS]),
        *(_held(f"slice {row.pk} of run {row.instance_id}", row, now) for row in slices[:MOST_STEPS]),
        *(_held(f"replay {row.pk} of run {row.instance_id}", row, now) for row in replays[:MOST_STEPS]),
    ])


def waiting() -> Waiting:
    """Count the runs and slices that could be claimed now, and how long the oldest has waited."""
    now = database_now()
    free_runs = Instance.objects.filter(FREE, advanceable())
    runs = free_runs.order_by().aggregate(number=Count("pk"), since=Min("updated_at"))
    free_slices = Slice.objects.filter(
        FREE, results__isnull=True, instance__state__in=EVALUATED, epoch=F("instance__epoch")
    )
    slices = free_slices.order_by().aggregate(number=Count("pk"), since=Min("opened_at"))
    since = min((each["since"] for each in (runs, slices) if each["since"]), default=None)
    return Waiting(
        runs["number"], slices["number"], None if since is None else max((now - since).total_seconds(), 0.0)
    )


def datasets_of_workers() -> list[dict[str, Any]]:
    """Return the data sets of each worker that can train and was seen lately: their facts by name."""
    lately = Worker.objects.filter(seen_at__gte=Now() - timedelta(seconds=TRAINERS_SECONDS))
    return [datasets for datasets in lately.values_list("datasets", flat=True) if datasets]


def runs_by_state() -> dict[str, int]:
    """Count the runs in each state."""
    counted = dict(Instance.objects.order_by().values_list("state").annotate(number=Count("pk")))
    return {state.value: counted.get(state.value, 0) for state in InstanceState}


def runs_without_workers() -> list[int]:
    """Return the first MOST_STEPS active runs whose numeric profile no online worker has."""
    online = Worker.objects.filter(seen_at__gte=Now() - timedelta(seconds=THERE_SECONDS))
    profiles = halves(online.values_list("profile", flat=True))
    runs = Instance.objects.filter(state__in=ACTIVE).exclude(profile__in=["", *profiles])
    return list(runs.order_by("pk").values_list("pk", flat=True)[:MOST_STEPS])


def _held(name: str, row: Any, now: datetime) -> HeldStep:
    return HeldStep(name, row.claimed_by, (row.lease_until - now).total_seconds(), row.attempts)


def _oldest(steps: list[HeldStep]) -> list[HeldStep]:
    return sorted(steps, key=lambda step: step.left_seconds)[:MOST_STEPS]
