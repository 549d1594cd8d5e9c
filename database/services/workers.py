"""What workers say of themselves: that they are there, and what they have done."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from database.models import ACTIVE, EventLevel, EventType, Instance, Slice, Worker
from database.services.clock import database_now
from database.services.events import NewEvent, append
from database.services.leases import FREE

#: Rows of workers that were not seen for so long are deleted.
FORGOTTEN_AFTER = timedelta(days=1)
#: A worker that was seen so lately is there.
THERE = timedelta(seconds=30)

ADOPTED = "No worker of its numeric profile was there; it goes on under another."


@dataclass(slots=True)
class Counts:
    """What a worker has done since it last said so; fields of `Worker`."""

    claims: int = 0
    commits: int = 0
    fenced: int = 0  # steps that somebody else had taken over
    failed: int = 0  # steps that ended in an error
    lost: int = 0  # processes that died
    generations: int = 0
    evaluations: int = 0


def register_worker(*, name: str, host: str, profile: str, threads: int) -> None:
    """The worker is known, has just started and has done nothing yet; those long gone are forgotten."""
    now = database_now()
    Worker.objects.filter(seen_at__lt=Now() - FORGOTTEN_AFTER).delete()
    fields = {"host": host, "profile": profile, "threads": threads, "started_at": now, "seen_at": now}
    Worker.objects.update_or_create(name=name, defaults={**fields, **asdict(Counts())})


def see_worker(*, name: str, counts: Counts | None = None) -> bool:
    """The worker lives, and has done this much more; False where it is not known."""
    done = {field: F(field) + number for field, number in asdict(counts or Counts()).items() if number}
    return bool(Worker.objects.filter(name=name).update(seen_at=Now(), **done))


def halves(profiles: Iterable[str]) -> set[str]:
    """The profiles of all runs that workers of these numeric profiles may work on: whole ones, and their halves before "+"."""
    return {half for profile in profiles for half in (profile, profile.partition("+")[0])}


def adopt(*, patience_seconds: float) -> list[int]:
    """Runs whose numeric profile no worker has had for so long are given to one that is there; their numbers.

    Of a generation in slices all are evaluated anew, so that no generation mixes profiles. Where no worker is there at all,
    nothing happens: those of a server that was switched off come back.
    """
    there = Worker.objects.filter(seen_at__gte=Now() - THERE).order_by("-seen_at").first()
    if there is None:
        return []
    since = Now() - timedelta(seconds=patience_seconds)
    known = Worker.objects.filter(seen_at__gte=since).values_list("profile", flat=True)
    orphans = Instance.objects.filter(FREE, state__in=ACTIVE, updated_at__lt=since).exclude(profile__in=["", *halves(known)])
    return [number for number in orphans.values_list("pk", flat=True) if _adopted(orphans, number, there.profile)]


def _adopted(orphans: Any, number: int, profile: str) -> bool:
    """Whether the run was still an orphan, and belongs to this profile now."""
    with transaction.atomic():
        instance = orphans.select_for_update().filter(pk=number).first()
        if instance is None:
            return False
        whole = "+" in instance.profile
        instance.profile, instance.updated_at = profile if whole else profile.partition("+")[0], database_now()
        if instance.pending_slices is not None:
            instance.pending_slices = Slice.objects.filter(instance=instance).update(
                results=None, token=F("token") + 1, lease_until=None, claimed_by="", attempts=0, crashes=0, troubles=0
            )
        instance.reproducible = False
        append(instance, NewEvent(EventType.NOTE, ADOPTED, EventLevel.WARNING, instance.next_generation))
        instance.save(update_fields=["profile", "pending_slices", "reproducible", "event_sequence", "updated_at"])
    return True
