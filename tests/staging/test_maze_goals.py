"""The goals that a maze is solved by: written where left out, refused or warned of where nobody can reach
them.
"""

import json
from typing import Any

import pytest

from formatting.canonical import spec_hash
from formatting.faults import Fault, FaultCode, Malformed
from formatting.parse import parse
from processing.core.limits import Limits
from staging.stage import Unstageable, stage
from staging.staged_item import StagedItem

ROWS, GOALS, STEPS = ("environment", "rows"), ("environment", "goals"), ("environment", "max_steps")
FITNESS = ("stop", "fitness")


def document(
    rows: list[str], *, solved: bool = True, fitness: float | None = None, **environment: Any
) -> str:
    return json.dumps({
        "version": 1, "kind": "weight_evolution", "name": "test",
        "environment": {"type": "maze", "rows": rows, "max_steps": 40, **environment},
        "stop": {"max_generations": 5, "solved": solved, "fitness": fitness},
    })


def staged(rows: list[str], **given: Any) -> StagedItem:
    return stage(parse(document(rows, **given)), Limits())


def fault_of(rows: list[str], **given: Any) -> Fault:
    with pytest.raises(Unstageable) as refusal:
        staged(rows, **given)
    (found,) = refusal.value.faults
    return found


def warnings_of(rows: list[str], **given: Any) -> list[tuple[str | int, ...]]:
    return [each.path for each in staged(rows, solved=False, **given).warnings]


@pytest.mark.parametrize("solved", [True, False])
def test_left_out_it_is_all_goals_of_the_map_and_written_into_the_document(solved: bool) -> None:
    item = staged(["S.G", "G.G"], solved=solved)
    assert item.spec["environment"]["goals"] == 3
    assert item.warnings == ()
    for given in (None, 3):
        again = staged(["S.G", "G.G"], solved=solved, goals=given)
        assert (again.spec, again.spec_hash) == (item.spec, item.spec_hash)
    assert stage(parse(item.spec), Limits()) == item
    assert staged(["S.G", "G.G"], solved=solved, goals=2).spec_hash != item.spec_hash


def test_a_document_without_the_number_keeps_the_hash_that_it_had_before_there_was_one() -> None:
    older = json.dumps({
        "version": 1, "kind": "weight_evolution", "name": "a walk",
        "environment": {
            "type": "maze", "rows": ["S.#..", "..#.G", ".....", ".##..", "G...."], "max_steps": 40
        },
        "strategy": {"type": "genetic", "population_size": 100}, "stop": {"max_generations": 30},
    })
    assert spec_hash(parse(older)) == "d29847c2f3e71d28ea5cfcd214d57ed5baac74ab2e4f334780cfe0686ae12e44"


def test_a_map_without_goals_has_none_to_ask_for() -> None:
    item = staged(["S.", ".."], solved=False)
    assert item.spec["environment"]["goals"] is None
    assert [each.path for each in item.warnings] == [ROWS]


@pytest.mark.parametrize("goals", [0, -1, 1.5, "all"])
def test_a_number_that_is_none_is_refused(goals: Any) -> None:
    with pytest.raises(Malformed) as refusal:
        parse(document(["S.G"], goals=goals))
    assert [each.path for each in refusal.value.faults] == [GOALS]


@pytest.mark.parametrize(("rows", "environment", "path", "expected", "given"), [
    (["S."], {}, ROWS, 'a goal "G" that can be reached, as `stop.solved` asks for one', "none"),
    (["S."], {"goals": 1}, ROWS, 'a goal "G" that can be reached, as `stop.solved` asks for one', "none"),
    (["S#GG"], {}, ROWS, 'a goal "G" that can be reached, as `stop.solved` asks for one',
     "2 goals, none of which can be reached"),
    (["S.GG"], {"goals": 3}, GOALS, "1 to 2, as many as are on the map", "3"),
    (["SG#G"], {"goals": 2}, GOALS, "at most 1, as the others cannot be reached", "2"),
    (["SG#G"], {}, ROWS, "goals that can be reached, as `stop.solved` asks for all of them",
     "2 goals, of which only 1 can be reached"),
    (["S...G"], {"max_steps": 3}, STEPS, "at least 4 steps, as 1 goal cannot be reached in fewer", "3"),
    (["SG..G"], {"max_steps": 3}, STEPS, "at least 4 steps, as 2 goals cannot be reached in fewer", "3"),
    (["GGG", "GSG"], {"max_steps": 4}, STEPS, "at least 5 steps, as 5 goals cannot be reached in fewer", "4"),
])
def test_goals_that_nobody_can_reach_are_a_fault_where_a_run_is_to_end_by_them(
    rows: list[str], environment: dict[str, Any], path: tuple[str, ...], expected: str, given: str
) -> None:
    found = fault_of(rows, **environment)
    assert (found.path, found.expected, found.given) == (path, expected, given)


def test_what_would_do_is_said() -> None:
    assert fault_of(["SG#G"]).hint == "Or set `environment.goals` to 1."
    assert fault_of(["SG..G"], max_steps=3).hint == "Or set `environment.goals` to 1 at most."
    assert fault_of(["S...G"], max_steps=3).hint is None
    assert fault_of(["S.GG"], goals=3).code == FaultCode.OUT_OF_RANGE


@pytest.mark.parametrize(("rows", "environment"), [
    (["SG#G"], {"goals": 1}), (["SG..G"], {"max_steps": 4}), (["SG..G"], {"max_steps": 3, "goals": 1}),
])
def test_what_can_be_reached_is_staged_and_warned_of_at_most_for_its_map(
    rows: list[str], environment: dict[str, Any]
) -> None:
    assert {each.path for each in staged(rows, **environment).warnings} <= {ROWS}


def test_faults_of_goals_come_with_those_of_other_parts() -> None:
    spoilt = json.loads(document(["S.GG"], goals=3)) | {
        "strategy": {"type": "genetic", "population_size": 10, "elites": 11}
    }
    with pytest.raises(Unstageable) as refusal:
        stage(parse(spoilt), Limits())
    assert {each.path for each in refusal.value.faults} == {GOALS, ("strategy", "elites")}


@pytest.mark.parametrize(("rows", "environment", "paths"), [
    (["S."], {}, [ROWS]), (["S#G"], {}, [ROWS]), (["SG#G"], {}, [ROWS]),
    (["S...G"], {"max_steps": 3}, [STEPS]), (["S.GG"], {"goals": 1}, [GOALS]),
    (["S.GG"], {"goals": 3}, [GOALS]), (["S.GG"], {"goals": 2}, []),
])
def test_where_no_run_ends_by_them_the_same_are_warnings(
    rows: list[str], environment: dict[str, Any], paths: list[tuple[str, ...]]
) -> None:
    assert warnings_of(rows, **environment) == paths


def test_a_fitness_that_walking_reaches_is_warned_of_and_points_at_solved() -> None:
    rows = ["S" + "." * 20 + "G"]
    (found,) = staged(rows, solved=False, fitness=3.0).warnings
    assert (found.path, found.given) == (FITNESS, "3.0")
    assert found.expected == "more than 3, as so much may be had without reaching a goal"
    assert found.hint == "`stop.solved` ends a run when goals are reached."
    (found,) = staged(rows, fitness=2.0).warnings
    assert found.hint == "`stop.solved` ends a run when goals are reached: leave this out."
    assert warnings_of(rows, fitness=3.01) == []
    assert warnings_of(["S.", ".."], fitness=0.1) == [ROWS]
