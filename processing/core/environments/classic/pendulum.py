"""A pendulum to swing up and hold, driven at its hinge: Gymnasium's Pendulum-v1.

State: angle from upright (rad), uniform from -pi to pi at the start, and spin (rad/s), uniform in ±1 at the
start, at most 8. Gymnasium lets the angle grow without bound; lanes wrap it to [-pi, pi], where float32 is
accurate. Observation: cosine and sine of the angle, spin. Command: the torque, -1 to 1 for ±2 N m. Reward:
-(angle² + 0.1 spin² + 0.001 torque²) with the wrapped angle before the step. Truncates: after 200 steps.

Source: Gymnasium 1.4, `pendulum.py`.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from collections.abc import Sequence
from typing import Any

import numpy as np

from processing.core.environments.classic.classic_environment import (
    EXACT,
    Classic,
    clipped,
    in_lanes,
    settled,
)
from processing.core.environments.scenes import links
from processing.core.kernels.lanes import LANES, get, load, store
from processing.core.kernels.numeric import ZERO, calmed, cos, sin, square, wrapped
from processing.core.kernels.roles import formula, part
from processing.core.parameters import Parameters, parameter
from processing.core.types import Float32Array

FASTEST, STRONGEST, STEP_SECONDS, LEVERAGE = 8.0, 2.0, 0.05, 3.0
SPIN_COST, TORQUE_COST = 0.1, 0.001


@formula
def dynamics(angle, spin, torque, weight):
    """Return angle and spin after one step, the reward, and 0, as no state terminates.

    `weight` is 3/2 of the gravity (m/s²).
    """
    torque = clipped(torque, -STRONGEST, STRONGEST)
    cost = square(wrapped(angle)) + SPIN_COST * square(spin) + TORQUE_COST * square(torque)
    spin = spin + (weight * sin(angle) + LEVERAGE * torque) * STEP_SECONDS
    spin = clipped(spin, -FASTEST, FASTEST)
    return angle + spin * STEP_SECONDS, spin, -cost, ZERO * cost


@part
def fill_observation(world, work):
    """Write cosine and sine of the angle, and the spin."""
    angle = load(work.floats, 0)
    store(work.scratch, 0, cos(angle))
    store(work.scratch, LANES, sin(angle))
    store(work.scratch, 2 * LANES, load(work.floats, LANES))


@part
def fill_step(world, work, clock):
    """Carry out one step in all lanes and return how many episodes it ends."""
    torque = load(work.commands, 0) * STRONGEST
    angle, spin, reward, over = dynamics(
        load(work.floats, 0), load(work.floats, LANES), torque, get(world.settings, 0)
    )
    store(work.floats, 0, calmed(wrapped(angle)))
    store(work.floats, LANES, calmed(spin))
    return settled(work, reward, over)


class PendulumKwargs(Parameters):
    """Keyword arguments of Pendulum-v1."""

    g: float = parameter(10.0, meaning="Gravity.", unit="m/s²", ge=-100.0, le=100.0)


@formula
def turned(angle):
    """Return the angle wrapped to [-pi, pi), as Gymnasium computes it."""
    return ((angle + np.pi) % (2 * np.pi)) - np.pi


class Pendulum(Classic):
    """The environment Pendulum-v1."""

    gymnasium_id, limit, actions, solution = "Pendulum-v1", 200, "commands", None
    inputs, outputs, floats = 3, 1, 2
    Kwargs = PendulumKwargs
    starts = ((-np.pi, np.pi), (-1.0, 1.0))
    observed, does = ("cosine of the angle", "sine of the angle", "spin"), ("torque",)
    scene = links(cosines=(0,), sines=(1,), hangs=False, goal=None)
    slots = {"fill_observation": fill_observation, "fill_step": fill_step, **in_lanes(globals())}
    exact = {**EXACT, "wrapped": turned}
    dynamics = staticmethod(dynamics)

    def settings(self) -> tuple[float, ...]:
        """Return 3/2 of the gravity, for length and mass 1."""
        return (3 * self.kwargs.g / 2.0,)

    def best_return(self) -> float:
        """Return 0: the pendulum is upright and at rest, without a torque."""
        return 0.0

    def seen(self, state: Sequence[Any]) -> Float32Array:
        """Return cosine and sine of the angle, and the spin, (3,) float32."""
        return np.array([np.cos(state[0]), np.sin(state[0]), state[1]], np.float32)
