"""States of a run that somebody outside asks for, and its end."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from database.errors import Conflict, NotFound
from database.models import ACTIVE, ENDED, EventType, Instance, InstanceState, Slice, WorkItem
from database.outcomes import Outcome, outcome_of, why_not_resumed
from database.services.events import NewEvent, append
from database.services.leases import FREE, slice_is_held
from database.services.pruning import FINAL, clear
from database.services.slices import take_up_slices


def change_state(
    *, instance_id: int, transitions: Mapping[str, str], event: NewEvent, only_free: bool = False, raise_epoch: bool = False
) -> Instance:
    """The instance goes from one of the states named to the one that follows it, with an event.

    Raises:
        NotFound: there is no such instance.
        Conflict: it is in none of these states, or a worker has it although `only_free`.
    """
    with transaction.atomic():
        free = FREE & ~slice_is_held() if only_free else Q()
        if not Instance.objects.filter(free, pk=instance_id, state__in=list(transitions)).update(updated_at=Now()):
            raise _why_not(instance_id, transitions)
        instance = Instance.objects.get(pk=instance_id)
        instance.state = transitions[instance.state]
        if raise_epoch:
            instance.epoch += 1
            instance.lease_until, instance.claimed_by = None, ""
            instance.attempts = instance.crashes = instance.troubles = 0
            take_up_slices(instance=instance)
        if instance.state in ENDED:
            instance.ended_at = instance.updated_at
            instance.pending_slices = None
            Slice.objects.filter(instance=instance).delete()
        else:
            instance.ended_at = instance.stop_reason = instance.stop_explanation = instance.failure_message = None
        if instance.state == InstanceState.CANCELLED:
            instance.stop_reason = "CANCELLED"
        append(instance, NewEvent(event.type, event.message, event.level, data=_told(instance)))
        instance.save()
    return instance


def resume(*, instance_id: int, event: NewEvent, revived: NewEvent) -> Instance:
    """A paused or failed run is queued again, as a new attempt.

    One that had died out is revived: it is marked as not reproducible, with the event `revived`, because what made
    its agents fail may have been changed meanwhile.

    Raises:
        NotFound: there is no such instance.
        Conflict: it is in no state that it can be resumed from, or it cannot go on.
    """
    with transaction.atomic():
        rows = Instance.objects.select_for_update(of=("self",)).filter(pk=instance_id)
        before = rows.select_related("work_item").defer("work_item__staged").first()
        if before is not None and (reason := why_not_resumed(before)):
            raise Conflict(reason)
        resumable: dict[str, str] = dict.fromkeys(("PAUSED", "FAILED"), InstanceState.QUEUED)
        instance = change_state(instance_id=instance_id, transitions=resumable, event=event, raise_epoch=True)
        if before is not None and outcome_of(before.state, before.stop_reason) == Outcome.DIED_OUT:
            instance.reproducible, instance.revived_generation = False, instance.next_generation
            append(instance, replace(revived, generation=instance.next_generation))
            instance.save()
    return instance


def delete_instance(*, instance_id: int) -> None:
    """The run and everything below it are gone. Raises NotFound, or Conflict while it is active.

    First nobody can resume it any more; then its genomes and checkpoints go, few at a time; then the rest. Whoever is killed
    in between leaves an ended run that knows less, and can be deleted again.
    """
    with transaction.atomic():
        instance = Instance.objects.select_for_update().filter(pk=instance_id).first()
        if instance is None:
            raise NotFound(f"There is no run {instance_id}.")
        if instance.state in ACTIVE:
            raise Conflict(f"Run {instance_id} is {instance.state}; cancel it first.")
        _end(instance)
    clear(instance_id, FINAL)
    Instance.objects.filter(pk=instance_id).delete()


def delete_work_item(*, work_item_id: int) -> None:
    """The work item and its runs are gone. Raises NotFound, or Conflict while one of them is active.

    As with one run, it can be interrupted, and done again.
    """
    with transaction.atomic():
        work_item = WorkItem.objects.select_for_update().filter(pk=work_item_id).first()
        if work_item is None:
            raise NotFound(f"There is no work item {work_item_id}.")
        instances = list(work_item.instances.select_for_update().order_by("pk"))
        if any(instance.state in ACTIVE for instance in instances):
            raise Conflict(f"Work item {work_item_id} has active runs; cancel them first.")
        for instance in instances:
            _end(instance)
    for instance in instances:
        clear(instance.pk, FINAL)
    WorkItem.objects.filter(pk=work_item_id).delete()


def _end(instance: Instance) -> None:
    """Nobody can resume the instance."""
    if instance.state not in FINAL:
        event = NewEvent(EventType.STATE_CHANGED, "Cancelled, to be deleted.")
        resumable: dict[str, str] = dict.fromkeys(("PAUSED", "FAILED"), InstanceState.CANCELLED)
        change_state(instance_id=instance.pk, transitions=resumable, event=event, raise_epoch=True)


def _told(instance: Instance) -> dict[str, Any]:
    """What programs are told of a run that has come into another state."""
    outcome = outcome_of(instance.state, instance.stop_reason)
    return {"state": instance.state} | ({} if outcome is None else {"outcome": outcome})


def _why_not(instance_id: int, transitions: Mapping[str, str]) -> Exception:
    """Why no row could change: it is not there, or not in the right state."""
    state = Instance.objects.filter(pk=instance_id).values_list("state", flat=True).first()
    if state is None:
        return NotFound(f"There is no run {instance_id}.")
    return Conflict(f"Run {instance_id} is {state}; expected {' or '.join(transitions)}.")
