"""Faults of different depth are told at once: what staging has against the sound parts of a document that is
not well-formed.
"""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formatting.faults import Fault, Malformed, Path
from formatting.parse import parse
from processing.core.environments.maze.grid_world import MazeParameters
from processing.core.limits import Limits
from processing.core.sound import Sound, Unsound, run_check
from staging.stage import Unstageable, further_faults, stage
from tests.formatting.documents import ABSENT, document
from tests.formatting.test_bad_documents import PATHS, VALUES

TABLE: dict[str, Any] = {"type": "table", "inputs": [[1, 2], [3]], "targets": [[1], [0]]}


def all_faults(raw: Any) -> tuple[Fault, ...]:
    """As `api.intake` composes them."""
    try:
        stage(parse(raw), Limits())
    except Malformed as malformed:
        further = [] if malformed.sound is None else further_faults(malformed.sound, Limits())
        return malformed.joined(further).faults
    except Unstageable as refusal:
        return refusal.faults
    return ()


@pytest.mark.parametrize(("changes", "paths"), [
    pytest.param(
        {"environment": {"type": "gymnasium", "id": "CartPol-v1", "max_stps": 5}, "sed": 4},
        {("environment", "max_stps"), ("sed",), ("environment", "id")},
        id="an unknown id beside misspelt keys",
    ),
    pytest.param(
        {"environment": {"type": "gymnasium", "id": "CartPol-v1", "kwargs": 3, "episodes": 0}},
        {("environment", "kwargs"), ("environment", "episodes"), ("environment", "id")},
        id="an unknown id beside bad values",
    ),
    pytest.param(
        {"environment.rows": ["S.?", "..", "..G"], "environment.max_steps": 0, "sed": 3, "replicates": 101},
        {
            ("environment", "max_steps"), ("sed",), ("environment", "rows", 0), ("environment", "rows", 1),
            ("replicates",)
        },
        id="rows of a map beside others",
    ),
    pytest.param(
        {"environment.rows": ["S.?", 7, "..", "..G"]},
        {("environment", "rows", 0), ("environment", "rows", 1), ("environment", "rows", 2)},
        id="one row of a map beside another",
    ),
    pytest.param(
        {"environment": {"type": "table", "inputs": [[1, "x"], [3], [1, 2], [1, 2]], "targets": [[1]] * 4}},
        {("environment", "inputs", 0, 1), ("environment", "inputs", 1)},
        id="one row of a table beside another",
    ),
    pytest.param(
        {"kind": "xyz", "environment.rows": ["S.?", "..G"]}, {("kind",), ("environment", "rows", 0)},
        id="rows of a map beside a kind",
    ),
    pytest.param(
        {"kind": "sdfsdf", "strategy": ABSENT, "environment.rows": ["S.?", "..G"]},
        {("kind",), ("environment", "rows", 0)}, id="rows of a map beside a kind that nothing tells of",
    ),
    pytest.param(
        {"environment": ABSENT, "enviroment": {"type": "gymnasium", "id": "CartPol-v1"}},
        {("enviroment",), ("enviroment", "id")}, id="an unknown id behind a misspelt key",
    ),
    pytest.param(
        {"environment": TABLE | {"fitnes": "x"}, "stop.max_generations": 0},
        {("environment", "fitnes"), ("stop", "max_generations"), ("environment", "inputs", 1)},
        id="rows of a table",
    ),
    pytest.param(
        {"environment": TABLE | {"targets": "x"}}, {("environment", "targets"), ("environment", "inputs", 1)},
        id="inputs where the targets are no list",
    ),
    pytest.param(
        {"environment.rewards": {"goal": "x", "open": 1e20}},
        {("environment", "rewards", "goal"), ("environment", "rewards", "open")},
        id="one reward beside another",
    ),
    pytest.param(
        {"strategy.parents": 0, "strategy.elites": 101}, {("strategy", "parents"), ("strategy", "elites")},
        id="counts",
    ),
    pytest.param(
        {"strategy.population_size": ABSENT, "strategy.populaton_size": 300, "strategy.elites": 301},
        {("strategy", "populaton_size"), ("strategy", "elites")}, id="counts against the size that was meant",
    ),
])
def test_faults_of_different_depth_are_told_at_once(changes: dict[str, Any], paths: set[Path]) -> None:
    found = all_faults(document(changes))
    assert {each.path for each in found} == paths
    assert len(found) == len(paths)


@pytest.mark.parametrize(("changes", "paths"), [
    ({"strategy.population_size": "5", "strategy.elites": 200}, {("strategy", "population_size")}),
    ({"environment.rows": 3}, {("environment", "rows")}),
    ({"environment.rows": [7, 8]}, {("environment", "rows", 0), ("environment", "rows", 1)}),
    ({"environment.rows": [7, "..G"]}, {("environment", "rows", 0)}),
    ({"environment": 3}, {("environment",)}),
    ({"environment.type": "zzzzzzz", "environment.rows": ["?"]}, {("environment", "type")}),
    ({"strategy": {"type": "genetic", "population_size": 10, "elites": -1}}, {("strategy", "elites")}),
    ({"name": ""}, {("name",)}),
])
def test_nothing_is_told_that_only_follows_from_a_fault(changes: dict[str, Any], paths: set[Path]) -> None:
    assert {each.path for each in all_faults(document(changes))} == paths


def test_of_more_than_a_hundred_faults_the_rest_is_still_counted() -> None:
    rows = ["?" * 3] * 150
    found = all_faults(document({"environment.rows": rows, "sed": 1}))
    assert len(found) == 101
    assert found[-1].given == "152, of which 100 are shown"


def test_what_is_faulty_cannot_be_asked_for() -> None:
    maze = MazeParameters(type="maze", rows=("S.G",), max_steps=3)
    part: Any = Sound(maze, frozenset({"max_steps"}), {})
    assert isinstance(part, MazeParameters)
    assert part.rows == ("S.G",)
    with pytest.raises(Unsound, match="max_steps"):
        part.max_steps  # noqa: B018
    with pytest.raises(Unsound):
        dict(part)
    assert run_check(lambda: [part.max_steps]) == []


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.dictionaries(PATHS, VALUES, max_size=3))
def test_any_change_of_a_document_ends_as_staged_or_as_faults_each_told_once(changes: dict[str, Any]) -> None:
    found = all_faults(document(dict(sorted(changes.items(), key=lambda item: -item[0].count(".")))))
    assert len(set(found)) == len(found)
