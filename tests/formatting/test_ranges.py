"""Every number that a document may give is finite in float32, in which networks and genomes are computed."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel, TypeAdapter

from formatting.faults import FaultCode, Malformed
from formatting.parse import parse
from formatting.schema import model_schema
from formatting.wording import resolved
from processing.core.environments import ENVIRONMENTS
from processing.core.environments.classic import CLASSIC
from processing.core.genomes import GENOMES
from processing.core.parameters import LARGEST, Number
from processing.core.search.generation import begin, open_generation
from processing.core.search.plan import plan_of
from processing.core.strategies import STRATEGIES
from tests.core.searches import evaluated, search
from tests.formatting.documents import document

MODELS: list[type[BaseModel]] = [
    *(entry.Parameters for table in (ENVIRONMENTS, GENOMES, STRATEGIES) for entry in table.values()),  # type: ignore[attr-defined]
    *(kind.Kwargs for kind in CLASSIC.values()),
]
SCHEMAS = [model_schema(), *(model.model_json_schema() for model in MODELS)]


def numbers(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every part of a schema that takes a number with a fraction, by where it stands."""
    for name, group in schema.get("$defs", {}).items():
        yield from _within(group, name)
    yield from _within(
        {key: value for key, value in schema.items() if key != "$defs"}, schema.get("title", "")
    )


def _within(node: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        if node.get("type") == "number":
            yield path, node
        for name, inner in node.items():
            yield from _within(inner, f"{path}.{name}")
    if isinstance(node, list):
        for inner in node:
            yield from _within(inner, path)


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.get("title", "work item"))
def test_the_extreme_values_of_every_number_are_finite_in_float32(schema: Any) -> None:
    for path, node in numbers(schema):
        low = node.get("minimum", node.get("exclusiveMinimum"))
        high = node.get("maximum", node.get("exclusiveMaximum"))
        assert low is not None, f"{path} has no least value"
        assert high is not None, f"{path} has no largest value"
        assert np.isfinite(np.array([low, high]).astype(np.float32)).all(), path


def test_there_are_numbers_in_all_groups() -> None:
    found = {path.split(".")[0] for schema in SCHEMAS for path, _ in numbers(schema)}
    assert {
        "StopParameters", "RewardParameters", "TableParameters", "GraphParameters", "NeatParameters"
    } <= found
    assert "PendulumKwargs" in found
    assert resolved(model_schema(), model_schema()) == model_schema()


@pytest.mark.parametrize(("path", "kind"), [
    ("network.bias", "neat"), ("stop.fitness", "weight_evolution"),
    ("strategy.initial_threshold", "weight_evolution"),
    ("environment.rewards.goal", "weight_evolution"), ("environment.rewards.open", "weight_evolution"),
    ("environment.rewards.revisit", "weight_evolution"),
])
@pytest.mark.parametrize("value", [1e308, -1e308, 1e39, -1.1e30])
def test_a_number_beyond_its_range_is_a_fault_that_names_the_range(
    path: str, kind: str, value: float
) -> None:
    strategy = {"type": "neat" if kind == "neat" else "rising_threshold"}
    with pytest.raises(Malformed) as refusal:
        parse(document({"kind": kind, "strategy": strategy, path: value}))
    (found,) = refusal.value.faults
    assert (found.code, found.path) == (FaultCode.OUT_OF_RANGE, tuple(path.split(".")))
    assert "from -1e+30 to 1e+30" in found.message


@pytest.mark.parametrize("value", [LARGEST, -LARGEST, 0.0])
def test_the_ends_of_the_range_are_in_it(value: float) -> None:
    assert parse(document({"stop.fitness": value})).stop.fitness == value


def test_a_stored_number_beyond_the_range_is_read_as_it_was_accepted() -> None:
    spec = parse(document({"kind": "neat", "strategy": {"type": "neat"}})).model_dump(mode="json")
    spec["network"]["bias"], spec["stop"]["fitness"] = 1e308, -1e308
    plan = plan_of(spec)
    assert (plan.genome.parameters.bias, plan.stop.fitness) == (1e308, -1e308)
    assert json.loads(TypeAdapter(Number).dump_json(1e308)) == 1e308


@pytest.mark.parametrize("bias", [LARGEST, -LARGEST])
def test_a_network_with_the_largest_bias_computes(bias: float) -> None:
    plan = search(kind="neat", strategy={"type": "neat", "population_size": 8}, bias=bias)
    found = evaluated(plan, open_generation(plan, begin(plan), seed=1), seed=1, generation=0)
    assert not found.failures.any()
