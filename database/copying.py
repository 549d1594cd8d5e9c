"""Insert rows into PostgreSQL by binary COPY.

Whole arrays are packed into tuples, about a megabyte at a time, without a Python loop over the rows.

Source: PostgreSQL's manual, COPY, "Binary Format".
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import Field, ForeignKey, JSONField, Model
from numpy.typing import NDArray

#: Approximate number of bytes sent at a time.
CHUNK_BYTES = 1 << 20

_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # signature, no flags, no extension
_END = b"\xff\xff"

#: The first byte of a value of the type jsonb; its text follows.
_JSONB_VERSION = b"\x01"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_TYPES = {
    "BigAutoField": "i8", "DateTimeField": "i8", "FloatField": "f8", "PositiveIntegerField": "i4",
    "PositiveSmallIntegerField": "i2",
}

#: A column of N rows: (N,) numbers of its PostgreSQL type's size, (N, size) uint8 bytes, or one value for all
#: rows.
Column = NDArray[np.generic]


def copy_rows(table: str, columns: Sequence[str], tuples: Iterable[bytes]) -> None:
    """Insert rows, packed by `tuples_of`, in the current transaction.

    Columns that are not named get their database defaults.
    """
    quoted = ", ".join(map(connection.ops.quote_name, columns))
    statement = f"COPY {connection.ops.quote_name(table)} ({quoted}) FROM STDIN (FORMAT binary)"
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.cursor.copy_expert(statement, _Stream(tuples), size=2 * CHUNK_BYTES)


def tuples_of(columns: Sequence[Column | None], number: int) -> bytes:
    """Pack `number` rows of these columns; a column that is None is NULL in every row.

    Every tuple has the same length, so the rows are one structured array, filled column by column.
    """
    fields: list[tuple[str, str] | tuple[str, str, tuple[int]]] = [("columns", ">i2")]
    for place, column in enumerate(columns):
        fields.append((f"length {place}", ">i4"))
        if column is not None:
            fields.append(_value(place, column))
    rows = np.empty(number, np.dtype(fields))
    rows["columns"] = len(columns)
    for place, column in enumerate(columns):
        rows[f"length {place}"] = -1 if column is None else rows.dtype[f"value {place}"].itemsize
        if column is not None:
            rows[f"value {place}"] = column
    return rows.tobytes()


def tuple_of(model: type[Model], values: Mapping[str, Any]) -> bytes:
    """Pack one row of a model; `values` maps column names (`attname`) to values."""
    columns = {field.attname: field for field in model._meta.concrete_fields}
    return tuples_of([_column(columns[name], value) for name, value in values.items()], 1)


def _column(field: "Field[Any, Any]", value: Any) -> Column | None:
    """Convert one value of a field to PostgreSQL's binary form; None stays None."""
    if value is None:
        return None
    kind = (
        field.target_field.get_internal_type() if isinstance(field, ForeignKey) else field.get_internal_type()
    )
    if kind == "CharField":
        value = str(value).encode()
    if isinstance(field, JSONField):
        value = _JSONB_VERSION + json.dumps(value, cls=field.encoder).encode()
    if kind in ("CharField", "BinaryField", "JSONField"):
        return np.frombuffer(value, "u1")[None]
    if kind == "DateTimeField":
        value = (value - _EPOCH) // timedelta(microseconds=1)
    return np.array([value], _TYPES[kind])


def _value(place: int, column: Column) -> tuple[str, str] | tuple[str, str, tuple[int]]:
    """Describe a column as a field of the array: big-endian numbers, or a fixed number of bytes."""
    name = f"value {place}"
    if column.ndim == 2:
        return name, "u1", (column.shape[1],)
    return name, column.dtype.newbyteorder(">").str


class _Stream:
    """A readable file whose COPY data is generated while it is read."""

    def __init__(self, tuples: Iterable[bytes]) -> None:
        self.pieces = _pieces(tuples)

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, about `size` of them at most; empty at the end."""
        return next(self.pieces, b"")


def _pieces(tuples: Iterable[bytes]) -> Iterator[bytes]:
    yield _HEAD
    yield from filter(None, tuples)
    yield _END
