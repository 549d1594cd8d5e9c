"""A car too weak for the hill, which has to swing: Gymnasium's MountainCar-v0.

State and observation: position, from -0.6 to -0.4 at the start, and speed, 0 there. Action: 0 pushes left, 1 does
nothing, 2 pushes right. Reward: -1 for each step. Terminates: at 0.5 or beyond with at least `goal_velocity`.
Truncates: after 200 steps. A car that runs into the left wall, at -1.2, stands.

Source: Gymnasium 1.4, `mountain_car.py`; Moore 1990.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import math

from processing.core.criterion import MeanReturn
from processing.core.environments.classic.classic_environment import EXACT, Classic, clipped, in_lanes, settled
from processing.core.environments.scenes import hill
from processing.core.kernels.lanes import LANES, get, load, load_whole, store, where_greater
from processing.core.kernels.numeric import ONE, ZERO, cos
from processing.core.kernels.roles import formula, part
from processing.core.parameters import Parameters, parameter

LEFT_WALL, RIGHT_WALL, FASTEST, GOAL_POSITION = -1.2, 0.6, 0.07, 0.5
ENGINE, DESCENT, WAVES, STEP_REWARD = 0.001, 0.0025, 3.0, -1.0


@formula
def dynamics(position, speed, action, goal_velocity):
    """One step: position, speed, the reward, and 1 where it reaches the goal, else 0."""
    speed = speed + ((action - ONE) * ENGINE + cos(WAVES * position) * -DESCENT)
    position, speed = moved(position, clipped(speed, -FASTEST, FASTEST))
    over = reached(position, speed, GOAL_POSITION, goal_velocity)
    return position, speed, STEP_REWARD + ZERO * over, over


@formula
def moved(position, speed):
    """Position and speed behind a step at this speed; the walls hold."""
    position = clipped(position + speed, LEFT_WALL, RIGHT_WALL)
    return position, where_greater(position, LEFT_WALL, speed, where_greater(ZERO, speed, ZERO, speed))


@formula
def reached(position, speed, goal, goal_velocity):
    """1 where the car is at the goal or beyond, and fast enough, else 0."""
    return where_greater(goal, position, ZERO, where_greater(goal_velocity, speed, ZERO, ONE))


@part
def fill_observation(world, work):
    """The state is what is seen."""
    store(work.scratch, 0, load(work.floats, 0))
    store(work.scratch, LANES, load(work.floats, LANES))


@part
def fill_step(world, work, clock):
    """One step of all lanes."""
    action = load_whole(work.actions, 0)
    position, speed, reward, over = dynamics(load(work.floats, 0), load(work.floats, LANES), action, get(world.settings, 0))
    store(work.floats, 0, position)
    store(work.floats, LANES, speed)
    return settled(work, reward, over)


class MountainCarKwargs(Parameters):
    """Keyword arguments of both mountain cars."""

    goal_velocity: float = parameter(0.0, meaning="Speed that the car must have at the goal.", ge=-0.07, le=0.07)


class MountainCar(Classic):
    """MountainCar-v0."""

    gymnasium_id, limit, actions, criterion = "MountainCar-v0", 200, "choice", MeanReturn(-110.0)
    inputs, outputs, floats = 2, 3, 2
    Kwargs = MountainCarKwargs
    starts = ((-0.6, -0.4), (0.0, 0.0))
    observed, does = ("position", "speed"), ("push left", "coast", "push right")
    scene = hill(position=0, low=-1.2, high=0.6, goal=0.5)
    slots = {"fill_observation": fill_observation, "fill_step": fill_step, **in_lanes(globals())}
    exact = {**EXACT, "cos": math.cos}
    dynamics = staticmethod(dynamics)

    def settings(self) -> tuple[float, ...]:
        """The speed that the car must have at the goal."""
        return (self.kwargs.goal_velocity,)

    def best_return(self) -> float:
        """A start costs at least one step."""
        return -1.0
