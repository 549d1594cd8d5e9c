"""Events of a run."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from database.models import Event, EventLevel, EventType
from database.selectors.generations import at
from database.selectors.paging import Cursor, Page, page_of, whole_key

_LEVELS = list(EventLevel)


def events(
    instance_id: int, *, types: Sequence[str] = (), minimum_level: str | None = None,
    descending: bool = False, first: int = 20, after: Cursor | None = None, after_sequence: int = 0,
) -> Page[Event]:
    """Return events numbered above `after_sequence`, ordered by their number."""
    rows = _rows(instance_id, types, minimum_level).filter(sequence__gt=after_sequence)
    return page_of(rows, whole_key("sequence"), descending=descending, first=first, after=after)


def event(instance_id: int, sequence: int) -> Event | None:
    """Return the event of this number; None where there is none."""
    return Event.objects.filter(instance=instance_id, sequence=sequence).first()


def facts_of_generations(addresses: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Mapping[str, Any]]:
    """Return the data of GENERATION_COMPLETED events by (instance, generation), with one statement."""
    rows = Event.objects.filter(at(addresses, "generation"), type=EventType.GENERATION_COMPLETED)
    found = rows.values_list("instance", "generation", "data")
    return {(run, number): data for run, number, data in found if number is not None}


def unconfirmed(instance_id: int) -> Iterator[Mapping[str, Any]]:
    """Yield the confirmations that agents of the run did not pass, from the data of events, newest first."""
    rows = Event.objects.filter(instance=instance_id, type=EventType.NOTE, data__is_passed=False)
    return rows.order_by("-sequence").values_list("data", flat=True).iterator(chunk_size=100)


def count_events(instance_id: int, *, types: Sequence[str] = (), minimum_level: str | None = None) -> int:
    """Count the events of a run, filtered as in `events`."""
    return _rows(instance_id, types, minimum_level).count()


def _rows(instance_id: int, types: Sequence[str], minimum_level: str | None) -> QuerySet[Event]:
    rows = Event.objects.filter(instance=instance_id)
    if types:
        rows = rows.filter(type__in=types)
    if minimum_level is not None:
        rows = rows.filter(level__in=_LEVELS[_LEVELS.index(EventLevel(minimum_level)) :])
    return rows
