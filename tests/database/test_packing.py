"""Packed scalars and curves come back as they were."""

import hashlib
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from database.packing import (
    BYTES_PER_AGENT,
    MOST_REASONS,
    Scalars,
    curve_head_bytes,
    pack,
    pack_curves,
    read_curve_shape,
    unpack,
    unpack_agent_curves,
    unpack_father_ages,
    unpack_metrics,
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


# The optional sections

REASONS = ((1, "MS"), (2, "F"))
SCORES = np.array([0.25, np.nan, -1e300])
FATHER_AGES = np.array([0, 65_535, 3], np.uint16)
METRICS = np.array([[0.5, np.nan], [np.inf, -1e308], [5e-324, 0.0]])
NAMES = ("accuracy", "größe")
EVERY_SECTION: dict[str, Any] = {
    "scores": SCORES, "father_ages": FATHER_AGES, "metrics": METRICS, "metric_names": NAMES
}


def test_without_new_sections_the_bytes_are_those_of_earlier_versions() -> None:
    packed = pack(EXTREMES), pack(EXTREMES, ((1, "a"), (2, "b"))), pack(
        EXTREMES, ((1, "a"), (2, "b")), scores=SCORES
    )
    assert [hashlib.sha256(data).hexdigest() for data in packed] == [
        "f6335f920d0dfe006e3f790f3cad21c3cfdd34e36bb9916f6c78704093144d8c",
        "145160dab2b6434662af64b7be4501cdb2e2a0d1f31236a8b68f0202fd076f8d",
        "2148851f08ac84868c2a3744e4a1553906dc42cadf7864eecdd8daf7967fc5b5",
    ]


@pytest.mark.parametrize("reasons", [(), REASONS])
@pytest.mark.parametrize("has_scores", [False, True])
@pytest.mark.parametrize("has_father_ages", [False, True])
@pytest.mark.parametrize("has_metrics", [False, True])
def test_each_section_is_found_whatever_others_are_there(
    reasons: tuple[tuple[int, str], ...], has_scores: bool, has_father_ages: bool, has_metrics: bool
) -> None:
    given = {
        "scores": has_scores, "father_ages": has_father_ages, "metrics": has_metrics,
        "metric_names": has_metrics
    }
    sections = {name: value for name, value in EVERY_SECTION.items() if given[name]}
    data = memoryview(pack(EXTREMES, reasons, **sections))
    scores, ages, metrics = unpack_scores(data, 3), unpack_father_ages(data, 3), unpack_metrics(data, 3)
    assert (scores is not None, ages is not None, metrics is not None) == (
        has_scores, has_father_ages, has_metrics
    )
    if scores is not None:
        assert scores.tobytes() == SCORES.tobytes()
    if ages is not None:
        assert ages.tolist() == FATHER_AGES.tolist()
    if metrics is not None:
        assert metrics[0] == NAMES
        assert np.array_equal(metrics[1], METRICS, equal_nan=True)
    assert unpack_reasons(data, 3) == dict(reasons)
    assert unpack(data, 3).failures.tolist() == EXTREMES.failures.tolist()


def test_sections_lie_in_a_fixed_order() -> None:
    data = pack(EXTREMES, REASONS, **EVERY_SECTION)
    scores = pack(EXTREMES, scores=SCORES)
    ages = pack(EXTREMES, scores=SCORES, father_ages=FATHER_AGES)
    metrics = pack(EXTREMES, **EVERY_SECTION)
    assert data.startswith(metrics)
    assert metrics.startswith(ages + b"M")
    assert ages.startswith(scores + b"F")
    assert data[len(metrics) :].startswith(b"[[")


def test_a_generation_without_agents_has_sections_of_no_length() -> None:
    nobody = Scalars(**{column.name: getattr(EXTREMES, column.name)[:0] for column in fields(Scalars)})
    data = pack(nobody, metrics=np.zeros((0, 2)), metric_names=NAMES, father_ages=FATHER_AGES[:0])
    found = unpack_metrics(data, 0)
    assert found is not None
    assert (found[0], found[1].shape) == (NAMES, (0, 2))


# Curves

CURVES = np.array([
    [[0.1, 1.0], [0.2, np.nan], [np.nan, np.nan]],
    [[np.nan, np.nan]] * 3,
    [[np.nan, 3.0], [0.5, np.inf], [np.nan, np.nan]],
], np.float32)


def test_curves_come_back_up_to_their_last_values() -> None:
    data = pack_curves(CURVES, NAMES)
    shape = read_curve_shape(memoryview(data)[: curve_head_bytes(data[:16])])
    assert (shape.agents, shape.epochs, shape.names, shape.length) == (3, 2, NAMES, len(data))
    size = shape.bytes_per_agent
    cut = [data[shape.start + index * size :][:size] for index in range(3)]
    first, second, third = (unpack_agent_curves(values, shape) for values in cut)
    assert {name: values.tolist() for name, values in first.items()} == {
        "accuracy": [np.float32(0.1), np.float32(0.2)], "größe": [1.0]
    }
    assert second == {}
    assert np.isnan(third["accuracy"][0])
    assert (third["accuracy"][1], third["größe"].tolist()) == (0.5, [3.0, np.inf])


def test_curves_without_a_value_take_no_bytes_but_the_head() -> None:
    data = pack_curves(np.full((4, 7, 1), np.nan, np.float32), ("loss",))
    shape = read_curve_shape(data)
    assert (shape.agents, shape.epochs, shape.start) == (4, 0, len(data))
    assert unpack_agent_curves(b"", shape) == {}
