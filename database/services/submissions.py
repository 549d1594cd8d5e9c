"""Acceptance of work items, once for each idempotency key."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from database.models import Event, EventType, Instance, InstanceState, WorkItem
from database.services.clock import database_now
from database.services.events import NewEvent, append
from database.services.shares import new_share, turn_order


def create_work_item(
    *, fields: Mapping[str, Any], seeds: Sequence[int], owner: User | None, started: bool
) -> tuple[WorkItem, list[Instance]]:
    """Create a work item and one instance for each seed, QUEUED or, where not `started`, PAUSED."""
    state = InstanceState.QUEUED if started else InstanceState.PAUSED
    with transaction.atomic():
        now = database_now()
        work_item = WorkItem.objects.create(**fields, submitted_by=owner, created_at=now)
        share = new_share(work_item, owner, has_work=started)
        instances = [
            Instance.objects.create(
                work_item=work_item, replicate=number, seed=seed, state=state, priority=work_item.priority,
                share=share, turn_order=turn_order(now, work_item.priority), created_at=now, updated_at=now,
            )
            for number, seed in enumerate(seeds)
        ]
        for instance in instances:
            append(
                instance,
                NewEvent(EventType.STATE_CHANGED, f"Accepted; {state.lower()}.", data={"state": state})
            )
            instance.save(update_fields=["event_sequence"])
    return work_item, instances


def work_item_of_key(key: str) -> tuple[WorkItem, list[Instance]] | None:
    """Return the work item that was accepted under this idempotency key, and its runs; None where there is
    no such work item.
    """
    found = WorkItem.objects.filter(idempotency_key=key).first()
    return None if found is None else (found, list(found.instances.order_by("replicate")))


def was_started(work_item: WorkItem) -> bool:
    """Whether the work item was accepted with `started`; True where none of its runs is left."""
    first_events = Event.objects.filter(instance__work_item=work_item, sequence=1)
    first = first_events.values_list("data", flat=True).first()
    return first is None or first["state"] == InstanceState.QUEUED
