"""Events, numbered without gaps under the row of their run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from database.models import Event, EventLevel, EventType, Instance


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that is not numbered yet."""

    type: EventType
    message: str
    level: EventLevel = EventLevel.INFO
    generation: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


def append(instance: Instance, *events: NewEvent) -> None:
    """Write the next events of an instance whose row is ours in this transaction; its counter is saved by the caller.

    They happen when the row was last written, by the database's clock.
    """
    for event in events:
        instance.event_sequence += 1
        Event.objects.create(
            instance=instance, sequence=instance.event_sequence, type=event.type, level=event.level,
            message=event.message, generation=event.generation, data=dict(event.data), created_at=instance.updated_at,
        )


def finish_commit(*, instance: Instance, events: Sequence[NewEvent]) -> None:
    """Number the events and save the instance's row; the last call inside `fenced`."""
    append(instance, *events)
    instance.save()
