"""A car whose engine is too weak for the hill, so that it must gain momentum: Gymnasium's MountainCar-v0.

State and observation: position, from -0.6 to -0.4 at the start, and speed, 0 there. Action: 0 pushes left, 1
does nothing, 2 pushes right. Reward: -1 for each step. Terminates: at 0.5 or beyond with at least
`goal_velocity`. Truncates: after 200 steps. The left wall, at -1.2, stops the car.

Source: Gymnasium 1.4, `mountain_car.py`; Moore 1990.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import math

from processing.core.criterion import MeanReturn
from processing.core.environments.classic.classic_environment import (
    EXACT,
    Classic,
    clipped,
    in_lanes,
    settled,
)
from processing.core.environments.scenes import hill
from processing.core.kernels.lanes import LANES, get, load, load_whole, store, where_greater
from processing.core.kernels.numeric import ONE, ZERO, cos
from processing.core.kernels.roles import formula, part
from processing.core.parameters import Parameters, parameter

LEFT_WALL, RIGHT_WALL, FASTEST, GOAL_POSITION = -1.2, 0.6, 0.07, 0.5
ENGINE, DESCENT, WAVES, STEP_REWARD = 0.001, 0.0025, 3.0, -1.0


@formula
def dynamics(position, speed, action, goal_velocity):
    """Return position and speed after one step, the reward, and 1 where the car reaches the goal, else 0."""
    speed = speed + ((action - ONE) * ENGINE + cos(WAVES * position) * -DESCENT)
    position, speed = moved(position, clipped(speed, -FASTEST, FASTEST))
    over = reached(position, speed, GOAL_POSITION, goal_velocity)
    return position, speed, STEP_REWARD + ZERO * over, over


@formula
def moved(position, speed):
    """Return position and speed after a step; the left wall stops the car, the right wall bounds it."""
    position = clipped(position + speed, LEFT_WALL, RIGHT_WALL)
    return position, where_greater(position, LEFT_WALL, speed, where_greater(ZERO, speed, ZERO, speed))


@formula
def reached(position, speed, goal, goal_velocity):
    """Return 1 where the car is at or beyond the goal and fast enough, else 0."""
    return where_greater(goal, position, ZERO, where_greater(goal_velocity, speed, ZERO, ONE))


@part
def fill_observation(world, work):
    """Write the state as the observation."""
    store(work.scratch, 0, load(work.floats, 0))
    store(work.scratch, LANES, load(work.floats, LANES))


@part
def fill_step(world, work, clock):
    """Carry out one step in all lanes and return how many episodes it ends."""
    action = load_whole(work.actions, 0)
    position, speed, reward, over = dynamics(
        load(work.floats, 0), load(work.floats, LANES), action, get(world.settings, 0)
    )
    store(work.floats, 0, position)
    store(work.floats, LANES, speed)
    return settled(work, reward, over)


class MountainCarKwargs(Parameters):
    """Keyword arguments of both mountain cars."""

    goal_velocity: float = parameter(
        0.0, meaning="Speed that the car must have at the goal.", ge=-0.07, le=0.07
    )


class MountainCar(Classic):
    """The environment MountainCar-v0."""

    gymnasium_id, limit, actions, solution = "MountainCar-v0", 200, "choice", MeanReturn(-110.0)
    inputs, outputs, floats = 2, 3, 2
    Kwargs = MountainCarKwargs
    starts = ((-0.6, -0.4), (0.0, 0.0))
    observed, does = ("position", "speed"), ("push left", "coast", "push right")
    scene = hill(position=0, low=-1.2, high=0.6, goal=0.5)
    slots = {"fill_observation": fill_observation, "fill_step": fill_step, **in_lanes(globals())}
    exact = {**EXACT, "cos": math.cos}
    dynamics = staticmethod(dynamics)

    def settings(self) -> tuple[float, ...]:
        """Return the least speed at the goal."""
        return (self.kwargs.goal_velocity,)

    def best_return(self) -> float:
        """Return -1: an episode takes at least one step."""
        return -1.0
