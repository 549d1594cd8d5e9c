"""Packed scalars come back as they were."""

from dataclasses import fields

import numpy as np
import pytest

from database.packing import (
    BYTES_PER_AGENT,
    MOST_REASONS,
    Scalars,
    pack,
    unpack,
    unpack_reasons,
    unpack_scores,
)

EXTREMES = Scalars(
    fitness=np.array([0.1, -1e308, np.nan]), steps=np.array([0, 1, 2**31 - 1], np.int32),
    species=np.array([-1, 0, 7], np.int32), mothers=np.array([-1, 0, 2**31 - 1], np.int32),
    fathers=np.array([-1, -1, 5], np.int32), ages=np.array([0, 1, 65_535], np.uint16),
    operators=np.array([0, 4, 255], np.uint8), failures=np.array([0, 0, 1], np.uint8),
)


def test_every_column_comes_back_bit_for_bit() -> None:
    back = unpack(pack(EXTREMES), 3)
    for column in fields(Scalars):
        assert getattr(back, column.name).tobytes() == getattr(EXTREMES, column.name).tobytes(), column.name


def test_an_agent_takes_28_bytes() -> None:
    assert (BYTES_PER_AGENT, len(pack(EXTREMES))) == (28, 3 * 28)


def test_nobody_takes_no_bytes() -> None:
    empty = unpack(b"", 0)
    assert len(empty) == 0
    assert pack(empty) == b""


def test_the_form_does_not_depend_on_the_byte_order_of_the_machine_that_wrote_it() -> None:
    swapped = Scalars(**{
        column.name: (value := getattr(EXTREMES, column.name)).astype(value.dtype.newbyteorder(">"))
        for column in fields(Scalars)
    })
    assert pack(swapped) == pack(EXTREMES)


def test_bytes_that_are_cut_off_are_refused() -> None:
    with pytest.raises(ValueError, match="buffer"):
        unpack(pack(EXTREMES)[:-1], 3)


def test_reasons_lie_behind_the_columns() -> None:
    reasons = ((0, "the bridge is gone \ufffd"), (2, "the bridge is gone \ufffd"))
    data = pack(EXTREMES, reasons)
    assert data.startswith(pack(EXTREMES))
    assert unpack(data, 3).steps.tolist() == EXTREMES.steps.tolist()
    assert unpack_reasons(data, 3) == dict(reasons)
    assert unpack_reasons(pack(EXTREMES), 3) == {}
    assert unpack_reasons(memoryview(data), 3) == dict(reasons)


@pytest.mark.parametrize("reasons", [(), ((1, "the bridge is gone"),)])
def test_what_a_strategy_saw_if_not_fitness_lies_between_columns_and_reasons(
    reasons: tuple[tuple[int, str], ...]
) -> None:
    scores = np.array([0.25, np.nan, -1e300])
    data = memoryview(pack(EXTREMES, reasons, scores=scores))
    found = unpack_scores(data, 3)
    assert found is not None
    assert found.tobytes() == scores.tobytes()
    assert unpack_reasons(data, 3) == dict(reasons)
    assert unpack(data, 3).failures.tolist() == EXTREMES.failures.tolist()
    assert len(data) == len(pack(EXTREMES, reasons)) + 1 + 3 * 8


def test_where_a_strategy_saw_fitness_nothing_else_is_kept() -> None:
    assert unpack_scores(pack(EXTREMES), 3) is None
    assert unpack_scores(pack(EXTREMES, ((1, "S"),)), 3) is None


def test_no_more_reasons_are_kept_than_can_be_read() -> None:
    many = unpack_reasons(pack(EXTREMES, ((index, str(index)) for index in range(10 * MOST_REASONS))), 3)
    assert len(many) == MOST_REASONS
