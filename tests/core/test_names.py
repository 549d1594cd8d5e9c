"""Names of observations and actions of Gymnasium's own environments."""

import pytest

from processing.core.environments.foreign import catalogue
from tests.core.foreign import foreign_plan


def test_numbers_and_actions_have_their_documented_names() -> None:
    world = foreign_plan("LunarLander-v3").problem
    assert world.input_labels()[:4] == ("x position", "y position", "x velocity", "y velocity")
    assert world.output_labels() == (
        "do nothing", "fire left engine", "fire main engine", "fire right engine"
    )
    assert foreign_plan("LunarLander-v3", kwargs={"continuous": True}).problem.output_labels() == (
        "main engine", "side engines"
    )
    assert foreign_plan("CarRacing-v3", kwargs={"continuous": False}).problem.output_labels()[3] == "gas"


@pytest.mark.parametrize("name", sorted(
    name for name, entry in catalogue.entries().items()
    if "needs" not in entry and not name.startswith("CarRacing")
))
def test_every_number_of_gymnasiums_own_environments_has_a_name(name: str) -> None:
    world = foreign_plan(name).problem
    for labels, size in ((world.input_labels(), world.inputs), (world.output_labels(), world.outputs)):
        assert len(set(labels)) == len(labels) == size
        assert not any("[" in label or "=" in label for label in labels)


def test_names_of_cells_follow_the_lake() -> None:
    assert foreign_plan("FrozenLake-v1").problem.input_labels()[6] == "row 1, column 2"
    own = foreign_plan("FrozenLake-v1", kwargs={"desc": ["SFF", "FHG"]}).problem
    assert own.input_labels()[3:] == ("row 1, column 0", "row 1, column 1", "row 1, column 2")


def test_names_hold_only_where_nothing_changes_the_numbers() -> None:
    def first(*wrappers: dict[str, object]) -> str:
        return str(foreign_plan("LunarLander-v3", wrappers=list(wrappers)).problem.input_labels()[0])

    assert first({"type": "delay", "delay": 1}, {"type": "sticky_actions"}) == "x position"
    assert first({"type": "frame_stack"}) == "observation[0][0]"
    pendulum = foreign_plan("Pendulum-v1", wrappers=[{"type": "discretize_action", "bins": 3}]).problem
    assert pendulum.output_labels() == ("action = 0", "action = 1", "action = 2")
