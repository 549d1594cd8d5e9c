"""Shares of the workers' time: whose turn is next, and what each turn is charged.

The next turn is for the submitter that was charged least, and for that one's work item that was charged
least: fair queueing by the time that was received, divided by a weight. A share that gets work after it had
none is raised to the least of those with work, as it has not saved up the time in which it wanted nothing.
(Goyal, Vin and Cheng 1996, "Start-time Fair Queueing", section 2, with the time of a turn in place of a
packet's length, which is known only afterwards.)

Every transaction locks a run's row first, a submitter's share after it, and a work item's share last.
"""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Min

from database.models import ACTIVE, Instance, Replay, ReplayState, Share, WorkItem

#: A run of priority 100 has so many times the time of one of priority 0, and that one of priority -100.
WEIGHT_OF_100 = 4.0
#: The waiting time that counts as much as one more unit of priority, in seconds.
SECONDS_A_PRIORITY = 10.0


def weight(priority: int) -> float:
    """Return the weight of a run's priority: its seconds count 1 / weight of those of priority 0."""
    return float(WEIGHT_OF_100 ** (priority / 100))


def turn_order(since: Any, priority: int) -> Any:
    """Return the place of a step among those of its share, as a time: the earliest has its turn first.

    Args:
        since: when it began to wait, a time or an expression of one.
        priority: its run's.
    """
    return since - timedelta(seconds=SECONDS_A_PRIORITY * priority)


def share_of(work_item: WorkItem, user: User | None) -> Share:
    """Return the share of a work item in what a user is charged for; without a user, it is its own submitter.
    """
    if user is None:
        submitter, _ = Share.objects.get_or_create(parent=None, user=None, work_item=work_item)
    else:
        submitter, _ = Share.objects.get_or_create(parent=None, user=user)
    return Share.objects.get_or_create(parent=submitter, work_item=work_item)[0]


def arrive(share_id: int) -> None:
    """Record that a share has work; one that had none is raised to the least of those with work."""
    for share in _locked(share_id):
        if not share.has_work:
            others = Share.objects.filter(parent=share.parent_id, has_work=True)
            least = others.aggregate(least=Min("charged_seconds"))["least"]
            share.charged_seconds = max(share.charged_seconds, least or 0.0)
            share.has_work = True
            share.save(update_fields=["charged_seconds", "has_work"])


def leave(share_id: int) -> None:
    """Record that a run or a replay of a share has ended or was paused, where it was the last one."""
    submitter, part = _locked(share_id)
    if (
        Instance.objects.filter(share=part, state__in=ACTIVE).exists()
        or Replay.objects.filter(share=part, state=ReplayState.WAITING).exists()
    ):
        return
    Share.objects.filter(pk=part.pk).update(has_work=False)
    if not Share.objects.filter(parent=submitter, has_work=True).exists():
        Share.objects.filter(pk=submitter.pk).update(has_work=False)


def charge(*, share_id: int, seconds: float, priority: int) -> None:
    """Charge seconds of a worker's time to a work item's share and to its submitter's."""
    more = {"charged_seconds": F("charged_seconds") + seconds / weight(priority)}
    with transaction.atomic():
        Share.objects.filter(parts=share_id).update(**more)
        Share.objects.filter(pk=share_id).update(**more)


def mend() -> int:
    """Find shares that are not counted among those with work, and have some; return their number.

    There are none unless a program other than this server has changed rows.
    """
    runs = Instance.objects.filter(state__in=ACTIVE, share__has_work=False)
    submitters = Instance.objects.filter(state__in=ACTIVE, share__parent__has_work=False)
    replays = Replay.objects.filter(state=ReplayState.WAITING, share__has_work=False)
    found = {
        share for rows in (runs, submitters, replays)
        for share in rows.order_by().values_list("share", flat=True).distinct()
    }
    for share in sorted(found):
        with transaction.atomic():
            arrive(share)
    return len(found)


def _locked(share_id: int) -> tuple[Share, Share]:
    """Return a submitter's share and that of its work item, locked in this order."""
    locked = Share.objects.select_for_update()
    submitter = locked.get(parts=share_id)
    return submitter, locked.get(pk=share_id)
