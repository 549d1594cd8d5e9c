"""A work item that calls itself published is warned of where it is not what was published."""

from typing import Any

import pytest

from formatting.canonical import canonical
from formatting.faults import Fault
from formatting.parse import parse
from processing.core.limits import Limits
from staging.stage import stage
from tests.formatting.documents import document

XOR = {"type": "table", "inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [[0], [1], [1], [0]]}
WITH, WITHOUT = ({"type": "double_pole", "velocities": value} for value in (True, False))


def grown(
    environment: dict[str, Any], network: dict[str, Any] | None = None, **strategy: Any
) -> dict[str, Any]:
    return document({
        "kind": "neat", "environment": environment, "network": network or {},
        "strategy": {"preset": "paper"} | strategy,
    })


def warnings_of(document: dict[str, Any]) -> list[Fault]:
    return [each for each in stage(parse(document), Limits()).warnings if each.path == ("strategy", "preset")]


@pytest.mark.parametrize("environment", [XOR, WITH, WITHOUT])
def test_what_was_published_is_not_warned_of_and_neither_is_its_complete_document(
    environment: dict[str, Any]
) -> None:
    short = grown(environment)
    assert warnings_of(short) == warnings_of(canonical(parse(short))) == []


def test_each_key_that_differs_is_named_with_its_published_value() -> None:
    (warning,) = warnings_of(grown(WITHOUT, {"bias": 1.0}, population_size=20, survival_fraction=0.5))
    expected = (
        '"default", as the published values are others: strategy.population_size 1000, '
        'strategy.survival_fraction 0.4 and '
    )
    assert (warning.expected, warning.given) == (f"{expected}network.bias 0.5", '"paper"')


def test_a_complete_document_of_another_task_is_warned_of() -> None:
    complete = canonical(parse(grown(WITH)))
    complete["environment"]["velocities"] = False
    (warning,) = warnings_of(complete)
    assert "strategy.population_size 1000" in warning.expected
    assert "others" in warning.expected


def test_nothing_is_said_where_nothing_is_called_published() -> None:
    assert warnings_of(grown(WITHOUT, population_size=20, preset="default")) == []
