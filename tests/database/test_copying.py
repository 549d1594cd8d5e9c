"""Tuples for PostgreSQL's binary COPY, byte by byte as its manual has them; that they arrive is tested with
recording.
"""

import struct
from datetime import UTC, datetime

import numpy as np

from database.copying import tuple_of, tuples_of
from database.models import CheckpointPart, Generation


def test_columns_become_tuples_in_network_order() -> None:
    numbers, blobs = np.array([1, -2], "i4"), np.array([[0, 255], [7, 8]], np.uint8)
    found = tuples_of((np.array(2**40, "i8"), numbers, np.array([0.5, -1e300]), blobs), 2)
    expected = b"".join(
        struct.pack(">hiqiiidi", 4, 8, 2**40, 4, number, 8, fitness, 2) + blob
        for number, fitness, blob in ((1, 0.5, b"\x00\xff"), (-2, -1e300, b"\x07\x08"))
    )
    assert found == expected


def test_a_column_of_nulls_has_a_length_of_minus_one_and_no_value() -> None:
    assert tuples_of((np.array([3], "i4"), None), 1) == struct.pack(">hiii", 2, 4, 3, -1)


def test_an_empty_value_is_not_null() -> None:
    assert tuples_of((np.zeros((1, 0), np.uint8),), 1) == struct.pack(">hi", 1, 0)


def test_no_rows_are_no_bytes() -> None:
    assert tuples_of((np.array(1, "i8"), np.zeros((0, 5), np.uint8)), 0) == b""


def test_the_values_of_a_row_have_the_types_of_its_fields() -> None:
    part = tuple_of(CheckpointPart, {"checkpoint_id": 5, "kind": 1, "number": 7, "data": memoryview(b"abc")})
    assert part == struct.pack(">hiqihiii3s", 4, 8, 5, 2, 1, 4, 7, 3, b"abc")
    instant = datetime(2000, 1, 1, 0, 0, 1, 5, UTC)
    row = tuple_of(
        Generation, {"number": 2, "best": None, "seconds": 0.25, "digest": "ab", "started_at": instant}
    )
    assert row == struct.pack(">hiiiidi2siq", 5, 4, 2, -1, 8, 0.25, 2, b"ab", 8, 1_000_005)


def test_json_is_a_version_and_a_text() -> None:
    text = b'\x01{"sigma": 0.5, "name": "\\u00fc"}'
    row = tuple_of(Generation, {"figures": {"sigma": 0.5, "name": "ü"}, "curves": None})
    assert row == struct.pack(f">hi{len(text)}si", 2, len(text), text, -1)
