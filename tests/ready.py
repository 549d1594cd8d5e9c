"""Steps that can be claimed, for tests that work on them one by one."""

from django.db.models import F

from database.models import Instance, Replay, ReplayState, Slice
from database.services import EVALUATED, FREE, advanceable


def runs() -> list[int]:
    """The runs that can be advanced, by their numbers."""
    return list(Instance.objects.filter(FREE, advanceable()).order_by("pk").values_list("pk", flat=True))


def slices(instance_id: int | None = None) -> list[int]:
    """The slices that can be claimed, of one run or of all."""
    found = Slice.objects.filter(
        FREE, results__isnull=True, instance__state__in=EVALUATED, instance__pending_slices__isnull=False,
        epoch=F("instance__epoch"),
    )
    found = found if instance_id is None else found.filter(instance=instance_id)
    return list(found.order_by("pk").values_list("pk", flat=True))


def replays() -> list[int]:
    """The replays that wait."""
    waiting = Replay.objects.filter(FREE, state=ReplayState.WAITING)
    return list(waiting.order_by("pk").values_list("pk", flat=True))
