"""Estimates follow from the size of the work, and decide what `auto` records."""

from typing import Any

import pytest

from formatting.parse import parse
from processing.core.genomes import GENOMES
from processing.core.limits import Limits
from staging.estimate import CostEstimate
from staging.stage import stage
from staging.staged_item import StagedItem
from tests.contracts.cases import INPUT_SHAPES
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


def growing(**changes: Any) -> dict[str, Any]:
    return {"kind": "neat", "strategy": {"type": "neat", "population_size": 1_000, **changes}, "network": {}}


@pytest.mark.parametrize("name", sorted(GENOMES))
def test_genomes_are_counted_with_the_bytes_that_they_take(name: str) -> None:
    kind = GENOMES[name]
    shape = INPUT_SHAPES.get(name, (7,))
    genome = kind.of(kind.Parameters(), input_shape=shape, output_shape=(5,))
    packed = len(genome.pack(genome.random(3, seed=1, generation=0))) / 3
    assert genome.bytes_per_weight * genome.number_of_weights == pytest.approx(packed, abs=24)


def test_networks_that_grow_take_more_room_the_longer_they_grow() -> None:
    still = growing(add_node_probability=0.0, add_connection_probability=0.0)
    first, last = (cost(growing() | {"stop.max_generations": number}).memory_bytes for number in (1, 1_000))
    assert cost(still | {"stop.max_generations": 1_000}).memory_bytes <= first < last
    assert cost(growing() | {"stop.max_generations": 100_000}).memory_bytes < 4e8


def maze(**changes: Any) -> StagedItem:
    """Sixteen cells, whose shortest path is six steps long, as in a run that kept all others waiting."""
    rows = ["S...", "....", "....", "...G"]
    return stage(parse(document({
        "environment.rows": rows, "environment.max_steps": 1_000_000, "strategy.population_size": 10_000,
        "stop.max_generations": 2, **changes,
    })), Limits())


def test_episodes_of_a_million_steps_are_not_taken_for_short_ones() -> None:
    long, short = maze(), maze(**{"environment.max_steps": 500})
    assert long.slice_size is not None
    assert long.slice_size < 10_000
    assert short.slice_size is None
    assert long.estimate.seconds_low > 20 * short.estimate.seconds_low


def test_all_rows_of_a_table_count_in_the_low_estimate() -> None:
    rows = 3_000
    found = stage(parse(document({
        "kind": "neat", "network": {}, "strategy": {"type": "neat", "population_size": 1_000},
        "environment": {"type": "table", "inputs": [[1]] * rows, "targets": [[1]] * rows},
    })), Limits()).estimate
    assert found.seconds_low > found.evaluations * rows / 30e6


def test_an_agent_that_takes_longer_than_a_turn_is_warned_of() -> None:
    assert maze().warnings == ()
    (warning,) = maze(**{
        "environment.episodes": 1_000, "network.output": "softmax", "network.hidden": [2_000],
        "strategy.population_size": 10,
    }).warnings
    assert warning.message == (
        "One agent is estimated to take about 21 s, longer than a worker's usual turn of 10 s; other runs "
        "wait for it meanwhile, and agents begun beside it may be evaluated again."
    )
    (warning,) = maze(**{
        "environment.episodes": 350, "network.output": "softmax", "network.hidden": [2_000],
        "strategy.population_size": 10,
    }).warnings
    assert "about 8 s of a worker's usual turn of 10 s; agents that do not end" in warning.message


def test_what_was_seen_takes_room_where_observations_are_normalised() -> None:
    plain, normalised = (
        cost({
            "environment": {"type": "gymnasium", "id": "Acrobot-v1", "normalize_observations": is_normalised},
            "strategy.population_size": 1_000,
        }).memory_bytes
        for is_normalised in (False, True)
    )
    assert normalised - plain == pytest.approx(1_000 * 6 * 72)
