"""The mountain car with a continuous force: Gymnasium's MountainCarContinuous-v0.

State and observation as in `mountain_car.py`. Command: the force, from -1 to 1. Reward: -0.1 times the square
of the command, and 100 at the goal. Terminates: at 0.45 or beyond with at least `goal_velocity`. Truncates:
after 999 steps. Gymnasium keeps the state as float32, and so does the comparison mode.

Source: Gymnasium 1.4, `continuous_mountain_car.py`.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from processing.core.criterion import MeanReturn
from processing.core.environments.classic.classic_environment import (
    EXACT,
    Classic,
    clipped,
    in_lanes,
    settled,
)
from processing.core.environments.classic.mountain_car import (
    MountainCarKwargs,
    fill_observation,
    moved,
    reached,
)
from processing.core.environments.scenes import hill
from processing.core.kernels.lanes import LANES, get, load, store, where_greater
from processing.core.kernels.numeric import HALF, ONE, ZERO, cos
from processing.core.kernels.roles import formula, part

LEFT_WALL, RIGHT_WALL, FASTEST, GOAL_POSITION = -1.2, 0.6, 0.07, 0.45
POWER, DESCENT, WAVES, GOAL_REWARD, EFFORT = 0.0015, 0.0025, 3.0, 100.0, 0.1


@formula
def alone(x):
    """Return x; the comparison mode binds Gymnasium's conversion to float64 here."""
    return x


@formula
def dynamics(position, speed, action, goal_velocity):
    """Return position and speed after one step, the reward, and 1 where the car reaches the goal, else 0."""
    force = clipped(action, -ONE, ONE)
    speed = speed + (force * POWER - DESCENT * cos(WAVES * position))
    position, speed = moved(position, clipped(speed, -FASTEST, FASTEST))
    over = reached(position, speed, GOAL_POSITION, goal_velocity)
    command = alone(action)
    return position, speed, where_greater(over, HALF, GOAL_REWARD, ZERO) - command * command * EFFORT, over


@part
def fill_step(world, work, clock):
    """Carry out one step in all lanes and return how many episodes it ends."""
    command = load(work.commands, 0)
    position, speed, reward, over = dynamics(
        load(work.floats, 0), load(work.floats, LANES), command, get(world.settings, 0)
    )
    store(work.floats, 0, position)
    store(work.floats, LANES, speed)
    return settled(work, reward, over)


class MountainCarContinuous(Classic):
    """The environment MountainCarContinuous-v0."""

    gymnasium_id, limit, actions, solution = "MountainCarContinuous-v0", 999, "commands", MeanReturn(90.0)
    inputs, outputs, floats = 2, 1, 2
    Kwargs = MountainCarKwargs
    starts = ((-0.6, -0.4), (0.0, 0.0))
    observed, does = ("position", "speed"), ("force",)
    scene = hill(position=0, low=-1.2, high=0.6, goal=0.45)
    slots = {"fill_observation": fill_observation, "fill_step": fill_step, **in_lanes(globals())}
    exact = {**EXACT, "cos": math.cos, "alone": float, "HALF": 0.5}
    dynamics = staticmethod(dynamics)

    def settings(self) -> tuple[float, ...]:
        """Return the least speed at the goal."""
        return (self.kwargs.goal_velocity,)

    def best_return(self) -> float:
        """Return the reward of the goal, reached without any force."""
        return GOAL_REWARD

    def taken(self, state: Sequence[Any]) -> tuple[float, ...]:
        """Return the state in Gymnasium's types: float64 at the start, float32 afterwards."""
        return tuple(state)

    def kept(self, state: Sequence[Any]) -> tuple[float, ...]:
        """Return the state in the type that Gymnasium stores: float32."""
        return tuple(np.array(state, np.float32))
