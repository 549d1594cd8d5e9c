"""What workers and their supervisor read: steps that are ready, who holds them, and where a run can go on."""

from collections.abc import Iterable
from datetime import timedelta

from django.db.models.functions import Now

from database.models import ACTIVE, Checkpoint, Instance
from database.services import FREE


def ready_instances(*, waited_seconds: float = 0.0) -> list[int]:
    """Instances that can be claimed now and waited so long: higher priority first, then the one that waited longest."""
    since = Now() - timedelta(seconds=waited_seconds)
    ready = Instance.objects.filter(FREE, state__in=ACTIVE, updated_at__lte=since).order_by("-priority", "updated_at")
    return list(ready.values_list("pk", flat=True))


def by_priority(instance_ids: Iterable[int]) -> list[tuple[int, int]]:
    """These instances with their priorities, the highest first, else as given."""
    wanted = list(instance_ids)
    known = dict(Instance.objects.filter(pk__in=wanted).values_list("pk", "priority"))
    return sorted(((pk, known[pk]) for pk in wanted if pk in known), key=lambda pair: -pair[1])


def instance_with_work_item(instance_id: int) -> Instance:
    """The instance, its work item loaded with it."""
    return Instance.objects.select_related("work_item").get(pk=instance_id)


def newest_checkpoint(instance_id: int) -> bytes | None:
    """The stored checkpoint to go on from; None before the first generation."""
    newest = Checkpoint.objects.filter(instance_id=instance_id).order_by("-generation")
    state = newest.values_list("state", flat=True).first()
    return None if state is None else bytes(state)


def workers_with_leases() -> list[str]:
    """Names of the workers that hold a step."""
    held = Instance.objects.filter(lease_until__isnull=False, state__in=ACTIVE).exclude(claimed_by="")
    return sorted(set(held.values_list("claimed_by", flat=True)))


def workers_with_expired_leases() -> list[str]:
    """Names of the workers that made no progress for the whole of a lease."""
    late = Instance.objects.filter(lease_until__lt=Now(), state__in=ACTIVE).exclude(claimed_by="")
    return sorted(set(late.values_list("claimed_by", flat=True)))
