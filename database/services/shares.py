"""Shares of the workers' time: whose turn is next, and what each turn is charged.

The next turn is for the submitter that was charged least, and for that one's work item that was charged
least: fair queueing by the time that was received, divided by a weight. A share that gets work after it had
none is raised to the least of those with work, and where there are none to the most that any was charged: it
has not saved up the time in which it wanted nothing. With work are those that are served: a step can be
claimed, or a worker holds one; see `served.py`. (Goyal, Vin and Cheng 1996, "Start-time Fair Queueing",
section 2, with the time of a turn in place of a packet's length, which is known only afterwards.)

Transactions that lock a run's row lock it first; a submitter's share is locked before that of its work item.
"""

import contextlib
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from database.models import ACTIVE, Instance, Replay, ReplayState, Share, WorkItem
from database.services import served

#: A run of priority 100 has so many times the time of one of priority 0, and that one of priority -100.
WEIGHT_OF_100 = 4.0
#: The waiting time that counts as much as one more unit of priority, in seconds.
SECONDS_A_PRIORITY = 10.0

#: As a comparison, which an index answers; SQLite has none for a bare column.
_WITH_WORK = Q(has_work__in=(True,))


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


def new_share(work_item: WorkItem, user: User | None, *, has_work: bool) -> Share:
    """Return the share of a work item that is being submitted."""
    if user is not None:
        share = share_of(work_item, user)
        if has_work:
            arrive(share.pk)
        return share
    submitter = Share(work_item=work_item, has_work=has_work)
    if has_work:
        _raise(submitter)
    submitter.save(force_insert=True)
    return Share.objects.create(parent=submitter, work_item=work_item, has_work=has_work)


def arrive(share_id: int) -> None:
    """Record that a share has work; one that had none is raised to the others."""
    for share in _locked(share_id):
        if not share.has_work:
            _raise(share)
            share.has_work = True
            share.save(update_fields=["charged_seconds", "has_work"])


def keep_up(share_id: int) -> None:
    """Raise a share to the others where none of its steps can be worked on; likewise its submitter.

    So what waited for long for a service to come back is not ahead of all others afterwards.
    """
    with transaction.atomic():
        try:
            submitter, part = _locked(share_id)
        except Share.DoesNotExist:
            return  # the work item was deleted meanwhile
        if not served.submitter_is_served(submitter.pk):
            _raise(submitter)
            submitter.save(update_fields=["charged_seconds"])
        if not served.is_served(part.pk):
            _raise(part)
            part.save(update_fields=["charged_seconds"])


def _raise(share: Share) -> None:
    """Raise what a share was charged to the least of the others that are served, or where there are none, to
    the most of all; the caller saves it.
    """
    bar = served.least_charged(share.parent_id, but=share.pk)
    if bar is None:
        bar = served.most_charged(share.parent_id, but=share.pk)
    share.charged_seconds = max(share.charged_seconds, bar or 0.0)


def leave(share_id: int) -> None:
    """Record that a run or a replay of a share, where it was the last one, ended, was paused or deleted."""
    try:
        submitter, part = _locked(share_id)
    except Share.DoesNotExist:
        return  # the work item was deleted meanwhile
    if part.has_work and not _has_work(part):
        Share.objects.filter(pk=part.pk).update(has_work=False)
    leave_submitter(submitter.pk)


def leave_submitter(submitter_id: int) -> None:
    """Record that a submitter has no work, where none of its work items has some."""
    submitter = Share.objects.select_for_update().filter(pk=submitter_id, has_work=True).first()
    if submitter is not None and not submitter.parts.filter(_WITH_WORK).exists():
        Share.objects.filter(pk=submitter_id).update(has_work=False)


def charge(*, submitter_id: int, share_id: int, seconds: float, priority: int) -> None:
    """Charge seconds of a worker's time to a submitter's share and to that of its work item.

    The work item may have been deleted meanwhile, with its share.
    """
    more = {"charged_seconds": F("charged_seconds") + seconds / weight(priority)}
    with transaction.atomic():
        Share.objects.filter(pk=submitter_id).update(**more)
        Share.objects.filter(pk=share_id).update(**more)


def mend() -> int:
    """Find shares that are wrongly counted with or without work, and return their number.

    There are none unless another program has changed rows, such as a worker of an earlier version.
    """
    runs = Instance.objects.filter(share=OuterRef("pk"), state__in=ACTIVE)
    replays = Replay.objects.filter(share=OuterRef("pk"), state=ReplayState.WAITING)
    parts = Share.objects.filter(parent__isnull=False)
    working = Exists(runs) | Exists(replays)
    without = parts.filter(working).filter(Q(has_work=False) | Q(parent__has_work=False))
    with_work = parts.filter(~working, has_work=True)
    empty = Share.objects.filter(
        ~Exists(parts.filter(parent=OuterRef("pk"), has_work=True)), parent=None, has_work=True
    )
    found = 0
    for wrong, mended in ((without, _mend_part), (with_work, leave), (empty, leave_submitter)):
        for number in _keys(wrong):
            found += 1
            with transaction.atomic():
                mended(number)
    return found


def _mend_part(share_id: int) -> None:
    """Record that a share has work, unless that has ended meanwhile."""
    with contextlib.suppress(Share.DoesNotExist):
        if _has_work(_locked(share_id)[1]):
            arrive(share_id)


def _keys(shares: Any) -> list[int]:
    return sorted(shares.values_list("pk", flat=True))


def _has_work(part: Share) -> bool:
    """Whether a work item's share has an active run or a waiting replay."""
    return (
        Instance.objects.filter(share=part, state__in=ACTIVE).exists()
        or Replay.objects.filter(share=part, state=ReplayState.WAITING).exists()
    )


def _locked(share_id: int) -> tuple[Share, Share]:
    """Return a submitter's share and that of its work item, locked in this order.

    Raises:
        Share.DoesNotExist: the work item was deleted.
    """
    locked = Share.objects.select_for_update(of=("self",))
    submitter = locked.get(parts=share_id)
    return submitter, locked.get(pk=share_id)
