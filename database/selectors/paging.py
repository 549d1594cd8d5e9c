"""Pages that follow each other by key: as fast at the millionth row as at the first, and steady while rows are added."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db.models import F, Model, Q, QuerySet

T = TypeVar("T")
M = TypeVar("M", bound=Model)

#: Where a row stands in its order: the value it is ordered by, then what tells ties apart. JSON values.
Cursor = tuple[Any, ...]

_MOST = 2**63 - 1


class BadCursor(ValueError):
    """The cursor does not belong to this order."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a longer list."""

    items: list[T]
    cursors: list[Cursor]  # of each item, to go on behind it
    has_next: bool


@dataclass(frozen=True, slots=True)
class Key:
    """What rows are ordered by: a field's name, and its form in a cursor."""

    name: str
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]

    def value(self, row: Model) -> Any:
        """The cursor's form of a row's value."""
        value: Any = row
        for part in self.name.split("__"):
            value = getattr(value, part)
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
    """A key that is a time."""
    return Key(name, lambda value: value.isoformat(), lambda value: _aware(datetime.fromisoformat(_text(value))))


def number_key(name: str) -> Key:
    """A key that is a float."""
    return Key(name, float, lambda value: float(value if isinstance(value, float) else _whole(value)))


def whole_key(name: str) -> Key:
    """A key that is a whole number."""
    return Key(name, int, _whole)


def text_key(name: str) -> Key:
    """A key that is a text."""
    return Key(name, str, _text)


def span_key(name: str) -> Key:
    """A key that is a length of time."""
    return Key(
        name, lambda value: value // timedelta(microseconds=1), lambda value: timedelta(microseconds=_whole(value))
    )


def page_of(rows: QuerySet[M], key: Key, *, descending: bool, first: int, after: Cursor | None) -> Page[M]:
    """`first` rows behind the cursor; ties by the rows' own number, rows without a value last.

    Raises:
        BadCursor: the cursor is not one of this order.
    """
    ordered = rows.order_by(*_ordering(key.name, descending))
    if after is not None:
        ordered = ordered.filter(_behind(key, after, descending))
    found = list(ordered[: first + 1])
    items = found[:first]
    return Page(items, [(key.value(row), row.pk) for row in items], len(found) > first)


def _ordering(name: str, descending: bool) -> tuple[Any, ...]:
    if descending:
        return F(name).desc(nulls_last=True), "-pk"
    return F(name).asc(nulls_last=True), "pk"


def _behind(key: Key, after: Cursor, descending: bool) -> Q:
    """The rows that come after the cursor's."""
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
