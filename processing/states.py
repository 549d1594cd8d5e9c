"""The states of a run, and the requests of users to pause, resume or cancel it.

    QUEUED -> RUNNING -> SUCCEEDED          a stop rule was met
                      -> FAILED             an error, or all agents of the last generation failed
    RUNNING -> PAUSING -> PAUSED -> QUEUED  (pause, resume); at once where no worker holds it
    any active or paused state -> CANCELLED, or CANCELLING first to let the generation finish

A failed run may be resumed, and one that succeeded may be extended: see `extension.py`. No other run leaves
the state in which it ended.
"""

import contextlib
from collections.abc import Callable

from django.db import transaction

from database import services
from database.errors import Conflict, NotFound
from database.models import ACTIVE, ENDED, EventLevel, EventType, Instance, InstanceState
from database.outcomes import BAD, Outcome, outcome_of, outcome_words
from database.services import NewEvent
from processing import dispatch
from processing.core.types import StopReason

_REVIVED = (
    "It had died out, and goes on from its last parents, or with new agents where there were none. What made "
    "its agents fail may have been changed meanwhile, so the run is not reproducible."
)


def following(state: InstanceState, stop: StopReason | None) -> InstanceState:
    """Return the state of a run after a generation, or at the start of a shift.

    Args:
        stop: why the run ends; None where it goes on. A run that has died out has failed.
    """
    if stop is not None:
        return InstanceState.FAILED if stop == StopReason.EXTINCTION else InstanceState.SUCCEEDED
    return {
        InstanceState.QUEUED: InstanceState.RUNNING,
        InstanceState.PAUSING: InstanceState.PAUSED,
        InstanceState.CANCELLING: InstanceState.CANCELLED,
    }.get(state, state)


def enter(instance: Instance, state: InstanceState, *, aim: bool = False) -> NewEvent | None:
    """Set the state of an instance whose row this process has locked.

    Args:
        aim: whether the work item asks for something to be reached; the wording of an end depends on it.
    Returns:
        The event; None where nothing changed.
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
    """Return the event of an end: the outcome, and why."""
    why = instance.failure_message or (instance.stop_explanation or {}).get("message")
    sentence = outcome_words(outcome, aim=aim).capitalize()
    return NewEvent(
        EventType.STATE_CHANGED, f"{sentence}: {why}" if why else f"{sentence}.",
        EventLevel.ERROR if outcome in BAD else EventLevel.INFO,
        data={"state": instance.state, "outcome": outcome},
    )


def paused(instance: Instance) -> NewEvent | None:
    """Pause a run that was to be paused, unless a worker holds a slice of it; its row is locked.

    Returns:
        The event; None where nothing changed.
    """
    if instance.state != InstanceState.PAUSING or services.has_held_slices(instance=instance):
        return None
    return enter(instance, InstanceState.PAUSED)


def settle(instance_id: int) -> None:
    """Pause a run that was to be paused and of which no worker holds a step; else nothing happens."""
    event = NewEvent(EventType.STATE_CHANGED, "Paused.")
    with contextlib.suppress(Conflict, NotFound):
        services.change_state(
            instance_id=instance_id, event=event, only_free=True, raise_epoch=True,
            transitions={InstanceState.PAUSING: InstanceState.PAUSED},
        )


def pause(instance_id: int) -> Instance:
    """Pause a run: agents that are evaluated are kept, and no further one is begun.

    Raises:
        NotFound, Conflict.
    """
    event = NewEvent(EventType.STATE_CHANGED, "Pause asked for.")
    return _at_once_or_later(
        instance_id, event,
        {InstanceState.QUEUED: InstanceState.PAUSED, InstanceState.RUNNING: InstanceState.PAUSED},
        {InstanceState.QUEUED: InstanceState.PAUSING, InstanceState.RUNNING: InstanceState.PAUSING},
    )


def resume(instance_id: int) -> Instance:
    """Let a paused run go on, or a failed one as a new attempt; a pause that is not yet reached is withdrawn.

    A run that has died out goes on from its last parents; its strategy's counters towards an end start anew.

    Raises:
        NotFound, Conflict: also where no generation is left.
    """
    event = NewEvent(EventType.STATE_CHANGED, "Resumed.")
    with contextlib.suppress(Conflict):
        withdrawn: dict[str, str] = {InstanceState.PAUSING: InstanceState.RUNNING}
        instance = services.change_state(instance_id=instance_id, event=event, transitions=withdrawn)
        dispatch.wake()  # slices that no worker began while the run was to pause
        return instance
    with transaction.atomic():
        revived = NewEvent(EventType.NOTE, _REVIVED, EventLevel.WARNING)
        instance = services.resume(instance_id=instance_id, event=event, revived=revived)
        transaction.on_commit(dispatch.wake)
    return instance


def cancel(instance_id: int, *, immediately: bool = True) -> Instance:
    """End a run; completed generations stay.

    Args:
        immediately: whether the generation under way is dropped; otherwise it is finished and kept too.
    Raises:
        NotFound, Conflict.
    """
    event = NewEvent(EventType.STATE_CHANGED, "Cancelled." if immediately else "Cancel asked for.")
    every = dict.fromkeys(
        ("QUEUED", "RUNNING", "PAUSING", "PAUSED", "CANCELLING"), InstanceState.CANCELLED
    )
    if immediately:
        return services.change_state(
            instance_id=instance_id, transitions=every, event=event, raise_epoch=True
        )
    later = dict.fromkeys(("QUEUED", "RUNNING", "PAUSING"), InstanceState.CANCELLING)
    del every["CANCELLING"]
    return _at_once_or_later(instance_id, event, every, later)


def _at_once_or_later(
    instance_id: int, event: NewEvent, at_once: dict[str, InstanceState], later: dict[str, InstanceState]
) -> Instance:
    """Change the state at once where no worker holds the instance; else ask its worker to change it later."""
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
