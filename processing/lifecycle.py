"""The state machine of a run: who may work on it, and what its states follow from.

    QUEUED -> RUNNING -> SUCCEEDED          a stop rule was met
                      -> FAILED             an error only; may be resumed
    RUNNING -> PAUSING -> PAUSED -> QUEUED  (pause, resume); at once where nobody works on it
    any active or paused state -> CANCELLED, or CANCELLING first to let the generation finish
"""

import contextlib
import os
import socket
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, transaction

from database import services, steps
from database.errors import Conflict, Fenced
from database.models import ENDED, EventLevel, EventType, Instance, InstanceState
from database.services import Claim, NewEvent
from processing import dispatch
from processing.core.types import StopReason

#: Messages for each ready step beyond which the sweep adds none, and the time after which a step is announced again.
MOST_MESSAGES_A_STEP, LONG_SECONDS = 4, 60.0

_CRASHED = "Its worker crashed {} times in the same generation; the work item makes the engine fail. Try other parameters."
_LOST = "Its worker was lost {} times in the same generation; it may need more memory than the machine has."


def worker_name() -> str:
    """The name of this process, by which its steps are freed should it die."""
    return os.environ.get("WORKER_NAME") or f"{socket.gethostname()}-{os.getpid()}"


def claim(instance_id: int) -> Claim | None:
    """The right to advance an instance; None where it is not ready, is somebody else's, or has used up its attempts."""
    claimed = services.claim(
        instance_id=instance_id, worker=worker_name(), lease_seconds=settings.LEASE_SECONDS
    )
    if claimed is None:
        return None
    if claimed.crashes >= settings.MAXIMUM_CRASHES:
        fail(claimed, _CRASHED.format(claimed.crashes))
        return None
    if claimed.attempts > settings.MAXIMUM_ATTEMPTS:
        fail(claimed, _LOST.format(claimed.attempts - 1))
        return None
    return claimed


def begin(claimed: Claim) -> InstanceState:
    """The instance runs; what was asked of it while nobody worked on it happens now. Its state after that."""
    with services.fenced(claimed) as instance:
        before = InstanceState(instance.state)
        events = [enter(instance, following(before, None))]
        services.finish_commit(instance=instance, events=[event for event in events if event])
        return InstanceState(instance.state)


def following(state: InstanceState, stop: StopReason | None) -> InstanceState:
    """The state of a run after a generation, or at the start of a shift."""
    if stop is not None:
        return InstanceState.SUCCEEDED
    return {
        InstanceState.QUEUED: InstanceState.RUNNING,
        InstanceState.PAUSING: InstanceState.PAUSED,
        InstanceState.CANCELLING: InstanceState.CANCELLED,
    }.get(state, state)


def enter(instance: Instance, state: InstanceState) -> NewEvent | None:
    """Change the row of an instance that is ours to this state; the event that says so, None where nothing changed."""
    if instance.state == state:
        return None
    instance.state = state
    if instance.started_at is None and state == InstanceState.RUNNING:
        instance.started_at = services.database_now()
    if state in ENDED:
        instance.ended_at = services.database_now()
    if state == InstanceState.CANCELLED:
        instance.stop_reason = StopReason.CANCELLED.value
    if state != InstanceState.RUNNING:
        instance.lease_until, instance.claimed_by = None, ""
    return NewEvent(EventType.STATE_CHANGED, f"{state.capitalize()}.", data={"state": state})


def fail(claimed: Claim, message: str) -> None:
    """The run has failed; its completed generations and its checkpoint stay, and it may be resumed.

    Nothing happens where the claim was lost meanwhile.
    """
    with contextlib.suppress(Fenced), services.fenced(claimed) as instance:
        instance.failure_message = message
        instance.stop_reason = StopReason.ERROR.value
        enter(instance, InstanceState.FAILED)
        event = NewEvent(EventType.STATE_CHANGED, message, EventLevel.ERROR, data={"state": InstanceState.FAILED})
        services.finish_commit(instance=instance, events=[event])


def give_up(claimed: Claim) -> None:
    """Free the step for a later try, which counts; where not even that can be written, the lease runs out."""
    with contextlib.suppress(Fenced, DatabaseError), services.fenced(claimed) as instance:
        instance.lease_until, instance.claimed_by = None, ""
        services.finish_commit(instance=instance, events=[])


def pause(instance_id: int) -> Instance:
    """Nothing new is begun; a generation under way is finished and kept. Raises NotFound, Conflict."""
    event = NewEvent(EventType.STATE_CHANGED, "Pause asked for.")
    return _at_once_or_later(
        instance_id, event,
        {InstanceState.QUEUED: InstanceState.PAUSED, InstanceState.RUNNING: InstanceState.PAUSED},
        {InstanceState.QUEUED: InstanceState.PAUSING, InstanceState.RUNNING: InstanceState.PAUSING},
    )


def resume(instance_id: int) -> Instance:
    """A paused run goes on, or a failed one as a new attempt; a pause not yet reached is withdrawn. Raises NotFound, Conflict."""
    event = NewEvent(EventType.STATE_CHANGED, "Resumed.")
    with contextlib.suppress(Conflict):
        withdrawn: dict[str, str] = {InstanceState.PAUSING: InstanceState.RUNNING}
        return services.change_state(instance_id=instance_id, event=event, transitions=withdrawn)
    with transaction.atomic():
        instance = services.change_state(
            instance_id=instance_id, event=event, raise_epoch=True,
            transitions={InstanceState.PAUSED: InstanceState.QUEUED, InstanceState.FAILED: InstanceState.QUEUED},
        )
        transaction.on_commit(lambda: dispatch.advance(instance_id))
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


def sweep() -> list[int]:
    """Send a message for steps that are ready or whose lease ran out, unless enough are under way. Their numbers.

    It is the only recovery there is. While at least as many messages wait as there are steps, none was lost as far as can
    be told, and only steps that waited for long are announced again: so the queue stays bounded.
    """
    ready, waiting = steps.ready_instances(), dispatch.waiting()
    if waiting is None:
        return []
    if waiting >= len(ready):
        ready = [] if waiting >= MOST_MESSAGES_A_STEP * len(ready) else steps.ready_instances(waited_seconds=LONG_SECONDS)
    dispatch.advance_all(ready)
    return ready


def worker_died(worker: str, *, crashed: bool) -> None:
    """Free what a worker held that is dead for certain, so that another goes on at once."""
    what = "crashed" if crashed else "was lost"
    held = services.release_worker(
        worker=worker, crashed=crashed, message=f"Worker {worker} {what}; another goes on from the last generation."
    )
    dispatch.advance_all(held)


def worker_stopped(worker: str) -> None:
    """Free what a worker held that was told to stop; that is no attempt."""
    services.release_worker(worker=worker, crashed=None, message=f"Worker {worker} was stopped.")


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
