"""Claims: the right to work on a step (a generation of a run, a slice of one, or a replay), under a lease."""

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

#: Crashes in the same step after which it is split, to find the agent that causes them.
CRASHES_TO_SPLIT = 2
#: Failed tries of the same step after which an event of the run reports them.
FAILURES_TO_REPORT = 3
#: Workers that a replay may cost, fewer than a run may.
MOST_REPLAY_ATTEMPTS = 3

_CRASHED = (
    "Its worker crashed {} times in the same generation; the work item makes the engine fail. Try other "
    "parameters."
)
_SILENT = "A worker made no progress for the whole of its lease; another goes on from the last generation."
_TRIED_AGAIN = "{} It is tried again and again."
_NO_REPLAY = "No worker survived replaying this episode, {} times."
_LOST = "Its worker was lost {} times in the same generation; it may need more memory than the machine has."


def claim(instance_id: int) -> Claim | None:
    """Claim an instance; None where it is not ready, another worker holds it, or its attempts are used up."""
    claimed = services.claim(
        instance_id=instance_id, worker=node.process_name(), lease_seconds=settings.LEASE_SECONDS,
        profiles=node.profiles()
    )
    if claimed is None:
        return None
    _count(claimed)
    if is_given_up(claimed):
        died = claimed.crashes >= settings.MAXIMUM_CRASHES
        fail(claimed, _CRASHED.format(claimed.crashes) if died else _LOST.format(claimed.attempts - 1))
        return None
    return claimed


def begin(claimed: Claim) -> bool:
    """Set a claimed instance running; a pause or cancel that was asked for meanwhile takes effect now.

    A generation whose slices are all done is closed first; one that still waits for slices is left to them.

    Returns:
        Whether the instance can be worked on.
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
    """Claim a slice; None where it is done, another worker holds it, or its run does not go on."""
    claimed = services.claim_slice(
        slice_id=slice_id, worker=node.process_name(), lease_seconds=settings.LEASE_SECONDS,
        profiles=node.profiles()
    )
    if claimed is not None:
        _count(claimed)
    return claimed


def claim_replay(replay_id: int) -> ReplayClaim | None:
    """Claim a replay.

    Returns:
        The claim; None where the replay does not wait any more, another worker holds it, or its attempts are
        used up.
    """
    claimed = services.claim_replay(
        replay_id=replay_id, worker=node.process_name(), lease_seconds=settings.LEASE_SECONDS
    )
    if claimed is None:
        return None
    node.count(claims=1)
    if claimed.attempts > MOST_REPLAY_ATTEMPTS:
        fail(claimed, _NO_REPLAY.format(claimed.attempts - 1))
        return None
    return claimed


def _count(claimed: Claim | SliceClaim) -> None:
    """Count a claim; where a lease had run out, record the event that its worker was lost."""
    node.count(claims=1)
    if claimed.took_over:
        event = NewEvent(EventType.WORKER_LOST, _SILENT, EventLevel.WARNING)
        services.record_event(instance_id=claimed.instance_id, event=event)


def is_poisoned(claimed: Claim | SliceClaim) -> bool:
    """Whether so many workers died at a step that it is to be split."""
    return claimed.crashes >= CRASHES_TO_SPLIT or claimed.attempts > settings.MAXIMUM_ATTEMPTS // 2


def is_given_up(claimed: Claim | SliceClaim) -> bool:
    """Whether a step has used up its attempts."""
    return (
        claimed.crashes >= int(settings.MAXIMUM_CRASHES) or claimed.attempts > int(settings.MAXIMUM_ATTEMPTS)
    )


def fail(claimed: Claim | SliceClaim | ReplayClaim, message: str) -> None:
    """Fail the run of a claim, or, where it is a replay's, the replay alone.

    Completed generations and the checkpoint stay, and the run may be resumed. Nothing happens where the claim
    was lost meanwhile.
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
    """Open a transaction on the run's row that only the holder of the claim can begin.

    Raises:
        Fenced: another worker holds the step.
    """
    if isinstance(claimed, SliceClaim):
        return services.fenced_slice(claimed)
    return services.fenced(claimed, lease_seconds=settings.LEASE_SECONDS)


def extend(claimed: Claim | SliceClaim | ReplayClaim, seconds: float) -> None:
    """Extend the lease to so many seconds from now.

    Raises:
        Fenced: another worker holds the step.
    """
    if isinstance(claimed, ReplayClaim):
        services.extend_replay(claim=claimed, lease_seconds=seconds)
        return
    if isinstance(claimed, SliceClaim):
        services.extend_slice(claim=claimed, lease_seconds=seconds)
    else:
        services.extend(claim=claimed, lease_seconds=seconds)


def hand_back(claimed: Claim | SliceClaim | ReplayClaim) -> None:
    """Free the step as if it had not been claimed, and announce it; its worker is to stop."""
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


def back_off(
    claimed: Claim | SliceClaim | ReplayClaim, why: str, *, tries_to_report: int = FAILURES_TO_REPORT
) -> None:
    """Free the step for a later try; where not even that can be written, the lease runs out.

    After some tries an event of the run reports the failure; a replay fails after `FAILURES_TO_REPORT`.

    Args:
        why: a sentence.
        tries_to_report: number of the failed try that is reported.
    """
    if isinstance(claimed, ReplayClaim) and claimed.troubles + 1 >= FAILURES_TO_REPORT:
        fail(
            claimed,
            f"It was tried {FAILURES_TO_REPORT} times, and could not be done now: {why} Ask again later."
        )
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
        if claimed.troubles + 1 == tries_to_report:
            event = NewEvent(EventType.NOTE, _TRIED_AGAIN.format(why), EventLevel.WARNING)
            services.record_event(instance_id=claimed.instance_id, event=event)
