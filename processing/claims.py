"""Claims: the right to work on a step (a generation of a run, a slice of one, or a replay), under a lease."""

import contextlib
from collections.abc import Callable

from django.conf import settings

from database import services, turns
from database.errors import NO_ANSWER, Fenced
from database.models import EventLevel, EventType, Instance, InstanceState
from database.services import Claim, NewEvent, ReplayClaim, SliceClaim
from database.turns import Found, StepKind
from processing import node
from processing.core.types import StopReason
from processing.states import enter, following

#: Crashes in the same step after which it is split, to find the agent that causes them.
CRASHES_TO_SPLIT = 2
#: Failed tries of the same step after which an event of the run reports them.
FAILURES_TO_REPORT = 3
#: Workers that a replay may cost, fewer than a run may.
MOST_REPLAY_ATTEMPTS = 3
#: Steps that other workers may take while this one is about to claim them.
MOST_LOST_RACES = 100

AnyClaim = Claim | SliceClaim | ReplayClaim

_CRASHED = (
    "Its worker crashed {} times in the same generation; the work item makes the engine fail. Try other "
    "parameters."
)
_TRIED_AGAIN = "{} It is tried again and again."
_NO_REPLAY = "No worker survived replaying this episode, {} times."
_LOST = "Its worker was lost {} times in the same generation; it may need more memory than the machine has."


def claim_next() -> AnyClaim | None:
    """Claim the step whose turn is next among those that this process can do; None where there is none."""
    return _claimed(lambda: turns.next_step(node.abilities()))


def claim_next_of(instance_id: int) -> Claim | SliceClaim | None:
    """Claim the next step of one run; None where there is none, or other workers hold them."""
    claimed = _claimed(lambda: turns.next_step_of(instance_id, node.abilities()))
    assert not isinstance(claimed, ReplayClaim)
    return claimed


def claim_slice_of(instance_id: int) -> SliceClaim | None:
    """Claim the next slice of one run; None where there is none, or the run itself is to be advanced."""
    for _ in range(MOST_LOST_RACES):
        found = turns.next_step_of(instance_id, node.abilities())
        if found is None or found.kind != StepKind.SLICE:
            return None
        if (claimed := claim_slice(found.pk)) is not None:
            return claimed
    return None


def _claimed(next_step: Callable[[], Found | None]) -> AnyClaim | None:
    """Claim what is found; where another worker was faster, look again."""
    for _ in range(MOST_LOST_RACES):
        found = next_step()
        if found is None:
            return None
        if (claimed := _CLAIM[found.kind](found.pk)) is not None:
            return claimed
    return None


def claim(instance_id: int) -> Claim | None:
    """Claim an instance; None where it is not ready, another worker holds it, or its attempts are used up."""
    claimed = services.claim(
        instance_id=instance_id, worker=node.process_name(), lease_seconds=settings.LEASE_SECONDS,
        abilities=node.abilities()
    )
    if claimed is None:
        return None
    node.count(claims=1)
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
    return is_to_close or (instance.state == InstanceState.RUNNING and not waits)


def claim_slice(slice_id: int) -> SliceClaim | None:
    """Claim a slice; None where it is done, another worker holds it, or its run does not go on."""
    claimed = services.claim_slice(
        slice_id=slice_id, worker=node.process_name(), lease_seconds=settings.LEASE_SECONDS,
        abilities=node.abilities()
    )
    if claimed is not None:
        node.count(claims=1)
    return claimed


def claim_replay(replay_id: int) -> ReplayClaim | None:
    """Claim a replay.

    Returns:
        The claim; None where the replay does not wait any more, another worker holds it, or its attempts are
        used up.
    """
    claimed = services.claim_replay(
        replay_id=replay_id, worker=node.process_name(), lease_seconds=settings.LEASE_SECONDS,
        abilities=node.abilities()
    )
    if claimed is None:
        return None
    node.count(claims=1)
    if claimed.attempts > MOST_REPLAY_ATTEMPTS:
        fail(claimed, _NO_REPLAY.format(claimed.attempts - 1))
        return None
    return claimed


_CLAIM: dict[StepKind, Callable[[int], AnyClaim | None]] = {
    StepKind.RUN: claim, StepKind.SLICE: claim_slice, StepKind.REPLAY: claim_replay
}


def name_of(claimed: AnyClaim) -> str:
    """Return what a claim is of, for logs."""
    if isinstance(claimed, ReplayClaim):
        return f"replay {claimed.replay_id} of run {claimed.instance_id}"
    if isinstance(claimed, SliceClaim):
        return f"slice {claimed.slice_id} of run {claimed.instance_id}"
    return f"run {claimed.instance_id}"


def is_poisoned(claimed: Claim | SliceClaim) -> bool:
    """Whether so many workers died at a step that it is to be split."""
    return claimed.crashes >= CRASHES_TO_SPLIT or claimed.attempts > settings.MAXIMUM_ATTEMPTS // 2


def is_given_up(claimed: Claim | SliceClaim) -> bool:
    """Whether a step has used up its attempts."""
    return (
        claimed.crashes >= int(settings.MAXIMUM_CRASHES) or claimed.attempts > int(settings.MAXIMUM_ATTEMPTS)
    )


def fail(claimed: AnyClaim, message: str) -> bool:
    """Fail the run of a claim, or, where it is a replay's, the replay alone.

    Completed generations and the checkpoint stay, and the run may be resumed. Nothing happens where the claim
    was lost meanwhile.

    Returns:
        Whether the claim was valid, and the database has answered.
    """
    node.count(failed=1)
    services.renew_connection()
    with contextlib.suppress(Fenced, *NO_ANSWER):
        if isinstance(claimed, ReplayClaim):
            services.fail_replay(claim=claimed, failure=message)
            return True
        with fenced(claimed) as instance:
            if isinstance(claimed, SliceClaim):
                services.hand_back_slice(claim=claimed)  # those that others hold are revoked
            instance.failure_message = message
            instance.stop_reason = StopReason.ERROR.value
            event = enter(instance, InstanceState.FAILED)
            services.finish_commit(instance=instance, events=[event] if event else [])
        return True
    return False


def fenced(claimed: Claim | SliceClaim) -> contextlib.AbstractContextManager[Instance]:
    """Open a transaction on the run's row that only the holder of the claim can begin.

    Raises:
        Fenced: another worker holds the step.
    """
    if isinstance(claimed, SliceClaim):
        return services.fenced_slice(claimed)
    return services.fenced(claimed, lease_seconds=settings.LEASE_SECONDS)


def extend(claimed: AnyClaim, seconds: float) -> None:
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


def is_to_pause(claimed: AnyClaim) -> bool:
    """Whether the run of a claim is to be paused; a replay goes on.

    Raises:
        Fenced: another worker holds the step, or the run has ended.
    """
    if isinstance(claimed, ReplayClaim):
        services.check_replay(claim=claimed)
        return False
    if isinstance(claimed, SliceClaim):
        state = services.state_of_slice(claim=claimed)
    else:
        state = services.state_of(claim=claimed)
    return state == InstanceState.PAUSING


def hand_back(claimed: AnyClaim) -> bool:
    """Free the step as if it had not been claimed; its worker is to stop.

    Returns:
        Whether the claim was valid, and the database has answered.
    """
    services.renew_connection()
    with contextlib.suppress(*NO_ANSWER):
        if isinstance(claimed, ReplayClaim):
            return services.hand_back_replay(claim=claimed)
        if isinstance(claimed, SliceClaim):
            return services.hand_back_slice(claim=claimed)
        return services.hand_back(claim=claimed)
    return False


def back_off(
    claimed: AnyClaim, why: str, *, tries_to_report: int = FAILURES_TO_REPORT
) -> bool:
    """Free the step for a later try; where not even that can be written, the lease runs out.

    After some tries an event of the run reports the failure; a replay fails after `FAILURES_TO_REPORT`.

    Args:
        why: a sentence.
        tries_to_report: number of the failed try that is reported.
    Returns:
        Whether the claim was valid, and the database has answered.
    """
    if isinstance(claimed, ReplayClaim) and claimed.troubles + 1 >= FAILURES_TO_REPORT:
        return fail(
            claimed,
            f"It was tried {FAILURES_TO_REPORT} times, and could not be done now: {why} Ask again later."
        )
    services.renew_connection()
    is_mine = False
    with contextlib.suppress(*NO_ANSWER):
        is_mine = _backed_off(claimed)
        if is_mine:
            services.keep_up(claimed.share_id)
        if is_mine and not isinstance(claimed, ReplayClaim) and claimed.troubles + 1 == tries_to_report:
            event = NewEvent(
                EventType.NOTE, _TRIED_AGAIN.format(why), EventLevel.WARNING, data={"failed_try": True}
            )
            services.record_event(instance_id=claimed.instance_id, event=event)
    return is_mine


def _backed_off(claimed: AnyClaim) -> bool:
    if isinstance(claimed, ReplayClaim):
        return services.back_off_replay(claim=claimed)
    if isinstance(claimed, SliceClaim):
        return services.back_off_slice(claim=claimed)
    return services.back_off(claim=claimed)
