"""Claims of steps, leases by the database's clock, and the fence that every commit passes.

Every write to a run locks the run's row first and the rows of its slices after it, which rules out deadlocks.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Greatest, Now

from database.errors import Fenced
from database.models import (
    ACTIVE,
    EventLevel,
    EventType,
    Instance,
    InstanceState,
    Replay,
    ReplayState,
    Share,
    Slice,
)
from database.services.claiming import claim_row
from database.services.clock import database_now
from database.services.events import NewEvent, append
from database.services.shares import charge, leave, turn_order
from database.turns import Abilities, StepKind

#: Nobody holds the step, and a back-off is over. What a worker held whose lease has expired is freed by
#: `release_expired` first.
FREE = Q(claimed_by="") & (Q(lease_until__isnull=True) | Q(lease_until__lt=Now()))
HELD = Q(lease_until__gte=Now()) & ~Q(claimed_by="")

#: Takes back the attempt of a claim; a commit after the claim has already reset the count to 0.
ONE_LESS = Greatest(F("attempts") - 1, 0)
#: Attempts without a pause; each further one waits twice as long as the one before, up to the maximum.
PROMPT_ATTEMPTS, FIRST_PAUSE_SECONDS, MOST_PAUSE_SECONDS = 3, 1.0, 60.0
#: Charged for a lost process besides its turn: nobody has its time until another has started in its place.
RESTART_SECONDS = 2.0
#: Pause of a step after the first try in which a service or the database did not answer.
FIRST_BACK_OFF_SECONDS = 1.0


#: The abilities of a worker that takes runs of no numeric profile: those that nobody has begun.
NO_PROFILE = Abilities()


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to advance one instance until the lease expires, or its token or epoch is raised."""

    instance_id: int
    token: int
    epoch: int
    attempts: int  # claims since the last commit, this one included
    crashes: int  # of these attempts, how many ended in a crash that the parent process detected
    troubles: int  # tries since the last commit in which a service did not answer
    submitter_id: int  # the shares that are charged for the turn: the submitter's
    share_id: int  # and that of the work item
    priority: int
    is_under_way: bool = False  # whether the instance was running when it was claimed, without slices


def slice_is_held() -> Exists:
    """Return the condition that a worker holds a slice of the instance."""
    return Exists(Slice.objects.filter(HELD, instance=OuterRef("pk"), results__isnull=True))


def advanceable() -> Q:
    """Return the condition that a run can be advanced, as it does not wait for slices.

    The condition is met where the run has no slices, where all are done, and where it is QUEUED and has to be
    started first.
    """
    done = Q(pending_slices__isnull=True) | Q(pending_slices=0) | Q(state=InstanceState.QUEUED)
    return Q(state__in=ACTIVE) & done


def claim(
    *, instance_id: int, worker: str, lease_seconds: float, abilities: Abilities = NO_PROFILE
) -> Claim | None:
    """Claim the step of an instance for `lease_seconds`.

    Args:
        abilities: the worker's; a run that began under another numeric profile is not claimed.
    Returns:
        The claim; None where the step is not ready or another worker holds it.
    """
    row = claim_row(
        StepKind.RUN, instance_id, worker=worker, lease_seconds=lease_seconds, abilities=abilities
    )
    if row is None:
        return None
    state, pending = row.pop("state"), row.pop("pending_slices")
    is_under_way = state == InstanceState.RUNNING and pending is None
    return Claim(instance_id, **row, is_under_way=is_under_way)


def extend(*, claim: Claim, lease_seconds: float) -> None:
    """Extend the lease to `lease_seconds` from now.

    Raises:
        Fenced: the claim is no longer valid.
    """
    if not _mine(claim).update(lease_until=Now() + timedelta(seconds=lease_seconds)):
        raise Fenced(f"run {claim.instance_id}: the lease was lost")


def state_of(*, claim: Claim) -> str:
    """Return the state of the claim's run.

    Raises:
        Fenced: the claim is no longer valid.
    """
    state = _mine(claim).values_list("state", flat=True).first()
    if state is None:
        raise Fenced(f"run {claim.instance_id}: ended, or somebody else took over")
    return str(state)


def release(*, claim: Claim) -> None:
    """Release the step for the next worker and reset its attempts, as an unfinished turn is not one.

    Raises:
        Fenced: the claim is no longer valid.
    """
    if not _mine(claim).update(
        lease_until=None, claimed_by="", attempts=0, crashes=0, troubles=0,
        turn_order=turn_order(Now(), claim.priority),
    ):
        raise Fenced(f"run {claim.instance_id}: ended, or somebody else took over")


def hand_back(*, claim: Claim) -> bool:
    """Release the step as it was before the claim, as its worker is stopping; unfinished work is repeated.

    Returns:
        Whether the claim was valid.
    """
    return _let_go(claim, lease_until=None, claimed_by="", attempts=ONE_LESS)


def back_off(*, claim: Claim) -> bool:
    """Release the step for a later try, with exponential back-off.

    No process crashed, so it is not an attempt.

    Returns:
        Whether the claim was valid.
    """
    return _let_go(claim, **after_no_answer(claim.troubles))


def _let_go(claim: Claim, **columns: Any) -> bool:
    """Release the step with these columns; slices that its holder was writing are deleted."""
    with transaction.atomic():
        is_mine = bool(_mine(claim).update(**columns))
        if is_mine:
            _delete_unopened(claim.instance_id)
    return is_mine


def _delete_unopened(instance_id: int) -> None:
    """Delete the slices of a generation whose opening was interrupted, and which nobody may claim."""
    Slice.objects.filter(instance=instance_id, instance__pending_slices__isnull=True).delete()


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


def finish_commit(*, instance: Instance, events: Sequence[NewEvent]) -> None:
    """Write the events and save the instance's row; this is the last call inside `fenced`.

    The run's place in the line of its share is that of one that has just had a turn.
    """
    append(instance, *events)
    instance.turn_order = turn_order(instance.updated_at, instance.priority)
    instance.save()
    if instance.state not in ACTIVE:
        leave(instance.share_id)


def release_worker(*, worker: str, crashed: bool | None, message: str) -> list[int]:
    """Release all steps of a worker that is gone, with an event in their runs, and return these.

    Args:
        worker: the name of one process, `node/pid`, or of a node with all of its processes.
        crashed: whether it crashed, which is counted; None for a worker that was asked to stop, whose attempt
            is not.
    """
    named = Q(claimed_by=worker) | Q(claimed_by__startswith=f"{worker}/")
    return _release(named & Q(lease_until__isnull=False), crashed, message)


def release_expired(*, message: str) -> list[int]:
    """Release all steps whose lease has expired, with an event in their runs, and return these."""
    return _release(~Q(claimed_by="") & Q(lease_until__lt=Now()), False, message)


def _release(held: Q, crashed: bool | None, message: str) -> list[int]:
    """Release steps that are held; a run's row is locked before those of its slices."""
    event = EventType.NOTE if crashed is None else EventType.WORKER_LOST
    release_replays(Replay.objects.filter(held), crashed)  # runs have no events about these
    runs = Instance.objects.filter(held, state__in=ACTIVE).values_list("pk", flat=True)
    slices = Slice.objects.filter(held, results__isnull=True, instance__state__in=ACTIVE)
    numbers = sorted({*runs, *slices.order_by().values_list("instance", flat=True).distinct()})
    for number in numbers:
        with transaction.atomic():
            locked = Instance.objects.select_for_update(of=("self",)).select_related("share")
            instance = locked.filter(pk=number, state__in=ACTIVE).first()
            if instance is None:
                continue  # it has ended, and may have been deleted, meanwhile
            found = [
                _free(Instance.objects.filter(held, pk=number), crashed),
                _free(Slice.objects.filter(held, instance=number, results__isnull=True), crashed),
            ]
            if found[0][0]:
                _delete_unopened(number)
            if any(freed for freed, _ in found):
                instance.updated_at = database_now()
                append(instance, NewEvent(event, message, EventLevel.WARNING, instance.next_generation))
                instance.save(update_fields=["event_sequence", "updated_at"])
                _charge_lost(instance.share, sum(seconds for _, seconds in found), instance.priority)
    return numbers


def release_replays(replays: Any, crashed: bool | None) -> None:
    """Release those of these replays that workers hold, and charge the time."""
    held = replays.filter(~Q(claimed_by=""), state=ReplayState.WAITING)
    for replay in held.select_related("share", "instance").defer("result", "film"):
        with transaction.atomic():
            _, seconds = _free(held.filter(pk=replay.pk), crashed)
            _charge_lost(replay.share, seconds, replay.instance.priority)


def charge_revoked(instance: Instance, *, only_slices: bool = False) -> None:
    """Charge the time in which workers have held steps of a run, whose claims are being revoked.

    The caller has locked the run's row.

    Args:
        only_slices: whether the run's own step is not meant.
    """
    steps: list[Any] = [Slice.objects.filter(instance=instance, results__isnull=True)]
    if not only_slices:
        steps.append(Instance.objects.filter(pk=instance.pk))
    columns = ("claimed_at", "lease_until")
    held = [row for each in steps for row in each.exclude(claimed_by="").order_by().values_list(*columns)]
    if held:
        now = database_now()
        seconds = sum(_seconds_held(claimed_at, lease_until, now) for claimed_at, lease_until in held)
        _charge_lost(instance.share, seconds, instance.priority)


def _charge_lost(share: Share, seconds: float, priority: int) -> None:
    """Charge the time in which workers held steps of a share that they have lost."""
    assert share.parent_id is not None
    charge(submitter_id=share.parent_id, share_id=share.pk, seconds=seconds, priority=priority)


def _free(steps: Any, crashed: bool | None) -> tuple[int, float]:
    """Release these steps; the new token fences a worker that is still running.

    Returns:
        Their number, and the seconds that they are charged: those in which they were held, at most to the end
        of their leases, as a machine may have been switched off for hours, and those of a restart.
    """
    freed, seconds, now = 0, 0.0, database_now()
    columns = ("pk", "attempts", "claimed_at", "lease_until")
    for pk, attempts, claimed_at, lease_until in list(steps.values_list(*columns)):
        if steps.filter(pk=pk).update(
            token=F("token") + 1, claimed_by="", crashes=F("crashes") + int(crashed or False),
            attempts=ONE_LESS if crashed is None else F("attempts"),
            lease_until=None if crashed is None else _later(attempts),
        ):
            freed += 1
            seconds += _seconds_held(claimed_at, lease_until, now)
            seconds += 0.0 if crashed is None else RESTART_SECONDS
    return freed, seconds


def _seconds_held(claimed_at: datetime | None, lease_until: datetime | None, now: datetime) -> float:
    """Return the seconds of a claim up to now, at most to the end of its lease."""
    if claimed_at is None or lease_until is None:
        return 0.0
    return max((min(now, lease_until) - claimed_at).total_seconds(), 0.0)


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
