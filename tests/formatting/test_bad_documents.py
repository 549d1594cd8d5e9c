"""Whatever is sent, it ends as a work item or as typed faults, in little time."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formatting.canonical import canonical
from formatting.faults import Fault, FaultCode, Malformed
from formatting.parse import parse
from formatting.work_item import WorkItem
from tests.formatting.documents import document


def first_fault(raw: Any) -> Fault:
    with pytest.raises(Malformed) as refusal:
        parse(raw)
    return refusal.value.faults[0]


def text_with(key_and_value: str) -> str:
    """The text of a valid document with one more key, written as it stands."""
    return json.dumps(document())[:-1] + f", {key_and_value}}}"


@pytest.mark.parametrize(("text", "where"), [
    ("", "got nothing"),
    ("   ", "got nothing"),
    ("{", "the end of the text at line 1, column 2"),
    ('{"version": 1,\n "kind" "x"}', "line 2, column 9"),
    ("{'version': 1}", "line 1, column 2"),
    ('{"version": 1,}', "line 1, column 1"),
    ('{"name": "\t"}', "line 1, column 11"),
    ('{"a": 1} {}', "line 1, column 10"),
    ('{"a": 01}', "line 1, column 8"),
])
def test_broken_json_is_a_fault_with_line_and_column(text: str, where: str) -> None:
    found = first_fault(text)
    assert (found.code, found.path) == (FaultCode.INVALID_FORMAT, ())
    assert where in found.message


def test_bytes_that_are_not_utf_8_are_a_fault_with_their_position() -> None:
    found = first_fault(b'{"name": "\xff"}')
    assert found.code == FaultCode.INVALID_FORMAT
    assert found.given == "byte 0xff at position 10"


@pytest.mark.parametrize("raw", ["[]", "3", "null", '"text"', "true", b"[{}]"])
def test_a_document_that_is_no_object_is_a_fault(raw: str | bytes) -> None:
    found = first_fault(raw)
    assert (found.code, found.path, found.expected) == (FaultCode.INVALID_TYPE, (), "an object")


@pytest.mark.parametrize(("pair", "code", "path"), [
    ('"seed": NaN', FaultCode.INVALID_FORMAT, ("seed",)),
    ('"seed": Infinity', FaultCode.OUT_OF_RANGE, ("seed",)),
    ('"seed": -1e999', FaultCode.OUT_OF_RANGE, ("seed",)),
    ('"seed": 1' + "0" * 400, FaultCode.OUT_OF_RANGE, ("seed",)),
    ('"seed": 1' + "0" * 100_000, FaultCode.OUT_OF_RANGE, ("seed",)),
    ('"seed": 1' + "0" * 300, FaultCode.OUT_OF_RANGE, ("seed",)),
    ('"name": "twice"', FaultCode.INVALID_FORMAT, ("name",)),
    ('"description": "\\u0000"', FaultCode.INVALID_FORMAT, ("description",)),
    ('"description": "\\ud800"', FaultCode.INVALID_FORMAT, ("description",)),
    ('"k\\u0000": 1', FaultCode.INVALID_FORMAT, ("k\\x00",)),
    ('"k\\udfff": 1', FaultCode.INVALID_FORMAT, ("k\\udfff",)),
])
def test_a_value_that_json_or_a_database_cannot_hold_is_a_fault(
    pair: str, code: FaultCode, path: tuple[str, ...]
) -> None:
    found = first_fault(text_with(pair))
    assert (found.code, found.path) == (code, path)
    assert len(found.message) < 300


@pytest.mark.parametrize("raw", [
    "[" * 100_000, '{"a":' * 100_000, '{"a": ' + "[" * 70 + "]" * 70 + "}",
])
def test_deep_nesting_is_a_fault(raw: str) -> None:
    found = first_fault(raw)
    assert found.code == FaultCode.LIMIT_EXCEEDED
    assert "64 levels" in found.expected


def test_values_that_hold_themselves_are_a_fault() -> None:
    knot: list[Any] = []
    knot += [knot, knot]
    assert first_fault({"labels": knot}).code == FaultCode.LIMIT_EXCEEDED


@pytest.mark.parametrize("raw", [
    json.dumps(document({"environment.rows": ["." * 5_000] * 2_000})),
    json.dumps(document({"environment.rows": ["." * 10_000_000]})).encode(),
    document({"environment.rows": ["." * 10_000_000]}),
    document({"environment.rows": ["." * 5_000] * 2_000}),
])
def test_a_maze_of_ten_megabytes_is_refused_unread(raw: Any) -> None:
    found = first_fault(raw)
    assert (found.code, found.path) == (FaultCode.LIMIT_EXCEEDED, ())


def test_the_size_of_a_document_is_the_callers_to_limit() -> None:
    text = json.dumps(document())
    assert parse(text, max_bytes=len(text))
    with pytest.raises(Malformed, match=f"at most {len(text) - 1} bytes"):
        parse(text, max_bytes=len(text) - 1)


@pytest.mark.parametrize("raw", [
    {1: 2}, {None: 1, "version": 1}, {"name": object()}, {"name": b"bytes"}, {"seed": 10**5000},
    {"labels": {1, 2}},
])
def test_values_that_are_not_json_are_faults(raw: Any) -> None:
    assert first_fault(raw).code in (FaultCode.INVALID_TYPE, FaultCode.OUT_OF_RANGE)


@pytest.mark.parametrize("raw", [
    text_with(", ".join(f'"key{number}": 1' for number in range(100_000))),
    text_with('"labels": [' + "7," * 900_000 + "7]"),
    text_with('"labels": [' + "NaN," * 400_000 + "7]"),
    text_with('"labels": [' + ("[" + "NaN," * 9_000 + "1],") * 40 + "1]"),
    text_with(", ".join(f'"seed": {number}' for number in range(100_000))),
    text_with('"' + "seed" * 400_000 + '": 1'),
    text_with(", ".join(f'"seed{number}": 1' for number in range(900))),
    text_with('"strategy": ' + json.dumps({f"population_siz{number}": 1 for number in range(900)})),
])
def test_a_large_bad_document_is_refused_quickly(raw: str) -> None:
    start = time.process_time()
    found = first_fault(raw)
    assert time.process_time() - start < 3.0
    assert len(found.message) < 600


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from(["maze", "genetic", "rising_threshold", "tanh", "weight_evolution", 10**400, "S.G"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
PATHS = st.sampled_from([
    "version", "kind", "name", "description", "labels", "seed", "replicates", "priority", "environment",
    "environment.type", "environment.rows", "environment.max_steps", "environment.rewards",
    "environment.episodes", "network", "network.hidden", "network.activation", "strategy", "strategy.type",
    "strategy.population_size", "strategy.elites", "stop", "stop.max_generations", "stop.fitness", "record",
    "record.agents", "$schema", "extra",
])


def assert_work_item_or_faults(raw: Any) -> None:
    outcome = outcome_of(raw)
    if isinstance(outcome, WorkItem):
        assert parse(canonical(outcome)) == outcome
        return
    assert outcome
    for each in outcome:
        assert len(each.given) < 200
        each.message.encode("utf-8")
        json.dumps(each.path, ensure_ascii=False).encode("utf-8")


def outcome_of(raw: Any) -> WorkItem | tuple[Fault, ...]:
    try:
        return parse(raw)
    except Malformed as refusal:
        return refusal.faults


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.dictionaries(PATHS, VALUES, max_size=3))
def test_any_change_of_a_document_ends_as_work_item_or_faults(changes: dict[str, Any]) -> None:
    groups_last = dict(sorted(changes.items(), key=lambda item: -item[0].count(".")))
    raw = document(groups_last)
    assert_work_item_or_faults(raw)
    assert_work_item_or_faults(json.dumps(raw))


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.binary(max_size=200) | st.text(max_size=200) | VALUES)
def test_anything_at_all_ends_as_work_item_or_faults(raw: Any) -> None:
    assert_work_item_or_faults(raw)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.integers(0, 400), st.integers(0, 5), st.binary(max_size=5))
def test_a_damaged_text_ends_as_work_item_or_faults(start: int, length: int, replacement: bytes) -> None:
    raw = json.dumps(document()).encode()
    assert_work_item_or_faults(raw[:start] + replacement + raw[start + length:])
