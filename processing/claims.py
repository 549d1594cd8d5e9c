"""The right to work on a step: a generation of a run, a slice of one, or a replay. How it is taken, kept and given up."""

import contextlib

from django.conf import settings

from database import services
from database.errors import NO_ANSWER, Fenced
from database.models import EventLevel, EventType, Instance, InstanceState
from database.services import Claim, NewEvent, ReplayClaim, SliceClaim
from processing import node
from processing.announcements import announce, announce_next_replay
from processing.core.types import StopReason
from processing.states import enter, following

#: Crashes in the same step after which it is taken apart, to find the agent that they come from.
CRASHES_TO_SPLIT = 2
#: Troubles in the same step after which the run's events tell of them.
TROUBLES_TO_TELL = 3
#: Workers that a replay may cost; it is worth fewer than a run.
MOST_REPLAY_ATTEMPTS = 3

_CRASHED = "Its worker crashed {} times in the same generation; the work item makes the engine fail. Try other parameters."
_SILENT = "A worker made no progress for the whole of its lease; another goes on from the last generation."
_TROUBLE = "The work cannot be stored; it is tried again and again"
_UNSEEN = "No worker survived replaying this episode, {} times."
_LOST = "Its worker was lost {} times in the same generation; it may need more memory than the machine has."


def claim(instance_id: int) -> Claim | None:
    """The right to advance an instance; None where it is not ready, is somebody else's, or has used up its attempts."""
    claimed = services.claim(
        instance_id=instance_id, worker=node.process_name(), lease_seconds=settings.LEASE_SECONDS, profiles=node.profiles()
    )
    if claimed is None:
        return None
    _counted(claimed)
    if is_given_up(claimed):
        died = claimed.crashes >= settings.MAXIMUM_CRASHES
        fail(claimed, _CRASHED.format(claimed.crashes) if died else _LOST.format(claimed.attempts - 1))
        return None
    return claimed


def begin(claimed: Claim) -> bool:
    """The instance runs; what was asked of it while nobody worked on it happens now. Whether it can be worked on.

    A generation whose slices are all done is closed first; one that still waits for slices is left to them.
    """
    if claimed.is_under_way:
        return True
    with fenced(claimed) as instance:
        before = InstanceState(instance.state)
        is_to_close = instance.pending_slices == 0 and before != InstanceState.QUEUED
        event = None if is_to_close else enter(instance, following(before, None))
        waits = bool(instance.pending_slices) and instance.state == InstanceState.RUNNING
        if waits:
            instance.lease_until, instance.claimed_by, instance.attempts = None, "", 0
        services.finish_commit(instance=instance, events=[event] if event else [])
    if waits:
        announce([claimed.instance_id])
    return is_to_close or (instance.state == InstanceState.RUNNING and not waits)


def claim_slice(slice_id: int) -> SliceClaim | None:
    """The right to evaluate a slice; None where it is done, is somebody else's, or its run does not go on."""
    claimed = services.claim_slice(
        slice_id=slice_id, worker=node.process_name(), lease_seconds=settings.LEASE_SECONDS, profiles=node.profiles()
    )
    if claimed is not None:
        _counted(claimed)
    return claimed


def claim_replay(replay_id: int) -> ReplayClaim | None:
    """The right to do a replay; None where it does not wait any more, is somebody else's, or has used up its attempts."""
    claimed = services.claim_replay(replay_id=replay_id, worker=node.process_name(), lease_seconds=settings.LEASE_SECONDS)
    if claimed is None:
        return None
    node.count(claims=1)
    if claimed.attempts > MOST_REPLAY_ATTEMPTS:
        fail(claimed, _UNSEEN.format(claimed.attempts - 1))
        return None
    return claimed


def _counted(claimed: Claim | SliceClaim) -> None:
    """Count a claim; where a lease had run out, the run's events say that its worker was lost."""
    node.count(claims=1)
    if claimed.took_over:
        event = NewEvent(EventType.WORKER_LOST, _SILENT, EventLevel.WARNING)
        services.record_event(instance_id=claimed.instance_id, event=event)


def is_poisoned(claimed: Claim | SliceClaim) -> bool:
    """Whether so many workers died of a step that it has to be taken apart."""
    return claimed.crashes >= CRASHES_TO_SPLIT or claimed.attempts > settings.MAXIMUM_ATTEMPTS // 2


def is_given_up(claimed: Claim | SliceClaim) -> bool:
    """Whether a step has used up its attempts."""
    return claimed.crashes >= int(settings.MAXIMUM_CRASHES) or claimed.attempts > int(settings.MAXIMUM_ATTEMPTS)


def fail(claimed: Claim | SliceClaim | ReplayClaim, message: str) -> None:
    """The run has failed; its completed generations and its checkpoint stay, and it may be resumed. Of a replay it alone has.

    Nothing happens where the claim was lost meanwhile.
    """
    node.count(failed=1)
    services.renew_connection()
    if isinstance(claimed, ReplayClaim):
        with contextlib.suppress(Fenced, *NO_ANSWER):
            services.fail_replay(claim=claimed, failure=message)
            announce_next_replay()
        return
    with contextlib.suppress(Fenced, *NO_ANSWER), fenced(claimed) as instance:
        instance.failure_message = message
        instance.stop_reason = StopReason.ERROR.value
        event = enter(instance, InstanceState.FAILED)
        services.finish_commit(instance=instance, events=[event] if event else [])


def fenced(claimed: Claim | SliceClaim) -> contextlib.AbstractContextManager[Instance]:
    """A transaction on the run's row that only the holder of the claim gets through. Raises Fenced."""
    if isinstance(claimed, SliceClaim):
        return services.fenced_slice(claimed)
    return services.fenced(claimed, lease_seconds=settings.LEASE_SECONDS)


def extend(claimed: Claim | SliceClaim | ReplayClaim, seconds: float) -> None:
    """The lease lasts so many seconds from now. Raises Fenced where it is no longer ours."""
    if isinstance(claimed, ReplayClaim):
        services.extend_replay(claim=claimed, lease_seconds=seconds)
        return
    if isinstance(claimed, SliceClaim):
        services.extend_slice(claim=claimed, lease_seconds=seconds)
    else:
        services.extend(claim=claimed, lease_seconds=seconds)


def hand_back(claimed: Claim | SliceClaim | ReplayClaim) -> None:
    """The step is free as if it had not been claimed, and others are told; its worker is to stop."""
    services.renew_connection()
    with contextlib.suppress(*NO_ANSWER):
        if isinstance(claimed, ReplayClaim):
            services.hand_back_replay(claim=claimed)
            announce_next_replay()
            return
        if isinstance(claimed, SliceClaim):
            services.hand_back_slice(claim=claimed)
        else:
            services.hand_back(claim=claimed)
        announce([claimed.instance_id])


def back_off(claimed: Claim | SliceClaim | ReplayClaim, why: object) -> None:
    """Free the step for a later try; where not even that can be written, the lease runs out.

    Trouble that stays is told in the run's events.
    """
    if isinstance(claimed, ReplayClaim) and claimed.troubles + 1 >= TROUBLES_TO_TELL:
        fail(claimed, f"It was tried {TROUBLES_TO_TELL} times, and could not be done now ({why}). Ask again later.")
        return
    services.renew_connection()
    with contextlib.suppress(*NO_ANSWER):
        if isinstance(claimed, ReplayClaim):
            services.back_off_replay(claim=claimed)
            return
        if isinstance(claimed, SliceClaim):
            services.back_off_slice(claim=claimed)
        else:
            services.back_off(claim=claimed)
        if claimed.troubles + 1 == TROUBLES_TO_TELL:
            event = NewEvent(EventType.NOTE, f"{_TROUBLE} ({why}).", EventLevel.WARNING)
            services.record_event(instance_id=claimed.instance_id, event=event)
