"""Claims of steps, leases by the database's clock, and the fence that every commit passes.

Every write to a run locks the run's row first and the rows of its slices after it, which rules out deadlocks.
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
#: The common case of `advanceable`, which is tried first.
NOT_IN_SLICES = Q(state__in=ACTIVE, pending_slices__isnull=True)
HELD = Q(lease_until__gte=Now()) & ~Q(claimed_by="")

#: Takes back the attempt of a claim; a commit after the claim has already reset the count to 0.
ONE_LESS = Greatest(F("attempts") - 1, 0)
#: Attempts without a pause; each further one waits twice as long as the one before, up to the maximum.
PROMPT_ATTEMPTS, FIRST_PAUSE_SECONDS, MOST_PAUSE_SECONDS = 3, 1.0, 60.0
#: Pause of a step after the first try in which a service or the database did not answer.
FIRST_BACK_OFF_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to advance one instance until the lease expires, or its token or epoch is raised."""

    instance_id: int
    token: int
    epoch: int
    attempts: int  # claims since the last commit, this one included
    crashes: int  # of these attempts, how many ended in a crash that the parent process detected
    troubles: int  # tries since the last commit in which a service did not answer
    is_under_way: bool = False  # whether the instance was running when it was claimed, without slices
    took_over: bool = False  # whether the lease of another worker had expired, without an event about it


#: Columns of a step that are copied into a claim.
OF_A_CLAIM = ("token", "epoch", "attempts", "crashes", "troubles")


def slice_is_held() -> Exists:
    """Return the condition that a worker holds a slice of the instance."""
    return Exists(Slice.objects.filter(HELD, instance=OuterRef("pk"), results__isnull=True))


def advanceable() -> Any:
    """Return the condition that a run can be advanced, as it does not wait for slices.

    The condition is met where the run has no slices, where all are done, where the run is PAUSING and no
    worker holds one, and where it is QUEUED and has to be started first.
    """
    done = Q(pending_slices__isnull=True) | Q(pending_slices=0) | Q(state=InstanceState.QUEUED)
    return Q(state__in=ACTIVE) & (done | (Q(state=InstanceState.PAUSING) & ~slice_is_held()))


def claim(
    *, instance_id: int, worker: str, lease_seconds: float, profiles: Sequence[str] = ()
) -> Claim | None:
    """Claim the step of an instance for `lease_seconds`.

    Args:
        profiles: names of the worker's numeric profile; a run that began under another profile is not
            claimed.
    Returns:
        The claim; None where the step is not ready or another worker holds it.
    """
    with transaction.atomic():
        free = Instance.objects.filter(FREE, pk=instance_id, profile__in=("", *profiles))
        # the second is rarely needed
        cases = (lambda: free.filter(NOT_IN_SLICES), lambda: free.filter(advanceable()))
        took_over = taken(cases, worker=worker, lease_seconds=lease_seconds)
        if took_over is None:
            return None
        row = Instance.objects.values(*OF_A_CLAIM, "state", "pending_slices").get(pk=instance_id)
    state, pending = row.pop("state"), row.pop("pending_slices")
    is_under_way = state == InstanceState.RUNNING and pending is None
    return Claim(instance_id, **row, is_under_way=is_under_way, took_over=took_over)


def taken(free: Sequence[Callable[[], Any]], *, worker: str, lease_seconds: float) -> bool | None:
    """Claim the first step that is free.

    Returns:
        Whether another worker's lease on it had expired; None where no step is free.
    """
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
    """Extend the lease to `lease_seconds` from now.

    Raises:
        Fenced: the claim is no longer valid.
    """
    if not _mine(claim).update(lease_until=Now() + timedelta(seconds=lease_seconds)):
        raise Fenced(f"run {claim.instance_id}: the lease was lost")


def release(*, claim: Claim) -> None:
    """Release the step for the next worker and reset its attempts, as an unfinished turn is not one."""
    _mine(claim).update(lease_until=None, claimed_by="", attempts=0, crashes=0, troubles=0)


def hand_back(*, claim: Claim) -> None:
    """Release the step as it was before the claim, as its worker is stopping; unfinished work is repeated."""
    _mine(claim).update(lease_until=None, claimed_by="", attempts=ONE_LESS)


def back_off(*, claim: Claim) -> None:
    """Release the step for a later try, with exponential back-off.

    No process crashed, so it is not an attempt.
    """
    _mine(claim).update(**after_no_answer(claim.troubles))


def after_no_answer(troubles: int) -> dict[str, Any]:
    """Return the new values of a step's columns after a try in which a service did not answer."""
    pause = min(FIRST_BACK_OFF_SECONDS * 2 ** min(troubles, 10), MOST_PAUSE_SECONDS)
    return {
        "claimed_by": "", "attempts": ONE_LESS, "troubles": F("troubles") + 1,
        "lease_until": Now() + timedelta(seconds=pause),
    }


@contextmanager
def fenced(claim: Claim, *, lease_seconds: float) -> Iterator[Instance]:
    """Open a transaction that locks the instance's row for the holder of the claim, and renew the lease.

    Raises:
        Fenced: the claim is no longer valid.
    """
    with transaction.atomic():
        if not _mine(claim).update(updated_at=Now(), lease_until=Now() + timedelta(seconds=lease_seconds)):
            raise Fenced(f"run {claim.instance_id}: somebody else took over")
        yield Instance.objects.get(pk=claim.instance_id)


def has_committed(*, claim: Claim, number: int, digest: str) -> bool:
    """Whether a generation was committed although its commit was not answered.

    An equal digest means that it is this worker's, or bit for bit the same.
    """
    reached = Instance.objects.filter(pk=claim.instance_id, next_generation=number + 1, digest=digest)
    return reached.exists()


def release_worker(*, worker: str, crashed: bool | None, message: str) -> list[int]:
    """Release all steps of a worker that is gone, with an event in their runs, and return these.

    Args:
        worker: the name of one process, `node/pid`, or of a node with all of its processes.
        crashed: whether it crashed, which is counted; None for a worker that was asked to stop, whose attempt
            is not.
    """
    stopped = crashed is None
    event = EventType.NOTE if stopped else EventType.WORKER_LOST
    named = Q(claimed_by=worker) | Q(claimed_by__startswith=f"{worker}/")
    # runs have no events about their replays
    _free(Replay.objects.filter(named, state=ReplayState.WAITING), crashed)
    with transaction.atomic():
        runs = _held(Instance.objects.filter(state__in=ACTIVE), named, "pk")
        slices = _held(
            Slice.objects.filter(results__isnull=True, instance__state__in=ACTIVE), named, "instance_id"
        )
        numbers = sorted(set(runs) | set(slices))
        for number in numbers:
            instance = Instance.objects.select_for_update().filter(pk=number, state__in=ACTIVE).first()
            if instance is None:
                continue  # it has ended, and may have been deleted, meanwhile
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
    """Release these steps and return their number; the new token fences a worker that is still running."""
    freed = 0
    for pk, attempts in list(steps.filter(lease_until__isnull=False).values_list("pk", "attempts")):
        freed += steps.filter(pk=pk).update(
            token=F("token") + 1, claimed_by="", crashes=F("crashes") + int(crashed or False),
            attempts=ONE_LESS if crashed is None else F("attempts"),
            lease_until=None if crashed is None else _later(attempts),
        )
    return freed


def _later(attempts: int) -> Any:
    """Return when a step may be tried again after so many attempts, by the database's clock; None where it
    may be at once.
    """
    further = attempts - PROMPT_ATTEMPTS
    if further <= 0:
        return None
    return Now() + timedelta(seconds=min(FIRST_PAUSE_SECONDS * 2 ** min(further, 10), MOST_PAUSE_SECONDS))


def _mine(claim: Claim) -> Any:
    """Select the claim's instance while it is active, with the token and epoch of the claim."""
    return Instance.objects.filter(
        pk=claim.instance_id, token=claim.token, epoch=claim.epoch, state__in=ACTIVE
    )
