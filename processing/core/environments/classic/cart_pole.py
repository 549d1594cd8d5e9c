"""A pole on a cart, kept upright by pushing the cart left or right: Gymnasium's CartPole-v1.

State and observation: position (m), speed (m/s), angle (rad), spin (rad/s), each uniform in ±0.05 at the
start. Action: 0 pushes left, 1 right, with 10 N. Reward: 1 for each step; with `sutton_barto_reward` 0, and
-1 for the last one where the environment ends it. Terminates: |position| > 2.4 or |angle| > 12°. Truncates:
after 500 steps.

Source: Gymnasium 1.4, `cartpole.py`; Barto, Sutton and Anderson 1983.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import math

import numpy as np

from processing.core.criterion import MeanReturn
from processing.core.environments.classic.classic_environment import EXACT, Classic, in_lanes, settled
from processing.core.environments.scenes import cart
from processing.core.kernels.lanes import LANES, get, load, load_whole, store, where_greater
from processing.core.kernels.numeric import HALF, ONE, ZERO, cos, sin, square
from processing.core.kernels.roles import formula, part
from processing.core.parameters import Parameters, parameter

GRAVITY, CART_MASS, POLE_MASS, POLE_HALF_LENGTH, PUSH, STEP_SECONDS = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02
WHOLE_MASS, POLE_MOMENT, INERTIA = POLE_MASS + CART_MASS, POLE_MASS * POLE_HALF_LENGTH, 4.0 / 3.0
FARTHEST, STEEPEST = 2.4, 12 * 2 * math.pi / 360


@formula
def dynamics(position, speed, angle, spin, action, reward, last_reward):
    """Return the state after one Euler step, the reward, and 1 where the episode terminates, else 0."""
    force = where_greater(action, HALF, PUSH, -PUSH)
    cosine, sine = cos(angle), sin(angle)
    push = (force + POLE_MOMENT * square(spin) * sine) / WHOLE_MASS
    twist = (GRAVITY * sine - cosine * push) / (
        POLE_HALF_LENGTH * (INERTIA - POLE_MASS * square(cosine) / WHOLE_MASS)
    )
    pull = push - POLE_MOMENT * twist * cosine / WHOLE_MASS
    position = position + STEP_SECONDS * speed
    speed = speed + STEP_SECONDS * pull
    angle = angle + STEP_SECONDS * spin
    spin = spin + STEP_SECONDS * twist
    over = where_greater(position, FARTHEST, ONE, ZERO)
    over = where_greater(-FARTHEST, position, ONE, over)
    over = where_greater(angle, STEEPEST, ONE, over)
    over = where_greater(-STEEPEST, angle, ONE, over)
    return position, speed, angle, spin, where_greater(over, HALF, last_reward, reward), over


@part
def fill_observation(world, work):
    """Write the state as the observation."""
    for row in range(4):
        store(work.scratch, row * LANES, load(work.floats, row * LANES))


@part
def fill_step(world, work, clock):
    """Carry out one step in all lanes and return how many episodes it ends."""
    floats, settings = work.floats, world.settings
    position, speed, angle, spin, reward, over = dynamics(
        load(floats, 0), load(floats, LANES), load(floats, 2 * LANES), load(floats, 3 * LANES),
        load_whole(work.actions, 0), get(settings, 0), get(settings, 1),
    )
    store(floats, 0, position)
    store(floats, LANES, speed)
    store(floats, 2 * LANES, angle)
    store(floats, 3 * LANES, spin)
    return settled(work, reward, over)


class CartPoleKwargs(Parameters):
    """Keyword arguments of CartPole-v1."""

    sutton_barto_reward: bool = parameter(
        False, meaning="Whether a step earns 0, and the last one -1, instead of 1."
    )


class CartPole(Classic):
    """The environment CartPole-v1."""

    gymnasium_id, limit, actions, solution = "CartPole-v1", 500, "choice", MeanReturn(475.0)
    inputs, outputs, floats = 4, 2, 4
    Kwargs = CartPoleKwargs
    starts = ((-0.05, 0.05),) * 4
    observed, does = ("position", "speed", "angle", "spin"), ("push left", "push right")
    scene = cart(track=2.4, position=(0, 1.0), poles=((2, 1.0, 1.0),))
    slots = {"fill_observation": fill_observation, "fill_step": fill_step, **in_lanes(globals())}
    exact = {**EXACT, "square": np.square, "HALF": 0.5}
    dynamics = staticmethod(dynamics)

    def settings(self) -> tuple[float, ...]:
        """Return the reward of a step, and that of a step that terminates the episode."""
        return (0.0, -1.0) if self.kwargs.sutton_barto_reward else (1.0, 1.0)

    def best_return(self) -> float:
        """Return the return of an episode in which the pole never falls."""
        return self.settings()[0] * self.max_steps
