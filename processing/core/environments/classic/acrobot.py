"""Two links that hang from a hinge and are driven at the joint between them: Gymnasium's Acrobot-v1.

State: angle of the first link from hanging (rad) and of the second from the first, both from -pi to pi, and
their spins (rad/s), at most 4 pi and 9 pi; each uniform in ±0.1 at the start. Observation: cosine and sine of
the one angle, then of the other, then the spins. Action: torque -1, 0 or 1 N m. Reward: -1 for each step, 0
for the one that reaches the goal. Terminates: with the tip more than one link above the hinge. Truncates:
after 500 steps. A step is one Runge-Kutta step (order 4) of 0.2 s.

Source: Gymnasium 1.4, `acrobot.py`, equations of "the book": Sutton and Barto 2018.
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
from processing.core.environments.scenes import links
from processing.core.kernels.lanes import LANES, load, load_whole, store, where_greater
from processing.core.kernels.numeric import HALF, ONE, TWO, ZERO, cos, sin, square
from processing.core.kernels.roles import formula, part
from processing.core.types import Float32Array

#: Masses, lengths and moments of inertia are 1, centres of mass at 0.5, gravity 9.8; products with 1 are left
#: out.
CENTRE, CENTRE_SQUARE, FIRST_MOMENT, REDUCED_MOMENT = 0.5, 0.25, 1.25, 1.25
UPPER_WEIGHT, LOWER_WEIGHT = 1.5 * 9.8, 0.5 * 9.8
STEP_SECONDS, HALF_STEP, SIXTH_STEP = 0.2, 0.2 / 2.0, 0.2 / 6.0
FASTEST_UPPER, FASTEST_LOWER, STRAIGHT, QUARTER_TURN, FULL_TURN = (
    4 * math.pi, 9 * math.pi, math.pi, math.pi / 2, 2 * math.pi
)
HEIGHT, STEP_REWARD = 1.0, -1.0


@formula
def accelerations(upper, lower, upper_spin, lower_spin, torque):
    """Return the angular accelerations of both links (rad/s²)."""
    cosine, sine = cos(lower), sin(lower)
    whole = CENTRE_SQUARE + (FIRST_MOMENT + cosine) + ONE + ONE
    coupled = (CENTRE_SQUARE + CENTRE * cosine) + ONE
    lower_load = LOWER_WEIGHT * cos(upper + lower - QUARTER_TURN)
    upper_load = (
        -CENTRE * square(lower_spin) * sine - lower_spin * upper_spin * sine
        + UPPER_WEIGHT * cos(upper - QUARTER_TURN) + lower_load
    )
    push = torque + coupled / whole * upper_load - CENTRE * square(upper_spin) * sine - lower_load
    below = push / (REDUCED_MOMENT - square(coupled) / whole)
    return -(coupled * below + upper_load) / whole, below


@formula
def dynamics(upper, lower, upper_spin, lower_spin, action):
    """Return angles and spins after one step, the reward, and 1 where the tip reaches the goal, else 0."""
    angle, bend, spin, turn, torque = upper, lower, upper_spin, lower_spin, action - ONE
    angles = bends = spins = turns = ZERO * torque
    for stage in range(4):
        above, below = accelerations(angle, bend, spin, turn, torque)
        weight, ahead = (TWO if 0 < stage < 3 else ONE), (STEP_SECONDS if stage == 2 else HALF_STEP)
        angles, bends = angles + weight * spin, bends + weight * turn
        spins, turns = spins + weight * above, turns + weight * below
        angle, bend = upper + ahead * spin, lower + ahead * turn
        spin, turn = upper_spin + ahead * above, lower_spin + ahead * below
    upper, lower = within(upper + SIXTH_STEP * angles), within(lower + SIXTH_STEP * bends)
    upper_spin = clipped(upper_spin + SIXTH_STEP * spins, -FASTEST_UPPER, FASTEST_UPPER)
    lower_spin = clipped(lower_spin + SIXTH_STEP * turns, -FASTEST_LOWER, FASTEST_LOWER)
    over = where_greater(-cos(upper) - cos(lower + upper), HEIGHT, ONE, ZERO)
    return upper, lower, upper_spin, lower_spin, where_greater(over, HALF, ZERO, STEP_REWARD), over


@formula
def within(angle):
    """Return the angle wrapped to [-pi, pi]; a step changes it by fewer than three turns."""
    for _ in range(3):
        angle = where_greater(angle, STRAIGHT, angle - FULL_TURN, angle)
        angle = where_greater(-STRAIGHT, angle, angle + FULL_TURN, angle)
    return angle


@part
def fill_observation(world, work):
    """Write cosine and sine of both angles, and both spins."""
    floats, scratch = work.floats, work.scratch
    for link in range(2):
        angle = load(floats, link * LANES)
        store(scratch, 2 * link * LANES, cos(angle))
        store(scratch, (2 * link + 1) * LANES, sin(angle))
        store(scratch, (4 + link) * LANES, load(floats, (2 + link) * LANES))


@part
def fill_step(world, work, clock):
    """Carry out one step in all lanes and return how many episodes it ends."""
    floats = work.floats
    upper, lower, upper_spin, lower_spin, reward, over = dynamics(
        load(floats, 0), load(floats, LANES), load(floats, 2 * LANES), load(floats, 3 * LANES),
        load_whole(work.actions, 0)
    )
    store(floats, 0, upper)
    store(floats, LANES, lower)
    store(floats, 2 * LANES, upper_spin)
    store(floats, 3 * LANES, lower_spin)
    return settled(work, reward, over)


class Acrobot(Classic):
    """The environment Acrobot-v1."""

    gymnasium_id, limit, actions, solution = "Acrobot-v1", 500, "choice", MeanReturn(-100.0)
    inputs, outputs, floats = 6, 3, 4
    plain_seconds = (2.3e-4, 1.2e-6)
    starts = ((-0.1, 0.1),) * 4
    observed = (
        "cosine of the upper angle", "sine of the upper angle", "cosine of the lower angle",
        "sine of the lower angle", "upper spin", "lower spin",
    )
    does = ("torque -1", "torque 0", "torque 1")
    scene = links(cosines=(0, 2), sines=(1, 3), hangs=True, goal=1.0)
    slots = {"fill_observation": fill_observation, "fill_step": fill_step, **in_lanes(globals())}
    exact = {**EXACT, "HALF": 0.5}
    dynamics = staticmethod(dynamics)

    def best_return(self) -> float:
        """Return 0, the return of reaching the goal with the first step."""
        return 0.0

    def seen(self, state: Sequence[Any]) -> Float32Array:
        """Return cosine and sine of both angles, and both spins, (6,) float32."""
        upper, lower, *spins = state
        return np.array([np.cos(upper), np.sin(upper), np.cos(lower), np.sin(lower), *spins], np.float32)
