"""What workers say of themselves: that they are there, and what they have done."""

from dataclasses import asdict, dataclass
from datetime import timedelta

from django.db.models import F
from django.db.models.functions import Now

from database.models import ACTIVE, Instance, Worker
from database.services.clock import database_now
from database.services.leases import FREE

#: Rows of workers that were not seen for so long are deleted.
FORGOTTEN_AFTER = timedelta(days=1)


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


def adopt(*, patience_seconds: float) -> list[int]:
    """Runs whose numeric profile no worker has had for so long are given to whoever comes; their numbers."""
    since = Now() - timedelta(seconds=patience_seconds)
    known = Worker.objects.filter(seen_at__gte=since).values_list("profile", flat=True)
    orphans = Instance.objects.filter(FREE, state__in=ACTIVE, updated_at__lt=since).exclude(profile="")
    adopted = []
    for number in list(orphans.exclude(profile__in=list(known)).values_list("pk", flat=True)):
        if orphans.filter(pk=number).update(profile="", updated_at=Now()):
            adopted.append(number)
    return adopted
