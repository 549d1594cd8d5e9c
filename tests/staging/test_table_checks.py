"""Tables whose rows do not match are refused with every fault, in the document's own keys."""

from typing import Any

import pytest

from formatting.faults import Fault, FaultCode, Malformed
from formatting.parse import parse
from processing.core.limits import Limits
from staging import stage as staging
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
        stage(
            parse(document({"environment": {"type": "table", "inputs": [[1]], "targets": [[1], [2]]}})),
            Limits()
        )
    (found,) = refusal.value.faults
    assert (found.code, found.path) == (FaultCode.INCONSISTENT, ("environment",))
    assert "expected 1 rows" in (found.hint or "")


@pytest.mark.parametrize(("network", "is_told"), [
    ({}, False), ({"recurrent": True}, True), ({"activations_per_step": 1}, True),
    ({"activations_per_step": 3}, False), ({"recurrent": True, "activations_per_step": 3}, False),
])
def test_networks_whose_hidden_nodes_are_never_heard_are_told_of(
    network: dict[str, Any], is_told: bool
) -> None:
    changes = {"kind": "neat", "strategy": {"type": "neat"}, "network": network}
    table = document(
        changes | {"environment": {"type": "table", "inputs": [[0], [1]], "targets": [[0], [1]]}}
    )
    assert [
        each.path for each in stage(parse(table), Limits()).warnings
    ] == [("network", "activations_per_step")] * is_told
    assert stage(parse(document(changes)), Limits()).warnings == ()


@pytest.mark.parametrize(("network", "targets", "is_told"), [
    ({}, [[0], [1]], False), ({}, [[5], [1]], True), ({"output_activation": "identity"}, [[5], [1]], False),
    ({"output_activation": "tanh"}, [[-1], [1]], False), ({"output_activation": "tanh"}, [[-2], [1]], True),
])
def test_targets_that_no_output_reaches_are_told_of_unless_outputs_are_scaled(
    network: dict[str, Any], targets: list[list[float]], is_told: bool
) -> None:
    def warned(**environment: Any) -> list[Any]:
        table = {"type": "table", "inputs": [[0], [1]], "targets": targets} | environment
        changes = {"kind": "neat", "strategy": {"type": "neat"}, "network": network, "environment": table}
        return [each.path for each in stage(parse(document(changes)), Limits()).warnings]

    assert warned(scaling="none") == [("environment", "targets")] * is_told
    assert warned(scaling="by_column") == warned() == []


@pytest.mark.parametrize(("environment", "key", "given"), [
    (
        {"fitness": "accuracy", "targets": [[0, 1], [0, 0.5]]}, "fitness",
        '"accuracy" with others in row 2 (counted from 1)'
    ),
    (
        {"fitness": "accuracy", "targets": [[1, 1], [0, 1]]}, "fitness",
        '"accuracy" with others in row 1 (counted from 1)'
    ),
    ({"fitness": "accuracy", "targets": [[1], [1]]}, "fitness", '"accuracy" with 1 target in each row'),
    (
        {"criterion": "largest_output", "targets": [[1], [0]]}, "criterion",
        '"largest_output" with 1 target in each row'
    ),
    (
        {"criterion": "largest_output", "targets": [[0, 3], [2, 2]]}, "criterion",
        '"largest_output" with others in row 2 (counted from 1)',
    ),
])
def test_answers_are_compared_only_where_targets_name_one_of_them(
    environment: dict[str, Any], key: str, given: str
) -> None:
    (found,) = faults_of(inputs=[[0], [1]], **environment)
    assert (found.code, found.path, found.given) == (FaultCode.INCONSISTENT, ("environment", key), given)


def test_a_fitness_and_a_criterion_that_do_not_fit_are_told_of_at_once() -> None:
    found = faults_of(inputs=[[0]], targets=[[3]], fitness="accuracy", criterion="largest_output")
    assert [each.path[1] for each in found] == ["fitness", "criterion"]


@pytest.mark.parametrize("tolerance", [0, 0.5, -0.1, 2])
def test_a_tolerance_that_any_answer_or_none_would_meet_is_refused(tolerance: float) -> None:
    table = {"type": "table", "inputs": [[0]], "targets": [[1]], "tolerance": tolerance}
    with pytest.raises(Malformed) as refusal:
        parse(document({"environment": table}))
    (found,) = refusal.value.faults
    assert (found.path, found.code) == (("environment", "tolerance"), FaultCode.OUT_OF_RANGE)


@pytest.mark.parametrize(("environment", "is_told"), [
    ({"targets": [[0], [1]]}, True), ({"targets": [[0], [1], [2]]}, False), ({"targets": [[0], [0]]}, False),
    ({"targets": [[0, 1], [1, 0]]}, True), ({"targets": [[0, 1], [1, 0]], "criterion": "tolerance"}, False),
    ({"targets": [[0], [1], [2]], "criterion": "sides"}, True), ({"targets": [[0, 1], [1, 7]]}, True),
    ({"targets": [[0, 1], [1, 7], [0, 3]]}, False),
])
def test_a_tolerance_without_effect_is_told_of(environment: dict[str, Any], is_told: bool) -> None:
    table = {"type": "table", "inputs": [[0]] * len(environment["targets"]), "tolerance": 0.1} | environment
    item = stage(parse(document({"environment": table})), Limits())
    assert [each.path for each in item.warnings] == [("environment", "tolerance")] * is_told
    assert item.spec["environment"]["tolerance"] == 0.1


@pytest.mark.parametrize(("novelty", "strategy", "is_told"), [
    ({"weight": 0.5}, "rising_threshold", True), ({}, "rising_threshold", False),
    ({"weight": 0.5}, "genetic", False),
])
def test_a_threshold_above_all_mixed_scores_is_told_of(
    novelty: dict[str, Any], strategy: str, is_told: bool
) -> None:
    item = stage(
        parse(document({"novelty": novelty, "strategy": {"type": strategy, "population_size": 50}})), Limits()
    )
    assert [each.path for each in item.warnings] == [("novelty", "weight")] * is_told
