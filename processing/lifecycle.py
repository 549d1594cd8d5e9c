"""The state machine of a run: who may work on it, and what its states follow from.

    QUEUED -> RUNNING -> SUCCEEDED          a stop rule was met
                      -> FAILED             an error, or all agents of the last generation failed; may be resumed
    RUNNING -> PAUSING -> PAUSED -> QUEUED  (pause, resume); at once where nobody works on it
    any active or paused state -> CANCELLED, or CANCELLING first to let the generation finish
"""

import contextlib
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.db import transaction

from database import services, steps
from database.errors import NO_ANSWER, Conflict, Fenced
from database.models import ACTIVE, ENDED, EventLevel, EventType, Instance, InstanceState, Replay
from database.outcomes import BAD, Outcome, outcome_of, outcome_words
from database.services import Claim, NewEvent, ReplayClaim, SliceClaim
from processing import dispatch, node
from processing.core.types import StopReason

#: Crashes in the same step after which it is taken apart, to find the agent that they come from.
CRASHES_TO_SPLIT = 2
#: Troubles in the same step after which the run's events tell of them.
TROUBLES_TO_TELL = 3
#: Messages for each ready step beyond which the sweep adds none, and the time after which a step is announced again.
MOST_MESSAGES_A_STEP, LONG_SECONDS = 4, 60.0
#: Workers that a replay may cost; it is worth fewer than a run.
MOST_REPLAY_ATTEMPTS = 3

_CRASHED = "Its worker crashed {} times in the same generation; the work item makes the engine fail. Try other parameters."
_SILENT = "A worker made no progress for the whole of its lease; another goes on from the last generation."
_TROUBLE = "The work cannot be stored; it is tried again and again"
_UNSEEN = "No worker survived replaying this episode, {} times."
_LOST = "Its worker was lost {} times in the same generation; it may need more memory than the machine has."
_REVIVED = (
    "It had died out, and goes on from its last parents, or with new agents where there were none. What made its "
    "agents fail may have been changed meanwhile, so the run is not reproducible."
)


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
        services.tell(instance_id=claimed.instance_id, event=event)


def is_poisoned(claimed: Claim | SliceClaim) -> bool:
    """Whether so many workers died of a step that it has to be taken apart."""
    return claimed.crashes >= CRASHES_TO_SPLIT or claimed.attempts > settings.MAXIMUM_ATTEMPTS // 2


def is_given_up(claimed: Claim | SliceClaim) -> bool:
    """Whether a step has used up its attempts."""
    return claimed.crashes >= int(settings.MAXIMUM_CRASHES) or claimed.attempts > int(settings.MAXIMUM_ATTEMPTS)


def following(state: InstanceState, stop: StopReason | None) -> InstanceState:
    """The state of a run after a generation, or at the start of a shift; one that has died out has failed."""
    if stop is not None:
        return InstanceState.FAILED if stop == StopReason.EXTINCTION else InstanceState.SUCCEEDED
    return {
        InstanceState.QUEUED: InstanceState.RUNNING,
        InstanceState.PAUSING: InstanceState.PAUSED,
        InstanceState.CANCELLING: InstanceState.CANCELLED,
    }.get(state, state)


def enter(instance: Instance, state: InstanceState, *, aim: bool = False) -> NewEvent | None:
    """Change the row of an instance that is ours to this state; the event of that, None where nothing changed.

    Args:
        aim: whether its work item asks for something to be reached; words of its end depend on that.
    """
    if instance.state == state:
        return None
    instance.state = state
    if instance.started_at is None and state == InstanceState.RUNNING:
        instance.started_at = instance.updated_at
    if state in ENDED:
        instance.ended_at = instance.updated_at
    if state == InstanceState.CANCELLED:
        instance.stop_reason = StopReason.CANCELLED.value
    if state != InstanceState.RUNNING:
        instance.lease_until, instance.claimed_by = None, ""
    if state not in ACTIVE and instance.pending_slices:
        services.leave_slices(instance=instance)
    outcome = outcome_of(state, instance.stop_reason)
    return _entered(state) if outcome is None else _ended(instance, outcome, aim=aim)


def _entered(state: InstanceState) -> NewEvent:
    return NewEvent(EventType.STATE_CHANGED, f"{state.capitalize()}.", data={"state": state})


def _ended(instance: Instance, outcome: Outcome, *, aim: bool) -> NewEvent:
    """What is told of an end: the outcome, and why."""
    why = instance.failure_message or (instance.stop_explanation or {}).get("message")
    words = outcome_words(outcome, aim=aim).capitalize()
    return NewEvent(
        EventType.STATE_CHANGED, f"{words}: {why}" if why else f"{words}.",
        EventLevel.ERROR if outcome in BAD else EventLevel.INFO,
        data={"state": instance.state, "outcome": outcome},
    )


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
            services.tell(instance_id=claimed.instance_id, event=event)


def pause(instance_id: int) -> Instance:
    """Nothing new is begun; a generation under way is finished and kept. Raises NotFound, Conflict."""
    event = NewEvent(EventType.STATE_CHANGED, "Pause asked for.")
    return _at_once_or_later(
        instance_id, event,
        {InstanceState.QUEUED: InstanceState.PAUSED, InstanceState.RUNNING: InstanceState.PAUSED},
        {InstanceState.QUEUED: InstanceState.PAUSING, InstanceState.RUNNING: InstanceState.PAUSING},
    )


def resume(instance_id: int) -> Instance:
    """A paused run goes on, or a failed one as a new attempt; a pause not yet reached is withdrawn.

    One that had died out goes on from its last parents, what its strategy counts towards an end counted anew.

    Raises:
        NotFound, Conflict: also where no generation is left.
    """
    event = NewEvent(EventType.STATE_CHANGED, "Resumed.")
    with contextlib.suppress(Conflict):
        withdrawn: dict[str, str] = {InstanceState.PAUSING: InstanceState.RUNNING}
        instance = services.change_state(instance_id=instance_id, event=event, transitions=withdrawn)
        announce([instance_id])  # slices that nobody began while it was to pause
        return instance
    with transaction.atomic():
        revived = NewEvent(EventType.NOTE, _REVIVED, EventLevel.WARNING)
        instance = services.resume(instance_id=instance_id, event=event, revived=revived)
        transaction.on_commit(lambda: announce([instance_id]))
    return instance


def cancel(instance_id: int, *, immediately: bool = True) -> Instance:
    """The run ends; completed generations stay. Not `immediately`, the one under way is finished and kept too.

    Raises:
        NotFound, Conflict.
    """
    event = NewEvent(EventType.STATE_CHANGED, "Cancelled." if immediately else "Cancel asked for.")
    every = dict.fromkeys(
        ("QUEUED", "RUNNING", "PAUSING", "PAUSED", "CANCELLING"), InstanceState.CANCELLED
    )
    if immediately:
        return services.change_state(instance_id=instance_id, transitions=every, event=event, raise_epoch=True)
    later = dict.fromkeys(("QUEUED", "RUNNING", "PAUSING"), InstanceState.CANCELLING)
    del every["CANCELLING"]
    return _at_once_or_later(instance_id, event, every, later)


def sweep() -> int:
    """Send a message for each step that is ready or whose lease ran out, unless enough are under way. How many.

    It is the only recovery there is. While at least as many messages wait as there are steps, none was lost as far as can
    be told, and only steps that waited for long are announced again: so the queue stays bounded.
    """
    adopt()
    runs, slices, waiting = steps.ready_instances(), steps.ready_slices(most=_most_slices()), dispatch.waiting()
    replays = steps.ready_replays(most=_most_slices())
    ready = len(runs) + len(slices) + len(replays)
    if waiting is None or waiting >= max(1, MOST_MESSAGES_A_STEP * ready):
        return 0
    if waiting >= ready:
        runs = steps.ready_instances(waited_seconds=LONG_SECONDS)
        slices = steps.ready_slices(waited_seconds=LONG_SECONDS, most=_most_slices())
        replays = steps.ready_replays(waited_seconds=LONG_SECONDS, most=_most_slices())
    dispatch.send(dispatch.ADVANCE, runs)
    dispatch.send(dispatch.EVALUATE, slices)
    dispatch.send(dispatch.REPLAY, replays)
    return len(runs) + len(slices) + len(replays)


def adopt() -> None:
    """Runs whose numeric profile no worker has any more are given to one that is there, and marked."""
    services.adopt(patience_seconds=settings.ADOPTION_SECONDS)


def announce(instance_ids: Iterable[int]) -> None:
    """Send a message for each step of these runs that is ready; of many slices, for the first ones."""
    numbers = list(instance_ids)
    if numbers:
        dispatch.send(dispatch.ADVANCE, steps.ready_instances(only=numbers))
        dispatch.send(dispatch.EVALUATE, steps.ready_slices(only=numbers, most=_most_slices()))


def announce_next(instance_id: int) -> None:
    """A slice of this run is done: send one message more. A slice that is left out for that is the first at the end."""
    dispatch.send(dispatch.ADVANCE, steps.ready_instances(only=[instance_id]))
    most = _most_slices()
    ready = steps.ready_slices(only=[instance_id], most=most)
    dispatch.send(dispatch.EVALUATE, ready[-1:] if len(ready) == most else ready[:1])


def request_replay(
    *, instance_id: int, generation: int, index: int, episode: int, with_pictures: bool, owner: Any
) -> Replay:
    """An episode will be replayed, unless it was; where it stands. Raises NotFound, TooMany."""
    with transaction.atomic():
        replay, is_new = services.request_replay(
            instance_id=instance_id, generation=generation, index=index, episode=episode, with_pictures=with_pictures,
            owner=owner,
        )
        if is_new:
            ready = [each for each in steps.ready_replays(most=_most_slices()) if each[0] == replay.pk]
            transaction.on_commit(lambda: dispatch.send(dispatch.REPLAY, ready))
    return replay


def announce_next_replay() -> None:
    """A replay is done, or free again: send one message more. Of many only the first are announced, as it is with slices."""
    most = _most_slices()
    ready = steps.ready_replays(most=most)
    dispatch.send(dispatch.REPLAY, ready[-1:] if len(ready) == most else ready[:1])


def _most_slices() -> int:
    """Slices of a run that are announced at a time, so that other runs need not wait for all of them."""
    return 2 * int(settings.NUMBER_OF_WORKERS) * int(settings.PROCESSES_A_WORKER)


def worker_died(worker: str, *, crashed: bool) -> None:
    """Free what a worker held that is dead for certain, so that another goes on at once."""
    what = "crashed" if crashed else "was lost"
    message = f"Worker {worker} {what}; another goes on from the last generation."
    announce(services.release_worker(worker=worker, crashed=crashed, message=message))


def worker_stopped(worker: str) -> None:
    """Free what a worker held that was told to stop; that is no attempt."""
    announce(services.release_worker(worker=worker, crashed=None, message=f"Worker {worker} was stopped."))


def _at_once_or_later(
    instance_id: int, event: NewEvent, at_once: dict[str, InstanceState], later: dict[str, InstanceState]
) -> Instance:
    """Change the state at once where nobody works on the instance; else ask whoever does."""
    changes: tuple[Callable[[], Instance], ...] = (
        lambda: services.change_state(
            instance_id=instance_id, transitions=dict(at_once), event=event, only_free=True, raise_epoch=True
        ),
        lambda: services.change_state(instance_id=instance_id, transitions=dict(later), event=event),
    )
    try:
        return changes[0]()
    except Conflict:
        return changes[1]()
