"""State changes of runs that users request, and the deletion of runs."""

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
from database.services.leases import charge_revoked, slice_is_held
from database.services.pruning import FINAL, clear
from database.services.shares import arrive, leave, turn_order
from database.services.slices import take_up_slices


def change_state(
    *, instance_id: int, transitions: Mapping[str, str], event: NewEvent, only_free: bool = False,
    raise_epoch: bool = False
) -> Instance:
    """Change the state of an instance, with an event, and return it.

    Args:
        transitions: new state by old state.
        event: the new state and outcome are added to its data.
        only_free: whether the change is refused while a worker holds the instance or one of its slices.
        raise_epoch: whether to invalidate all claims of the instance and its slices.
    Raises:
        NotFound: there is no such instance.
        Conflict: it is in none of the old states, or `only_free` is set and a worker holds it.
    """
    with transaction.atomic():
        free = Q(claimed_by="") & ~slice_is_held() if only_free else Q()
        changeable = Instance.objects.filter(free, pk=instance_id, state__in=list(transitions))
        if not changeable.update(updated_at=Now()):
            raise _why_not(instance_id, transitions)
        instance = Instance.objects.get(pk=instance_id)
        instance.state = transitions[instance.state]
        if raise_epoch:
            charge_revoked(instance)
            instance.epoch += 1
            instance.lease_until, instance.claimed_by = None, ""
            instance.attempts = instance.crashes = instance.troubles = 0
            take_up_slices(instance=instance)
        if instance.state in ENDED:
            instance.ended_at = instance.updated_at
            instance.pending_slices = None
            Slice.objects.filter(instance=instance).delete()
        else:
            instance.ended_at = instance.stop_reason = None
            instance.stop_explanation = instance.failure_message = None
        if instance.state == InstanceState.CANCELLED:
            instance.stop_reason = "CANCELLED"
        append(instance, replace(event, data={**event.data, **_event_data(instance)}))
        instance.turn_order = turn_order(instance.updated_at, instance.priority)
        instance.save()
        (arrive if instance.state in ACTIVE else leave)(instance.share_id)
    return instance


def resume(*, instance_id: int, event: NewEvent, revived: NewEvent) -> Instance:
    """Queue a paused or failed run again, with attempts counted anew.

    A run that had died out is marked as not reproducible, with the event `revived`, because the cause of its
    agents' failures may have been removed meanwhile.

    Raises:
        NotFound: there is no such instance.
        Conflict: it cannot be resumed from its state, or has no generation left.
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
    """Delete a run and all rows that belong to it.

    The run is first marked, so that it cannot be extended, and cancelled, so that it cannot be resumed; then
    its genomes and checkpoints are deleted in batches, and then the rest. An interrupted deletion leaves an
    ended run without some of its data, and can be repeated.

    Raises:
        NotFound: there is no such run.
        Conflict: it is active.
    """
    with transaction.atomic():
        instance = Instance.objects.select_for_update().filter(pk=instance_id).first()
        if instance is None:
            raise NotFound(f"There is no run {instance_id}.")
        if instance.state in ACTIVE:
            raise Conflict(f"Run {instance_id} is {instance.state}; cancel it first.")
        _end(instance)
    clear(instance_id)
    Instance.objects.filter(pk=instance_id).delete()


def delete_work_item(*, work_item_id: int) -> None:
    """Delete a work item and its runs; as with one run, an interrupted deletion can be repeated.

    Raises:
        NotFound: there is no such work item.
        Conflict: one of its runs is active.
    """
    with transaction.atomic():
        runs = Instance.objects.select_for_update().filter(work_item=work_item_id)
        instances = list(runs.order_by("pk"))  # their rows are locked before that of the work item
        if not WorkItem.objects.select_for_update().filter(pk=work_item_id).exists():
            raise NotFound(f"There is no work item {work_item_id}.")
        if any(instance.state in ACTIVE for instance in instances):
            raise Conflict(f"Work item {work_item_id} has active runs; cancel them first.")
        for instance in instances:
            _end(instance)
    for instance in instances:
        clear(instance.pk)
    WorkItem.objects.filter(pk=work_item_id).delete()


def _end(instance: Instance) -> None:
    """Mark an instance whose row is locked as being deleted, and cancel it where it could be resumed."""
    Instance.objects.filter(pk=instance.pk).update(is_being_deleted=True)
    if instance.state not in FINAL:
        event = NewEvent(EventType.STATE_CHANGED, "Cancelled, to be deleted.")
        resumable: dict[str, str] = dict.fromkeys(("PAUSED", "FAILED"), InstanceState.CANCELLED)
        change_state(instance_id=instance.pk, transitions=resumable, event=event, raise_epoch=True)


def _event_data(instance: Instance) -> dict[str, Any]:
    """Return the data of a STATE_CHANGED event: the state, and the outcome where there is one."""
    outcome = outcome_of(instance.state, instance.stop_reason)
    return {"state": instance.state} | ({} if outcome is None else {"outcome": outcome})


def _why_not(instance_id: int, transitions: Mapping[str, str]) -> Exception:
    """Return the error for a row that could not change: it does not exist, or is in another state."""
    state = Instance.objects.filter(pk=instance_id).values_list("state", flat=True).first()
    if state is None:
        return NotFound(f"There is no run {instance_id}.")
    return Conflict(f"Run {instance_id} is {state}; expected {' or '.join(transitions)}.")
