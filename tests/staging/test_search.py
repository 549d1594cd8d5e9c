"""What searches cannot do is refused before they begin."""

from typing import Any

import pytest

from formatting.canonical import spec_hash
from formatting.faults import FaultCode
from formatting.parse import parse
from processing.core.limits import Limits
from staging.stage import Unstageable, stage
from tests.formatting.documents import document

POLES = {"type": "double_pole", "max_steps": 1_000}


def faults(changes: dict[str, Any]) -> list[tuple[tuple[str | int, ...], FaultCode, str]]:
    try:
        stage(parse(document(changes)), Limits())
    except Unstageable as refusal:
        return [(fault.path, fault.code, fault.expected) for fault in refusal.faults]
    return []


@pytest.mark.parametrize(("hidden", "variant", "is_refused"), [
    ([28], "full", False), ([29], "full", False), ([30], "full", True), ([30], "separable", False),
    ([64, 64], "full", True),
])
def test_all_covariances_are_learned_of_up_to_a_thousand_weights(
    hidden: list[int], variant: str, is_refused: bool
) -> None:
    found = faults({"strategy": {"type": "cma_es", "variant": variant}, "network": {"hidden": hidden}})
    assert [(path, code) for path, code, _ in found] == [
        (("strategy", "variant"), FaultCode.INCONSISTENT)
    ] * is_refused
    assert all("separable" in expected for _, _, expected in found)


@pytest.mark.parametrize(
    ("hidden", "variant"), [([], "full"), ([29], "full"), ([30], "separable"), ([64, 64], "separable")]
)
def test_covariances_that_nothing_is_said_of_are_those_that_can_be_learned(
    hidden: list[int], variant: str
) -> None:
    changes = {"strategy": {"type": "cma_es"}, "network": {"hidden": hidden}, "environment.goals": 2}
    item = stage(parse(document(changes)), Limits())
    assert item.spec["strategy"]["variant"] == variant
    assert item == stage(
        parse(document(changes | {"strategy": {"type": "cma_es", "variant": variant}})), Limits()
    )
    assert (item.spec_hash == spec_hash(parse(document(changes)))) is (variant == "full")


def test_novelty_is_looked_for_where_the_environment_tells_where_agents_end() -> None:
    assert faults({"novelty": {}}) == []
    assert [path for path, _, _ in faults({"novelty": {}, "environment": POLES})] == [("novelty",)]
    assert faults({"environment": POLES}) == []


def test_novelty_is_looked_for_among_a_bounded_number_of_agents() -> None:
    many = {"strategy": {"type": "genetic", "population_size": 50_001}, "stop.max_generations": 1}
    assert [path for path, _, _ in faults(many | {"novelty": {}})] == [("strategy", "population_size")]
    assert faults(many) == []


@pytest.mark.parametrize("strategy", ["openai_es", "cma_es"])
def test_the_other_strategies_are_staged_with_their_defaults(strategy: str) -> None:
    staged = stage(parse(document({"strategy": {"type": strategy}})), Limits())
    assert staged.spec["strategy"]["population_size"] in (64, 256)
    assert staged.warnings == ()
