"""Work items that can be run are staged; of others, everything that stands against them is said at once."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from formatting.canonical import canonical, spec_hash
from formatting.faults import Fault, FaultCode
from formatting.parse import parse
from processing.core.limits import Limits
from processing.core.rng import derive
from processing.core.types import Purpose
from staging.stage import Unstageable, stage
from staging.staged_item import StagedItem
from tests.formatting.documents import ABSENT, document

EXAMPLES = Path(__file__).parents[2] / "examples"


def staged(changes: dict[str, Any], limits: Limits | None = None) -> StagedItem:
    return stage(parse(document(changes)), limits or Limits())


def faults_of(changes: dict[str, Any], limits: Limits | None = None) -> tuple[Fault, ...]:
    with pytest.raises(Unstageable) as refusal:
        staged(changes, limits)
    return refusal.value.faults


def test_a_good_work_item_is_staged_complete_and_without_warnings() -> None:
    work_item = parse(document({"environment.goals": 2}))
    item = stage(work_item, Limits())
    assert item.spec == canonical(work_item)
    assert item.spec_hash == spec_hash(work_item)
    assert item.kind == "weight_evolution"
    assert item.warnings == ()


@pytest.mark.parametrize("name", ["maze-5x5", "maze-20x20"])
def test_every_example_is_staged_without_warnings(name: str) -> None:
    assert stage(parse((EXAMPLES / f"{name}.json").read_bytes()), Limits()).warnings == ()


def test_the_complete_document_of_a_staged_item_is_staged_to_the_same() -> None:
    item = staged({"strategy": ABSENT})
    assert stage(parse(item.spec), Limits()) == item


def test_the_first_replicate_has_the_seed_itself_and_the_others_derived_ones() -> None:
    seeds = staged({"seed": 42, "replicates": 3}).seeds
    expected = [derive(42, Purpose.REPLICATE, agent=number) & (2**53 - 1) for number in (1, 2)]
    assert seeds == (42, *expected)
    assert len(set(seeds)) == 3
    assert all(0 <= seed < 2**53 for seed in seeds)


@pytest.mark.parametrize(("rows", "paths"), [
    (["S..", "..", "..G"], [("environment", "rows", 1)]),
    (["S.x", "...", "z.G"], [("environment", "rows", 0), ("environment", "rows", 2)]),
    (["...", "..G"], [("environment", "rows")]),
    (["S..", "..S", "..G"], [("environment", "rows")]),
    ([""], [("environment", "rows")]),
    (["S.s", "S.", "..G"], [("environment", "rows", 1), ("environment", "rows", 0), ("environment", "rows")]),
])
def test_a_map_that_cannot_be_walked_is_refused(rows: list[str], paths: list[tuple[str | int, ...]]) -> None:
    assert [each.path for each in faults_of({"environment.rows": rows})] == paths


def test_an_unknown_cell_is_named_by_row_and_column_with_what_was_meant() -> None:
    (found,) = faults_of({"environment.rows": ["S..", ".#g"]})
    assert found.code == FaultCode.NOT_IN_CHOICES
    assert found.given == '"g" in row 2, column 3 (counted from 1)'
    assert found.hint == 'Did you mean "G"?'


@pytest.mark.parametrize(("changes", "path", "given"), [
    ({"strategy.parents": 101}, ("strategy", "parents"), "101"),
    ({"strategy.elites": 101}, ("strategy", "elites"), "101"),
    (
        {"strategy": {"type": "rising_threshold", "required_agents": 1001}}, ("strategy", "required_agents"),
        "1001"
    ),
    ({"environment.rewards": {"goal": 1e20}}, ("environment", "rewards", "goal"), "1e+20"),
])
def test_parameters_that_contradict_each_other_are_refused(
    changes: dict[str, Any], path: tuple[str, ...], given: str
) -> None:
    (found,) = faults_of(changes)
    assert (found.path, found.given) == (path, given)


@pytest.mark.parametrize(("population", "parents"), [(2, 1), (10, 5), (19, 9), (20, 20), (100, 20)])
def test_parents_that_were_left_out_fit_the_population(population: int, parents: int) -> None:
    item = staged({"strategy.population_size": population})
    assert item.spec["strategy"]["parents"] == parents
    assert item.warnings == ()
    assert item == staged({"strategy.population_size": population, "strategy.parents": parents})
    assert item == stage(parse(item.spec), Limits())


def test_parents_that_were_given_are_not_changed() -> None:
    (found,) = faults_of({"strategy.population_size": 19, "strategy.parents": 20})
    assert found.path == ("strategy", "parents")


def test_a_default_that_fits_or_does_not_count_stays_and_the_hash_with_it() -> None:
    for changes in (
        {"strategy.population_size": 20}, {"strategy.population_size": 10, "strategy.selection": "rank"}
    ):
        changes |= {"environment.goals": 2}
        item = staged(changes)
        assert item.spec["strategy"]["parents"] == 20
        assert item.spec_hash == spec_hash(parse(document(changes)))


def test_parents_may_be_more_than_the_population_where_they_do_not_count() -> None:
    assert staged({"strategy.population_size": 10, "strategy.selection": "rank"}).warnings == ()


@pytest.mark.parametrize(("limit", "changes", "path"), [
    ({"max_cells": 24}, {}, ("environment", "rows")),
    ({"max_population": 99}, {}, ("strategy", "population_size")),
    ({"max_generations": 29}, {}, ("stop", "max_generations")),
    ({"max_replicates": 1}, {"replicates": 2}, ("replicates",)),
    ({"max_weights": 348}, {}, ("network",)),
    ({"max_evaluations": 5_999}, {"replicates": 2}, ()),
    ({"max_environment_steps": 119_999}, {}, ()),
    ({"max_memory_bytes": 1_000_000}, {}, ()),
    ({"max_storage_bytes": 1_000}, {}, ()),
])
def test_each_limit_of_the_server_is_kept(
    limit: dict[str, int], changes: dict[str, Any], path: tuple[str, ...]
) -> None:
    (found,) = faults_of(changes, replace(Limits(), **limit))
    assert (found.code, found.path) == (FaultCode.LIMIT_EXCEEDED, path)
    assert str(next(iter(limit.values()))) in found.expected


def test_what_a_limit_just_allows_is_staged() -> None:
    limits = Limits(
        max_cells=25, max_population=100, max_generations=30, max_replicates=1, max_weights=349,
        max_evaluations=3_000, max_environment_steps=120_000,
    )
    assert staged({}, limits).estimate.environment_steps == 120_000


def test_a_billion_agents_are_too_many_for_this_server() -> None:
    (found,) = faults_of({"strategy.population_size": 10**9})
    assert found.path == ("strategy", "population_size")


def test_faults_of_all_parts_come_at_once() -> None:
    found = faults_of({
        "environment.rows": ["S.", "."], "strategy.elites": 200, "stop.max_generations": 1_000_000,
    })
    assert {each.path for each in found} == {
        ("environment", "rows", 1), ("strategy", "elites"), ("stop", "max_generations"),
    }


@pytest.mark.parametrize(("changes", "paths"), [
    ({"environment.rows": ["S.", ".."]}, {("environment", "rows")}),
    ({"environment.rows": ["S#G", "##."]}, {("environment", "rows")}),
    ({"environment.rows": ["SG#G", "..##"]}, {("environment", "rows")}),
    ({"environment.max_steps": 3}, {("environment", "max_steps")}),
    ({"environment.episodes": 2}, {("environment", "episodes")}),
    ({"environment.episodes": 2, "network.output": "softmax"}, set()),
    ({"stop.fitness": 100}, {("stop", "fitness")}),
    ({"stop.fitness": 6}, set()),
    (
        {"strategy": {"type": "rising_threshold", "initial_threshold": 100}},
        {("strategy", "initial_threshold")}
    ),
    ({"strategy": {"type": "rising_threshold", "initial_threshold": 100}, "novelty": {}}, set()),
    ({"strategy.tournament_size": 5}, {("strategy", "tournament_size")}),
    ({"strategy.selection": "tournament", "strategy.tournament_size": 5}, set()),
    (
        {"strategy.crossover": "none", "strategy.crossover_probability": 0.25},
        {("strategy", "crossover_probability")}
    ),
    (
        {"strategy.crossover": "none", "strategy.mutation_probability": 0},
        {("strategy", "mutation_probability")}
    ),
    ({"strategy.elites": 100}, {("strategy", "elites")}),
])
def test_what_was_probably_not_meant_is_a_warning(
    changes: dict[str, Any], paths: set[tuple[str, ...]]
) -> None:
    assert {each.path for each in staged(changes).warnings} == paths


@pytest.mark.parametrize("name", ["maze-5x5", "maze-20x20"])
def test_every_goal_of_an_example_is_within_the_steps_of_an_episode(name: str) -> None:
    item = stage(parse((EXAMPLES / f"{name}.json").read_bytes()), Limits())
    assert sum(row.count("G") for row in item.spec["environment"]["rows"]) >= 2
