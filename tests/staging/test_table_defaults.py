"""How a table is scored, solved and answered is written into the document, as its targets and the networks'
outputs have it.
"""

import json
from typing import Any

import pytest

from formatting.canonical import spec_hash
from formatting.parse import parse
from processing.core.limits import Limits
from staging.stage import stage
from staging.staged_item import StagedItem
from tests.core.searches import EXAMPLES
from tests.formatting.documents import document

SIDES = {"fitness": "squared_remainder", "criterion": "sides", "scaling": "none"}


def staged(
    targets: list[list[float]], *, network: dict[str, Any] | None = None, kind: str = "neat",
    strategy: Any = None, **environment: Any,
) -> StagedItem:
    table = {
        "type": "table", "inputs": [[row] for row in range(len(targets))], "targets": targets
    } | environment
    strategies = {"neat": {"type": "neat"}, "weight_evolution": {"type": "genetic"}}
    changes = {
        "kind": kind, "environment": table, "network": network or {},
        "strategy": strategy or strategies[kind],
    }
    return stage(parse(document(changes)), Limits())


def stored(targets: list[list[float]], **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = staged(targets, **changes).spec["environment"]
    return {name: value for name, value in found.items() if name not in ("type", "inputs", "targets")}


@pytest.mark.parametrize(("targets", "criterion", "tolerance"), [
    ([[0], [1]], "by_column", None), ([[0], [1], [2]], "by_column", 0.05), ([[3], [3]], "by_column", 0.05),
    ([[0, 1], [1, 0]], "largest_output", None), ([[0, 1], [1, 1], [1, 0]], "by_column", None),
    ([[1], [1]], "by_column", 0.05), ([[0, 1], [0, 0.5]], "by_column", 0.05),
    ([[0, 0, 1], [0, 0, 1]], "largest_output", None),
])
def test_the_criterion_follows_from_the_targets(
    targets: list[list[float]], criterion: str, tolerance: float | None
) -> None:
    found = stored(targets)
    assert (found["criterion"], found["tolerance"]) == (criterion, tolerance)
    assert found["fitness"] == "negative_normalized_squared_error"


def test_what_the_document_says_stays() -> None:
    given = {"fitness": "accuracy", "criterion": "tolerance", "tolerance": 0.2, "scaling": "by_column"}
    assert stored([[0, 1], [1, 0]], **given) == given
    assert stored([[0], [9]], **SIDES) == SIDES | {"tolerance": None}


SIGMOID, TANH, IDENTITY, RELU = (
    {"output_activation": name} for name in ("steep_sigmoid", "tanh", "identity", "relu")
)


@pytest.mark.parametrize(("targets", "network", "scaling"), [
    ([[0], [1]], SIGMOID, "none"), ([[-1], [1]], SIGMOID, "by_column"), ([[-1], [1]], TANH, "none"),
    ([[10], [40]], TANH, "by_column"), ([[0], [1.01]], IDENTITY, "by_column"),
    ([[-0.5], [0.5]], IDENTITY, "none"), ([[-0.5], [0.5]], RELU, "by_column"),
    ([[0.02], [0.38]], SIGMOID, "none"), ([[0.002], [0.038]], SIGMOID, "by_column"),
    ([[0.5], [0.5]], SIGMOID, "none"), ([[7], [7]], SIGMOID, "by_column"),
    ([[0, 1], [0, 40]], SIGMOID, "by_column"),
])
def test_outputs_are_scaled_where_targets_lie_beyond_them_or_fill_little_of_their_range(
    targets: list[list[float]], network: dict[str, Any], scaling: str
) -> None:
    assert stored(targets, network=network)["scaling"] == scaling


@pytest.mark.parametrize(("targets", "scaling"), [
    ([[0], [1]], "none"), ([[-1], [1]], "none"), ([[0.01], [0.02]], "by_column"), ([[-3], [1]], "by_column"),
])
def test_so_are_those_of_layers_which_are_squashed_to_where_the_targets_lie(
    targets: list[list[float]], scaling: str
) -> None:
    assert stored(targets, kind="weight_evolution")["scaling"] == scaling


def test_answers_that_are_compared_with_each_other_are_not_scaled() -> None:
    assert stored([[3, 9], [9, 3]], criterion="largest_output")["scaling"] == "none"
    assert stored([[0, 1], [1, 0]], network=TANH, fitness="accuracy")["scaling"] == "none"


def test_a_stored_document_that_is_sent_again_is_stored_as_it_was() -> None:
    for targets in ([[10], [40]], [[0, 1], [1, 0]], [[0], [1], [2]]):
        item = staged(targets)
        again = stage(parse(json.dumps(item.spec)), Limits())
        assert (again.spec, again.spec_hash) == (item.spec, item.spec_hash)


def test_a_document_that_names_the_older_rules_has_the_hash_that_it_had_before_there_were_others() -> None:
    named = document({"environment": {"type": "table", "inputs": [[0]], "targets": [[1]]} | SIDES})
    older = document({
        "environment": {"type": "table", "inputs": [[0]], "targets": [[1]], "fitness": "squared_remainder"},
    })
    assert stage(parse(named), Limits()).spec_hash == spec_hash(parse(older)) != stage(
        parse(older), Limits()
    ).spec_hash


def test_the_published_protocol_of_xor_has_the_rules_of_its_time() -> None:
    rows, targets = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
    published = {"strategy": {"preset": "paper"}, "inputs": rows}
    assert stored(targets, **published) == SIDES | {"tolerance": None}
    assert stored(targets, **published, criterion=None)["criterion"] == "sides", "null says nothing either"
    item = staged(targets, **published, fitness="negative_mean_squared_error")
    (warning,) = item.warnings
    assert warning.path == ("strategy", "preset")
    assert 'environment.fitness "squared_remainder"' in warning.expected


def test_the_example_of_xor_keeps_its_rules() -> None:
    spec = stage(parse((EXAMPLES / "xor-neat.json").read_bytes()), Limits()).spec
    assert {name: spec["environment"][name] for name in SIDES} == SIDES
