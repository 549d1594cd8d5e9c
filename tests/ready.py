"""Steps that can be claimed, for tests that work on them one by one."""

import math

from django.db.models import F

from database.models import EVALUATED, Instance, Replay, ReplayState, Slice
from database.services import FREE, advanceable
from processing import claims, runner


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


def work_on_replay(replay_id: int) -> None:
    """Do this replay, whoever's turn it is; nothing happens where it cannot be claimed."""
    claim = claims.claim_replay(replay_id)
    if claim is not None:
        runner._work(claim, runner._work_of(claim, math.inf, {}), math.inf)
