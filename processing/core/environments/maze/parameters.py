"""The part of a document that describes a maze, and the characters of its map."""

from typing import Literal

from processing.core.parameters import Number, Parameters, parameter

OPEN, START, GOAL, OBSTACLE = ".", "S", "G", "#"


class RewardParameters(Parameters):
    """What a move earns."""

    open: Number = parameter(0.15, meaning="Reward for entering an open cell for the first time.")
    goal: Number = parameter(3.0, meaning="Reward for entering a goal, once for each goal.")
    revisit: Number = parameter(0.0, meaning="Reward for entering, or staying on, a cell visited before.")


class MazeParameters(Parameters):
    """A grid world drawn as text."""

    type: Literal["maze"] = parameter(meaning="A grid-world maze.")
    rows: tuple[str, ...] = parameter(
        meaning="The map, one string per row: '.' open, 'S' start, 'G' goal, '#' obstacle.", min_length=1
    )
    max_steps: int = parameter(
        meaning="Steps after which an episode is cut off.", unit="steps", ge=1, le=1_000_000
    )
    goals: int | None = parameter(
        None, unit="goals", ge=1, le=1_000_000,
        meaning="Goals that an agent must reach in each of its episodes to have solved the maze; null for "
        "all on the map.",
    )
    rewards: RewardParameters = parameter(RewardParameters(), meaning="What a move earns.")
    episodes: int = parameter(
        1, meaning="Episodes per agent; its fitness is their mean. More than one helps only where actions "
        "are sampled.",
        unit="episodes", ge=1, le=1_000,
    )
