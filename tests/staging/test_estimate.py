"""Estimates follow from the size of the work, and decide what `auto` records."""

from typing import Any

import pytest

from formatting.parse import parse
from staging.estimate import CostEstimate
from staging.limits import Limits
from staging.stage import stage
from tests.formatting.documents import document


def cost(changes: dict[str, Any]) -> CostEstimate:
    return stage(parse(document(changes)), Limits()).estimate


def test_the_work_is_counted_for_one_replicate() -> None:
    found = cost({"replicates": 5, "environment.episodes": 2, "network.output": "softmax"})
    assert found.evaluations == 100 * 30
    assert found.environment_steps == 100 * 30 * 2 * 40
    assert found.workers == 1
    assert "350 weights" in found.basis


def test_more_weights_take_longer_and_more_room() -> None:
    small, large = cost({}), cost({"network.hidden": [500]})
    assert small.seconds_low <= small.seconds_high < large.seconds_high
    assert small.seconds_low < large.seconds_low
    assert small.memory_bytes < large.memory_bytes
    assert small.storage_bytes < large.storage_bytes


def test_a_time_limit_bounds_the_time() -> None:
    found = cost({"stop.max_generations": 100_000, "stop.max_seconds": 5.0})
    assert found.seconds_low == found.seconds_high == 5.0


def test_storage_counts_every_agent_and_the_genomes_of_those_recorded() -> None:
    everyone, champions = cost({"record": {"agents": "all"}}), cost({"record": {"agents": "champions"}})
    unrecorded = 3_000 - 30
    assert everyone.storage_bytes - champions.storage_bytes == unrecorded * (200 + 349 * 4)


@pytest.mark.parametrize(("changes", "record"), [
    ({}, "all"),
    ({"strategy.population_size": 1_000, "stop.max_generations": 1_000}, "all"),
    ({"strategy.population_size": 1_000, "stop.max_generations": 1_001}, "champions"),
    ({"strategy.population_size": 1_000, "stop.max_generations": 900, "network.hidden": [100]}, "champions"),
    ({"record": {"agents": "all"}, "strategy.population_size": 1_000, "stop.max_generations": 2_000}, "all"),
    ({"record": {"agents": "champions"}}, "champions"),
])
def test_auto_records_all_agents_as_long_as_they_are_few(changes: dict[str, Any], record: str) -> None:
    assert stage(parse(document(changes)), Limits()).record == record
