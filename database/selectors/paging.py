"""Keyset pagination: as fast at the millionth row as at the first, and stable while rows are added."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db.models import F, Model, Q, QuerySet

T = TypeVar("T")
M = TypeVar("M", bound=Model)

#: Position of a row in its order, as JSON values: the sort key, then what breaks ties.
Cursor = tuple[Any, ...]

_MOST = 2**63 - 1


class BadCursor(ValueError):
    """The cursor does not belong to this order."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Consecutive rows of a longer list."""

    items: list[T]
    cursors: list[Cursor]  # of each item; the next page starts after it
    has_next: bool


@dataclass(frozen=True, slots=True)
class Key:
    """A sort key: the name of a field, and how its value is written to and read from a cursor."""

    name: str
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]

    def value(self, row: Model) -> Any:
        """Return a row's value of this key as a JSON value; None for null."""
        value: Any = row
        for attribute in self.name.split("__"):
            value = getattr(value, attribute)
        return None if value is None else self.write(value)


def _whole(value: Any) -> int:
    if type(value) is not int or abs(value) > _MOST:
        raise TypeError("expected a whole number")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("expected a text")
    return value


def instant_key(name: str) -> Key:
    """Return a key for a time."""
    return Key(
        name, lambda value: value.isoformat(), lambda value: _aware(datetime.fromisoformat(_text(value)))
    )


def number_key(name: str) -> Key:
    """Return a key for a float."""
    return Key(name, float, lambda value: float(value if isinstance(value, float) else _whole(value)))


def whole_key(name: str) -> Key:
    """Return a key for an integer."""
    return Key(name, int, _whole)


def text_key(name: str) -> Key:
    """Return a key for a string."""
    return Key(name, str, _text)


def span_key(name: str) -> Key:
    """Return a key for a duration."""
    return Key(
        name, lambda value: value // timedelta(microseconds=1),
        lambda value: timedelta(microseconds=_whole(value))
    )


def page_of(rows: QuerySet[M], key: Key, *, descending: bool, first: int, after: Cursor | None) -> Page[M]:
    """Return the `first` rows after the cursor.

    Ties are ordered by primary key, and rows without a value come last.

    Raises:
        BadCursor: the cursor belongs to another order.
    """
    ordered = rows.order_by(*_ordering(key.name, descending))
    if after is not None:
        ordered = ordered.filter(_after(key, after, descending))
    found = list(ordered[: first + 1])
    items = found[:first]
    return Page(items, [(key.value(row), row.pk) for row in items], len(found) > first)


def _ordering(name: str, descending: bool) -> tuple[Any, ...]:
    if descending:
        return F(name).desc(nulls_last=True), "-pk"
    return F(name).asc(nulls_last=True), "pk"


def _after(key: Key, after: Cursor, descending: bool) -> Q:
    """Return the condition that a row comes after the cursor."""
    compare = "lt" if descending else "gt"
    try:
        raw, number = after
        _whole(number)
        value = None if raw is None else key.read(raw)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadCursor(f"expected a cursor of this order, got {after!r:.80}") from error
    name, tie = key.name, Q(**{f"pk__{compare}": number})
    if value is None:
        return Q(**{f"{name}__isnull": True}) & tie
    return Q(**{f"{name}__{compare}": value}) | Q(**{f"{name}__isnull": True}) | (Q(**{name: value}) & tie)


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise TypeError("expected a time with its offset")
    return value
