"""The preset `paper` puts published values where a document says nothing."""

import json
from typing import Any

import pytest

from formatting.canonical import canonical
from formatting.faults import FaultCode, Malformed
from formatting.parse import parse

XOR = {"type": "table", "inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [[0], [1], [1], [0]]}
POLES = {"type": "double_pole"}


def completed(
    environment: dict[str, Any], *, network: dict[str, Any] | None = None, **strategy: Any
) -> dict[str, Any]:
    """The complete document of a run of NEAT."""
    return canonical(parse(json.dumps({
        "version": 1, "kind": "neat", "name": "grown", "environment": environment,
        "stop": {"max_generations": 3}, "strategy": strategy,
        **({} if network is None else {"network": network}),
    })))


def test_without_velocities_the_published_values_are_filled_in() -> None:
    found = completed(POLES | {"velocities": False}, preset="paper")
    values = {name: found["strategy"][name] for name in (
        "type", "population_size", "compatibility_threshold", "weight_coefficient", "survival_fraction",
        "add_node_probability", "add_connection_probability", "recurrent_connection_probability",
    )}
    assert list(values.values()) == ["neat", 1_000, 4.0, 3.0, 0.4, 0.01, 0.3, 0.2]
    assert (found["network"]["bias"], found["network"]["recurrent"]) == (0.5, True)


def test_with_velocities_only_the_network_differs_from_the_defaults() -> None:
    paper, default = completed(POLES, preset="paper"), completed(POLES)
    assert paper["strategy"] == default["strategy"] | {"preset": "paper"}
    assert (paper["network"]["bias"], paper["network"]["recurrent"]) == (0.5, False)


def test_the_defaults_are_those_of_xor() -> None:
    assert completed(XOR, preset="paper")["strategy"] == completed(XOR)["strategy"] | {"preset": "paper"}
    assert completed(XOR, preset="paper")["network"] == completed(XOR)["network"]


def test_what_the_document_says_stays() -> None:
    found = completed(
        POLES | {"velocities": False}, preset="paper", population_size=200, add_node_probability=0.0,
        network={"bias": None}
    )
    assert (found["strategy"]["population_size"], found["strategy"]["add_node_probability"]) == (200, 0.0)
    assert (found["network"]["bias"], found["network"]["recurrent"]) == (None, True)


@pytest.mark.parametrize("environment", [XOR, POLES, POLES | {"velocities": False}])
def test_a_completed_document_is_complete(environment: dict[str, Any]) -> None:
    found = completed(environment, preset="paper")
    assert canonical(parse(json.dumps(found))) == found


@pytest.mark.parametrize("environment", [
    {"type": "maze", "rows": ["S.G"], "max_steps": 9}, XOR | {"targets": [[0], [1], [1], [1]]},
    {"type": "table", "inputs": [[0, 0], [0, 0], [0, 1], [1, 1]], "targets": [[0], [0], [1], [0]]},
])
def test_for_other_environments_nothing_was_published(environment: dict[str, Any]) -> None:
    with pytest.raises(Malformed) as refusal:
        completed(environment, preset="paper")
    (fault,) = refusal.value.faults
    assert (fault.code, fault.path) == (FaultCode.INCONSISTENT, ("strategy", "preset"))
    assert environment["type"] in fault.given


@pytest.mark.parametrize(("environment", "path"), [
    ({"type": "tables"}, ("environment", "type")), ([], ("environment",)), ({}, ("environment", "type")),
    ({"type": ["maze"]}, ("environment", "type")),
])
def test_of_an_environment_that_is_none_only_that_is_said(environment: Any, path: tuple[str, ...]) -> None:
    with pytest.raises(Malformed) as refusal:
        completed(environment, preset="paper")
    assert path in {each.path for each in refusal.value.faults}
    assert ("strategy", "preset") not in {each.path for each in refusal.value.faults}


def test_other_presets_are_unknown() -> None:
    with pytest.raises(
        Malformed,
        match=r'strategy.preset: Did you mean "paper"\? Expected "default" or "paper", got "papers"'
    ):
        completed(POLES, preset="papers")
