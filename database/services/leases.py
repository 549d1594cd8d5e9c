"""Who may work on a step: claims, leases by the database's clock, and the fence that every commit passes.

Whatever writes to a run locks the run's row first, and the rows of its slices after it: so nobody waits in a circle.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Greatest, Now

from database.errors import Fenced
from database.models import ACTIVE, EventLevel, EventType, Instance, InstanceState, Replay, ReplayState, Slice
from database.services.clock import database_now
from database.services.events import NewEvent, append

FREE = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
#: The plain case of `advanceable`, asked for first.
NOT_IN_SLICES = Q(state__in=ACTIVE, pending_slices__isnull=True)
HELD = Q(lease_until__gte=Now()) & ~Q(claimed_by="")

#: An attempt that does not count; where a commit followed the claim, it is counted no more.
ONE_LESS = Greatest(F("attempts") - 1, 0)
#: Attempts that are made at once; each further one waits twice as long as the one before, up to the most.
PROMPT_ATTEMPTS, FIRST_PAUSE_SECONDS, MOST_PAUSE_SECONDS = 3, 1.0, 60.0
#: A step is left alone for so long after the first time that a part of ours, or the database, did not answer.
TROUBLE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to advance one instance, until the lease ends or somebody raises token or epoch."""

    instance_id: int
    token: int
    epoch: int
    attempts: int  # claims since the last commit, this one included
    crashes: int  # of them, how many ended in a crash that the parent saw
    troubles: int  # tries since the last commit that something left unanswered
    is_under_way: bool = False  # whether the instance was running when it was claimed, with no slices to look after
    took_over: bool = False  # the lease of another worker had run out, which nobody has told of


#: Columns of a step that go with a claim.
OF_A_CLAIM = ("token", "epoch", "attempts", "crashes", "troubles")


def slice_is_held() -> Exists:
    """Whether a worker has a slice of the instance."""
    return Exists(Slice.objects.filter(HELD, instance=OuterRef("pk"), results__isnull=True))


def advanceable() -> Any:
    """Conditions under which a run can be advanced: none of its slices is to be waited for.

    They are all done, or it is to pause and none is under way, or it was resumed and has to be set going first.
    """
    done = Q(pending_slices__isnull=True) | Q(pending_slices=0) | Q(state=InstanceState.QUEUED)
    return Q(state__in=ACTIVE) & (done | (Q(state=InstanceState.PAUSING) & ~slice_is_held()))


def claim(*, instance_id: int, worker: str, lease_seconds: float, profiles: Sequence[str] = ()) -> Claim | None:
    """The step of this instance is ours for `lease_seconds`; None when it is not ready or somebody has it.

    Args:
        profiles: names of the worker's numeric profile; a run that began under another one is not claimed.
    """
    with transaction.atomic():
        free = Instance.objects.filter(FREE, pk=instance_id, profile__in=("", *profiles))
        cases = (lambda: free.filter(NOT_IN_SLICES), lambda: free.filter(advanceable()))  # the second is seldom needed
        took_over = taken(cases, worker=worker, lease_seconds=lease_seconds)
        if took_over is None:
            return None
        row = Instance.objects.values(*OF_A_CLAIM, "state", "pending_slices").get(pk=instance_id)
    state, pending = row.pop("state"), row.pop("pending_slices")
    is_under_way = state == InstanceState.RUNNING and pending is None
    return Claim(instance_id, **row, is_under_way=is_under_way, took_over=took_over)


def taken(free: Sequence[Callable[[], Any]], *, worker: str, lease_seconds: float) -> bool | None:
    """Take one step, the first of these that is free: whether from a worker whose lease ran out; None where none is."""
    for took_over in (False, True):
        held = ~Q(claimed_by="") if took_over else Q(claimed_by="")
        for steps in free:
            if steps().filter(held).update(
                token=F("token") + 1, attempts=F("attempts") + 1, claimed_by=worker,
                lease_until=Now() + timedelta(seconds=lease_seconds),
            ):
                return took_over
    return None


def extend(*, claim: Claim, lease_seconds: float) -> None:
    """The lease lasts `lease_seconds` from now. Raises Fenced where it is no longer ours."""
    if not _mine(claim).update(lease_until=Now() + timedelta(seconds=lease_seconds)):
        raise Fenced(f"run {claim.instance_id}: the lease was lost")


def release(*, claim: Claim) -> None:
    """The step is free for the next worker; an unfinished turn is not an attempt."""
    _mine(claim).update(lease_until=None, claimed_by="", attempts=0, crashes=0, troubles=0)


def hand_back(*, claim: Claim) -> None:
    """The step is free as it was before the claim: its worker was told to stop, and what it began is done again."""
    _mine(claim).update(lease_until=None, claimed_by="", attempts=ONE_LESS)


def back_off(*, claim: Claim) -> None:
    """The step is free for a later try, the later the more there were. Nobody died of it, so it is no attempt."""
    _mine(claim).update(**after_trouble(claim.troubles))


def after_trouble(troubles: int) -> dict[str, Any]:
    """What becomes of a step after one more trouble."""
    pause = min(TROUBLE_SECONDS * 2 ** min(troubles, 10), MOST_PAUSE_SECONDS)
    return {
        "claimed_by": "", "attempts": ONE_LESS, "troubles": F("troubles") + 1,
        "lease_until": Now() + timedelta(seconds=pause),
    }


@contextmanager
def fenced(claim: Claim, *, lease_seconds: float) -> Iterator[Instance]:
    """A transaction on the instance's row that only the holder of the claim gets through; the lease begins anew.

    Raises:
        Fenced.
    """
    with transaction.atomic():
        if not _mine(claim).update(updated_at=Now(), lease_until=Now() + timedelta(seconds=lease_seconds)):
            raise Fenced(f"run {claim.instance_id}: somebody else took over")
        yield Instance.objects.get(pk=claim.instance_id)


def has_committed(*, claim: Claim, number: int, digest: str) -> bool:
    """Whether a generation is there, though its commit was not answered: it is ours, or equal to ours in every bit."""
    reached = Instance.objects.filter(pk=claim.instance_id, next_generation=number + 1, digest=digest)
    return reached.exists()


def release_worker(*, worker: str, crashed: bool | None, message: str) -> list[int]:
    """Free every step that a worker held which is gone, and say so in the runs' events; the numbers of their runs.

    Args:
        worker: the name of one process, `node/pid`, or of a node with all of its processes.
        crashed: whether it crashed, which is counted; None for one that was told to stop, whose attempt is not.
    """
    stopped = crashed is None
    event = EventType.NOTE if stopped else EventType.WORKER_LOST
    named = Q(claimed_by=worker) | Q(claimed_by__startswith=f"{worker}/")
    _free(Replay.objects.filter(named, state=ReplayState.WAITING), crashed)  # of which no run's events tell
    with transaction.atomic():
        runs = _held(Instance.objects.filter(state__in=ACTIVE), named, "pk")
        slices = _held(Slice.objects.filter(results__isnull=True, instance__state__in=ACTIVE), named, "instance_id")
        numbers = sorted(set(runs) | set(slices))
        for number in numbers:
            instance = Instance.objects.select_for_update().filter(pk=number, state__in=ACTIVE).first()
            if instance is None:
                continue  # ended, and perhaps deleted, meanwhile
            freed = _free(Instance.objects.filter(named, pk=number), crashed)
            freed += _free(Slice.objects.filter(named, instance=number, results__isnull=True), crashed)
            if freed:
                instance.updated_at = database_now()
                append(instance, NewEvent(event, message, EventLevel.WARNING, instance.next_generation))
                instance.save(update_fields=["event_sequence", "updated_at"])
    return numbers


def _held(rows: Any, named: Q, key: str) -> list[int]:
    return list(rows.filter(named, lease_until__isnull=False).values_list(key, flat=True))


def _free(steps: Any, crashed: bool | None) -> int:
    """Free these steps; a worker that is not quite dead is fenced by the token. How many they were."""
    freed = 0
    for pk, attempts in list(steps.filter(lease_until__isnull=False).values_list("pk", "attempts")):
        freed += steps.filter(pk=pk).update(
            token=F("token") + 1, claimed_by="", crashes=F("crashes") + int(crashed or False),
            attempts=ONE_LESS if crashed is None else F("attempts"), lease_until=None if crashed is None else _later(attempts),
        )
    return freed


def _later(attempts: int) -> Any:
    """When a step may be tried again after so many attempts, by the database's clock; None for at once."""
    further = attempts - PROMPT_ATTEMPTS
    if further <= 0:
        return None
    return Now() + timedelta(seconds=min(FIRST_PAUSE_SECONDS * 2 ** min(further, 10), MOST_PAUSE_SECONDS))


def _mine(claim: Claim) -> Any:
    """The claim's instance, where token and epoch are still those of the claim."""
    return Instance.objects.filter(pk=claim.instance_id, token=claim.token, epoch=claim.epoch, state__in=ACTIVE)
