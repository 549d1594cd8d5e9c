"""A run that is to end when its task is solved is warned of where it cannot."""

from pathlib import Path
from typing import Any

import pytest

from formatting.parse import parse
from processing.core.limits import Limits
from staging.stage import stage
from tests.formatting.documents import document

EXAMPLES = Path(__file__).parents[2] / "examples"


def warnings(environment: dict[str, Any], *, solved: bool = True) -> list[tuple[tuple[str | int, ...], str]]:
    changes = {"environment": environment, "stop": {"max_generations": 5, "solved": solved}}
    return [(each.path, each.expected) for each in stage(parse(document(changes)), Limits()).warnings]


def gymnasium(name: str, **changes: Any) -> dict[str, Any]:
    return {"type": "gymnasium", "id": name, **changes}


@pytest.mark.parametrize("environment", [
    gymnasium("Pendulum-v1"), gymnasium("Blackjack-v1"), {"type": "double_pole", "max_steps": 1_000},
])
def test_an_environment_that_nobody_can_solve_is_told_of(environment: dict[str, Any]) -> None:
    (found,) = warnings(environment)
    assert found == (
        ("stop", "solved"), "false, as nothing says when this environment, with these parameters, is solved"
    )
    assert warnings(environment, solved=False) == []


@pytest.mark.parametrize(
    ("changes", "best"), [({"max_steps": 100}, 100), ({"kwargs": {"sutton_barto_reward": True}}, 0)]
)
def test_a_criterion_out_of_reach_is_told_of(changes: dict[str, Any], best: int) -> None:
    ((path, expected),) = warnings(gymnasium("CartPole-v1", **changes))
    assert path == ("stop", "solved")
    assert f"a return of 475, and at most {best} is possible" in expected


def test_a_criterion_of_shorter_episodes_is_told_of() -> None:
    ((path, expected),) = warnings(gymnasium("CartPole-v1", max_steps=10_000))
    assert path == ("environment", "max_steps")
    assert expected.startswith("500, as this environment is solved by a return of 475")


@pytest.mark.parametrize("environment", [
    gymnasium("CartPole-v1"), gymnasium("CartPole-v1", max_steps=490),
    gymnasium("MountainCar-v0", max_steps=1_000), gymnasium("LunarLander-v3"), {"type": "double_pole"},
    {"type": "double_pole", "velocities": False}, {"type": "maze", "rows": ["S.G"], "max_steps": 5},
])
def test_a_criterion_that_can_be_met_is_not(environment: dict[str, Any]) -> None:
    assert warnings(environment) == []


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in EXAMPLES.glob("*.json") if "schema" not in path.name)
)
def test_no_example_is_warned_of(name: str) -> None:
    assert stage(parse((EXAMPLES / f"{name}.json").read_bytes()), Limits()).warnings == ()
