"""Tables whose rows do not match are refused with every fault, in the document's own keys."""

from typing import Any

import pytest

from formatting.faults import Fault, FaultCode
from formatting.parse import parse
from staging import stage as staging
from staging.limits import Limits
from staging.stage import Unstageable, stage
from tests.formatting.documents import document


def faults_of(**environment: Any) -> tuple[Fault, ...]:
    with pytest.raises(Unstageable) as refusal:
        stage(parse(document({"environment": {"type": "table"} | environment, "replicates": 200})), Limits())
    *found, cap = refusal.value.faults
    assert cap.path == ("replicates",), "whatever else is wrong is told as well"
    return tuple(found)


def test_another_number_of_targets_than_of_inputs_is_refused() -> None:
    (found,) = faults_of(inputs=[[0, 0], [0, 1]], targets=[[0]])
    assert (found.code, found.path) == (FaultCode.INCONSISTENT, ("environment", "targets"))
    assert (found.expected, found.given) == ("2 rows, as many as there are inputs", "1 row")


@pytest.mark.parametrize("name", ["inputs", "targets"])
def test_every_row_of_another_length_is_named(name: str) -> None:
    rows: dict[str, Any] = {"inputs": [[0, 0]] * 4, "targets": [[1, 1]] * 4}
    found = faults_of(**rows | {name: [[1, 1], [1], [1, 1], [1, 2, 3]]})
    assert [each.path for each in found] == [("environment", name, 1), ("environment", name, 3)]
    assert [each.given for each in found] == ["1 number", "3 numbers"]
    assert {each.expected for each in found} == {"2 numbers, as in most other rows"}


def test_of_two_rows_the_second_is_measured_by_the_first() -> None:
    (found,) = faults_of(inputs=[[1], [1, 2]], targets=[[1], [1]])
    assert (found.path, found.expected) == (("environment", "inputs", 1), "1 number, as in the other row")


def test_what_the_core_alone_refuses_is_a_fault_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "faults_of", lambda *_: [])
    with pytest.raises(Unstageable) as refusal:
        stage(parse(document({"environment": {"type": "table", "inputs": [[1]], "targets": [[1], [2]]}})), Limits())
    (found,) = refusal.value.faults
    assert (found.code, found.path) == (FaultCode.INCONSISTENT, ("environment",))
    assert "expected 1 rows" in (found.hint or "")


@pytest.mark.parametrize(("network", "is_told"), [
    ({}, False), ({"recurrent": True}, True), ({"activations_per_step": 1}, True), ({"activations_per_step": 3}, False),
    ({"recurrent": True, "activations_per_step": 3}, False),
])
def test_networks_whose_hidden_nodes_are_never_heard_are_told_of(network: dict[str, Any], is_told: bool) -> None:
    changes = {"kind": "neat", "strategy": {"type": "neat"}, "network": network}
    table = document(changes | {"environment": {"type": "table", "inputs": [[0], [1]], "targets": [[0], [1]]}})
    assert [each.path for each in stage(parse(table), Limits()).warnings] == [("network", "activations_per_step")] * is_told
    assert stage(parse(document(changes)), Limits()).warnings == ()


@pytest.mark.parametrize(("network", "targets", "is_told"), [
    ({}, [[0], [1]], False), ({}, [[5], [1]], True), ({"output_activation": "identity"}, [[5], [1]], False),
    ({"output_activation": "tanh"}, [[-1], [1]], False), ({"output_activation": "tanh"}, [[-2], [1]], True),
])
def test_targets_that_no_output_reaches_are_told_of(network: dict[str, Any], targets: list[list[float]], is_told: bool) -> None:
    table = {"environment": {"type": "table", "inputs": [[0], [1]], "targets": targets}}
    item = stage(parse(document({"kind": "neat", "strategy": {"type": "neat"}, "network": network} | table)), Limits())
    assert [each.path for each in item.warnings] == [("environment", "targets")] * is_told


@pytest.mark.parametrize(("novelty", "strategy", "is_told"), [
    ({"weight": 0.5}, "rising_threshold", True), ({}, "rising_threshold", False), ({"weight": 0.5}, "genetic", False),
])
def test_a_threshold_above_all_mixed_scores_is_told_of(novelty: dict[str, Any], strategy: str, is_told: bool) -> None:
    item = stage(parse(document({"novelty": novelty, "strategy": {"type": strategy, "population_size": 50}})), Limits())
    assert [each.path for each in item.warnings] == [("novelty", "weight")] * is_told
