"""Events, numbered without gaps within their run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from database.models import ACTIVE, Event, EventLevel, EventType, Instance
from database.services.clock import database_now


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that has no number yet."""

    type: EventType
    message: str
    level: EventLevel = EventLevel.INFO
    generation: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


def append(instance: Instance, *events: NewEvent) -> None:
    """Write events of an instance whose row the caller has locked; the caller saves its `event_sequence`.

    Their time is the instance's `updated_at`.
    """
    first = instance.event_sequence + 1
    instance.event_sequence += len(events)
    Event.objects.bulk_create([
        Event(
            instance=instance, sequence=sequence, type=event.type, level=event.level, message=event.message,
            generation=event.generation, data=dict(event.data), created_at=instance.updated_at,
        )
        for sequence, event in enumerate(events, first)
    ])


def record_event(*, instance_id: int, event: NewEvent) -> None:
    """Write an event of an active run, without its lease; do nothing where the run has ended."""
    with transaction.atomic():
        instance = Instance.objects.select_for_update().filter(pk=instance_id, state__in=ACTIVE).first()
        if instance is None:
            return
        instance.updated_at = database_now()
        append(instance, event)
        instance.save(update_fields=["event_sequence", "updated_at"])
