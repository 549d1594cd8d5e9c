"""Reports of workers: heartbeats, counts, and runs that are given to another numeric profile."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from database.models import ACTIVE, EVALUATED, Event, EventLevel, EventType, Instance, Slice, Worker
from database.services.clock import database_now
from database.services.events import NewEvent, append
from database.services.leases import FREE, charge_revoked

#: Rows of workers without a report for so long are deleted.
FORGOTTEN_AFTER = timedelta(days=1)
#: A worker is online if its last report is at most so old.
THERE = timedelta(seconds=30)

NO_DATASETS: Mapping[str, Any] = {}
NO_TRAINER = (
    "Nobody is there who can train and has the data set; the run waits, and goes on when such a worker comes."
)
ADOPTED = "No worker of its numeric profile was there; it goes on under another."


@dataclass(slots=True)
class Counts:
    """Counts of a worker since its last report; fields of `Worker`."""

    claims: int = 0
    commits: int = 0
    fenced: int = 0  # steps that another worker had taken over
    failed: int = 0  # steps that ended in an error
    lost: int = 0  # processes that died
    generations: int = 0
    evaluations: int = 0


def register_worker(
    *, name: str, host: str, profile: str, threads: int, queues: Sequence[str] = (),
    datasets: Mapping[str, Any] = NO_DATASETS
) -> None:
    """Write the row of a worker that has just started, and delete rows without a recent report.

    Args:
        queues: those that it takes messages from.
        datasets: those that it can train on, their facts by name.
    """
    now = database_now()
    Worker.objects.filter(seen_at__lt=Now() - FORGOTTEN_AFTER).delete()
    fields = {
        "host": host, "profile": profile, "threads": threads, "queues": list(queues),
        "datasets": dict(datasets), "started_at": now, "seen_at": now,
    }
    Worker.objects.update_or_create(name=name, defaults={**fields, **asdict(Counts())})


def see_worker(
    *, name: str, counts: Counts | None = None, datasets: Mapping[str, Any] | None = None
) -> bool:
    """Record a heartbeat of a worker and add its counts; False where it has no row.

    Args:
        datasets: those that it can train on now; None where they are as before.
    """
    done: dict[str, Any] = {
        field: F(field) + number for field, number in asdict(counts or Counts()).items() if number
    }
    if datasets is not None:
        done["datasets"] = dict(datasets)
    return bool(Worker.objects.filter(name=name).update(seen_at=Now(), **done))


def halves(profiles: Iterable[str]) -> set[str]:
    """Return the run profiles that workers of these profiles may claim: each, and its part before "+"."""
    return {half for profile in profiles for half in (profile, profile.partition("+")[0])}


def is_trained_by_somebody(instance: Instance) -> bool:
    """Whether an online worker can train who has the data set of a run, or the run trains nothing."""
    return not instance.trains_on or instance.trains_on in _trained_on()


def _trained_on() -> set[str]:
    """Return the SHA-256 of all data sets on which an online worker can train."""
    online = Worker.objects.filter(seen_at__gte=Now() - THERE).values_list("datasets", flat=True)
    return {str(facts["sha256"]) for datasets in online for facts in datasets.values()}


def warn_of_no_trainer(*, patience_seconds: float) -> None:
    """Write an event into each run that nobody can train, once for each generation that waits for so long."""
    since = Now() - timedelta(seconds=patience_seconds)
    waiting = Instance.objects.filter(
        ~Q(trains_on__in=["", *_trained_on()]), claimed_by="", state__in=EVALUATED, pending_slices__gt=0,
        updated_at__lt=since,
    )
    for number in waiting.values_list("pk", flat=True):
        with transaction.atomic():
            instance = waiting.select_for_update().filter(pk=number).first()
            if instance is None or _is_warned(instance):
                continue
            event = NewEvent(
                EventType.NOTE, NO_TRAINER, EventLevel.WARNING, instance.next_generation,
                data={"waits_for": "a worker that trains"},
            )
            append(instance, event)
            instance.save(update_fields=["event_sequence"])


def _is_warned(instance: Instance) -> bool:
    return Event.objects.filter(
        instance=instance, generation=instance.next_generation, data__waits_for="a worker that trains"
    ).exists()


def adopt(*, patience_seconds: float) -> list[int]:
    """Move runs whose numeric profile no worker has had for so long to an online worker's.

    A generation in slices is evaluated from the start, so that no generation mixes profiles. Without any
    online worker nothing changes, as the workers of a server that was switched off will return.
    Returns the numbers of the moved runs.
    """
    there = Worker.objects.filter(seen_at__gte=Now() - THERE).order_by("-seen_at").first()
    if there is None:
        return []
    since = Now() - timedelta(seconds=patience_seconds)
    known = Worker.objects.filter(seen_at__gte=since).values_list("profile", flat=True)
    orphans = Instance.objects.filter(FREE, state__in=ACTIVE, updated_at__lt=since).exclude(
        profile__in=["", *halves(known)]
    )
    return [
        number for number in orphans.values_list("pk", flat=True) if _adopted(orphans, number, there.profile)
    ]


def _adopted(orphans: Any, number: int, profile: str) -> bool:
    """Move one run to this profile; False where it is no longer without workers."""
    with transaction.atomic():
        instance = orphans.select_for_update().filter(pk=number).first()
        if instance is None:
            return False
        whole = "+" in instance.profile
        instance.profile, instance.updated_at = (
            profile if whole else profile.partition("+")[0], database_now()
        )
        if instance.pending_slices is not None:
            charge_revoked(instance, only_slices=True)
            instance.pending_slices = Slice.objects.filter(instance=instance).update(
                results=None, finished_at=None, token=F("token") + 1, lease_until=None, claimed_by="",
                attempts=0, crashes=0, troubles=0
            )
        instance.reproducible = False
        append(instance, NewEvent(EventType.NOTE, ADOPTED, EventLevel.WARNING, instance.next_generation))
        instance.save(
            update_fields=["profile", "pending_slices", "reproducible", "event_sequence", "updated_at"]
        )
    return True
