"""Parts of the rollout kernel for two poles on a cart: equations of motion, starts, observations, returns.

A pole of mass m and half-length l, at the angle θ from the upright, with friction μ in its hinge; g = -9.8
m/s²:
    fall = g sin θ + μ θ̇ / (m l)
    pull = m l θ̇² sin θ + 3/4 m cos θ · fall
    ẍ = (force + Σ pull) / (M + Σ m (1 - 3/4 cos² θ)),   θ̈ = -3/4 (ẍ cos θ + fall) / l
The cart rolls without friction. An action is two Runge-Kutta steps (order 4) of h = 0.01 s. Their stages are
written for positions and rates at once: x + h ẋ + h²/6 (ẍ1 + ẍ2 + ẍ3), ẋ + h/6 (ẍ1 + 2 ẍ2 + 2 ẍ3 + ẍ4).

The equations are written once: `numbers` binds them to float32, for the lanes, or to float64, for comparison.

Source: Wieland 1991, "Evolving neural network controllers for unstable systems"; Stanley and Miikkulainen
2002, 4.3.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, assignment"

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from processing.core.kernels.lanes import (
    LANES,
    add_up,
    fill,
    get,
    load,
    madd,
    mark_over,
    put,
    store,
    where_greater,
)
from processing.core.kernels.numeric import HALF, ONE, TWO, ZERO, absolute, calmed
from processing.core.kernels.roles import formula, kernel, part
from processing.core.types import Float32Array

#: Offsets in a lane's state: the cart, the long and the short pole, each followed by its rate; the steps
#: left; the outcome of the last step (RUNNING, FAILED or DONE); and, without velocities, the movement in each
#: of the last steps.
CART, LONG, SHORT, LEFT, FLAG, MOVED = 0, 2 * LANES, 4 * LANES, 6 * LANES, 7 * LANES, 8 * LANES
ROWS = 8
RUNNING, FAILED, DONE = ZERO, ONE, TWO
#: Steps whose movements count, and rows that hold them: one more, for the step in which an episode fails.
COUNTED = 100
KEPT = COUNTED + 1

#: An episode fails beyond 2.4 m or 36 degrees (rad).
_TRACK, _TILT = np.float32(2.4), np.float32(0.628329)
_FORCE = np.float32(10.0)  # N
#: Factors from physical quantities to inputs: units of 4.8 m, 0.52 rad, 2 m/s and 2 rad/s.
_PER_PLACE, _PER_ANGLE, _PER_RATE = np.float32(1 / 4.8), np.float32(1 / 0.52), np.float32(0.5)

_H = 0.01
_NUMBERS = {
    "GRAVITY": -9.8, "CART_MASS": 1.0, "WHOLE": 1.0, "THREE_QUARTERS": 0.75, "DOUBLE": 2.0,
    "TAU": _H, "TAU_2": _H / 2, "TAU_6": _H / 6, "TAU_SQUARE_2": _H**2 / 2, "TAU_SQUARE_4": _H**2 / 4,
    "TAU_SQUARE_6": _H**2 / 6, "MASS_1": 0.1, "MOMENT_1": 0.1 * 0.5, "HINGE_1": 2e-6 / (0.1 * 0.5),
    "LEVER_1": -0.75 / 0.5, "MASS_2": 0.01, "MOMENT_2": 0.01 * 0.05, "HINGE_2": 2e-6 / (0.01 * 0.05),
    "LEVER_2": -0.75 / 0.05,
    #: Minimax fits of (sin a / a - 1) / a² and (cos a - 1 + a²/2) / a⁴ on |a| <= π/2, relative errors 5e-9
    #: and 4e-10.
    "SINE_0": -0.166666605, "SINE_1": 8.33308817e-3, "SINE_2": -1.98111128e-4, "SINE_3": 2.60893267e-6,
    "COSINE_0": 4.16666558e-2, "COSINE_1": -1.38885692e-3, "COSINE_2": 2.47693042e-5,
    "COSINE_3": -2.61938153e-7, "MINUS_HALF": -0.5,
}
#: Bound by `numbers`; kilograms, metres and seconds.
GRAVITY = CART_MASS = WHOLE = THREE_QUARTERS = DOUBLE = MINUS_HALF = ZERO
TAU = TAU_2 = TAU_6 = TAU_SQUARE_2 = TAU_SQUARE_4 = TAU_SQUARE_6 = ZERO
MASS_1 = MOMENT_1 = HINGE_1 = LEVER_1 = MASS_2 = MOMENT_2 = HINGE_2 = LEVER_2 = ZERO
SINE_0 = SINE_1 = SINE_2 = SINE_3 = COSINE_0 = COSINE_1 = COSINE_2 = COSINE_3 = ZERO


class World(NamedTuple):
    """The arrays and settings that kernels read."""

    starts: Float32Array  # (S * 4,) x, ẋ, θ1, θ̇1 of each start; rollout n begins at start n % S
    number: int  # S
    limit: int  # steps of an episode
    sees_rates: bool
    is_damped: bool  # whether little movement is rewarded; else the return is the number of steps


def numbers(real: Callable[[float], Any]) -> dict[str, Any]:
    """Return the bindings of the constants of the equations.

    Args:
        real: np.float32, or np.float64, which also binds the library's sine and cosine and an unfused `madd`.
    """
    bound: dict[str, Any] = {name: real(value) for name, value in _NUMBERS.items()}
    if real is np.float64:
        bound |= {"sine": _exact_sine, "cosine": _exact_cosine, "madd": _plain_madd}
    return bound


@part
def fill_start(world, work, lane, key):
    """Write the initial state of a rollout; the short pole is upright and at rest."""
    floats = work.floats
    at = np.int64(get(work.owner, lane)) % world.number * 4
    for row in range(4):
        put(floats, row * LANES + lane, get(world.starts, at + row))
    put(floats, SHORT + lane, ZERO)
    put(floats, SHORT + LANES + lane, ZERO)
    put(floats, LEFT + lane, np.float32(world.limit))


@part
def fill_observation(world, work):
    """Write position and angles, each followed by its rate where velocities are inputs."""
    floats, x = work.floats, work.scratch
    gap = 2 * LANES if world.sees_rates else LANES
    store(x, 0, load(floats, CART) * _PER_PLACE)
    store(x, gap, load(floats, LONG) * _PER_ANGLE)
    store(x, 2 * gap, load(floats, SHORT) * _PER_ANGLE)
    if world.sees_rates:
        for row in (CART, LONG, SHORT):
            store(x, row + LANES, load(floats, row + LANES) * _PER_RATE)


@part
def fill_step(world, work, clock):
    """Carry out one action in all lanes, add its return, and return how many episodes have failed."""
    floats = work.floats
    state = (
        load(floats, CART), load(floats, CART + LANES), load(floats, LONG), load(floats, LONG + LANES),
        load(floats, SHORT), load(floats, SHORT + LANES),
    )
    x, v, t1, w1, t2, w2 = acted(state, load(work.commands, 0) * _FORCE)
    if world.is_damped:
        store(floats, MOVED + clock % KEPT * LANES, absolute(x) + absolute(v) + absolute(t1) + absolute(w1))
    else:
        add_up(work.returns, 0, fill(ONE))
    left = load(floats, LEFT) - ONE
    store(floats, LEFT, left)
    flag = where_greater(left, HALF, RUNNING, DONE)
    flag = where_greater(_TRACK, absolute(x), flag, FAILED)  # also where it is not a number
    flag = where_greater(_TILT, absolute(t1), flag, FAILED)
    flag = where_greater(_TILT, absolute(t2), flag, FAILED)
    store(floats, CART, calmed(x))
    store(floats, CART + LANES, calmed(v))
    store(floats, LONG, calmed(t1))
    store(floats, LONG + LANES, calmed(w1))
    store(floats, SHORT, calmed(t2))
    store(floats, SHORT + LANES, calmed(w2))
    if mark_over(work.over, work.alive, flag) == 0:
        return 0
    store(floats, FLAG, flag)
    ended = 0
    for lane in range(LANES):
        if get(work.over, lane) == 0:
            continue
        has_failed = np.int64(get(floats, FLAG + lane) == FAILED)
        if world.is_damped:
            balanced = clock - get(work.born, lane) + 1 - has_failed
            put(
                work.returns, lane,
                get(work.returns, lane) + damped(floats, lane, balanced, clock - has_failed)
            )
        put(work.over, lane, has_failed)
        ended += has_failed
    return ended


@part
def damped(floats, lane, balanced, last):
    """Return the fitness F of an episode without velocities.

    F = 0.1 t / 1000, plus, where t >= 100, 0.9 * 0.75 / the sum of |x| + |ẋ| + |θ1| + |θ̇1| over the last 100
    steps.

    Args:
        floats: the state of all lanes.
        lane: the episode's lane.
        balanced: t, the number of balanced steps.
        last: the kernel's clock at the last of them.
    Source: Stanley and Miikkulainen 2002, section 4.3.2.
    """
    fitness = 0.1 * np.float64(balanced) / 1000.0
    if balanced < COUNTED:
        return fitness
    total = 0.0
    for step in range(last - COUNTED + 1, last + 1):
        total += np.float64(get(floats, MOVED + step % KEPT * LANES + lane))
    return fitness + 0.9 * 0.75 / total


@kernel
def fill_acted(states, forces):
    """Replace each state by the state after one action.

    Args:
        states: (N, 6) in the order x, ẋ, θ1, θ̇1, θ2, θ̇2; changed in place.
        forces: (N,) in newtons.
    """
    for n in range(states.shape[0]):
        state = (states[n, 0], states[n, 1], states[n, 2], states[n, 3], states[n, 4], states[n, 5])
        x, v, t1, w1, t2, w2 = acted(state, forces[n])
        states[n, 0], states[n, 1], states[n, 2] = x, v, t1
        states[n, 3], states[n, 4], states[n, 5] = w1, t2, w2


@formula
def acted(state, force):
    """Return the state after one action: two integration steps."""
    return integrated(integrated(state, force), force)


@formula
def integrated(state, force):
    """Return the state 0.01 s later, by the classical Runge-Kutta method of order 4."""
    x, v, t1, w1, t2, w2 = state
    a1, b1, c1 = accelerations(t1, w1, t2, w2, force)
    p1, p2 = madd(TAU_2, w1, t1), madd(TAU_2, w2, t2)
    a2, b2, c2 = accelerations(p1, madd(TAU_2, b1, w1), p2, madd(TAU_2, c1, w2), force)
    q1, q2 = madd(TAU_SQUARE_4, b1, p1), madd(TAU_SQUARE_4, c1, p2)
    a3, b3, c3 = accelerations(q1, madd(TAU_2, b2, w1), q2, madd(TAU_2, c2, w2), force)
    r1, r2 = madd(TAU_SQUARE_2, b2, madd(TAU, w1, t1)), madd(TAU_SQUARE_2, c2, madd(TAU, w2, t2))
    a4, b4, c4 = accelerations(r1, madd(TAU, b3, w1), r2, madd(TAU, c3, w2), force)
    return (
        madd(TAU, madd(TAU_6, a1 + a2 + a3, v), x), madd(TAU_6, madd(DOUBLE, a2 + a3, a1 + a4), v),
        madd(TAU, madd(TAU_6, b1 + b2 + b3, w1), t1), madd(TAU_6, madd(DOUBLE, b2 + b3, b1 + b4), w1),
        madd(TAU, madd(TAU_6, c1 + c2 + c3, w2), t2), madd(TAU_6, madd(DOUBLE, c2 + c3, c1 + c4), w2),
    )


@formula
def accelerations(t1, w1, t2, w2, force):
    """Return ẍ, θ̈1 and θ̈2."""
    cos_1, fall_1, pull_1, mass_1 = hung(t1, w1, MASS_1, MOMENT_1, HINGE_1)
    cos_2, fall_2, pull_2, mass_2 = hung(t2, w2, MASS_2, MOMENT_2, HINGE_2)
    cart = (force + pull_1 + pull_2) / (CART_MASS + mass_1 + mass_2)
    return cart, LEVER_1 * madd(cart, cos_1, fall_1), LEVER_2 * madd(cart, cos_2, fall_2)


@formula
def hung(angle, rate, mass, moment, hinge):
    """Return the terms of a pole in the equations: cosine of its angle, fall, pull, and effective mass."""
    sin, cos = sine(angle), cosine(angle)
    fall = madd(hinge, rate, GRAVITY * sin)
    pull = madd(moment * rate * rate, sin, THREE_QUARTERS * mass * cos * fall)
    return cos, fall, pull, mass * (WHOLE - THREE_QUARTERS * cos * cos)


@formula
def sine(a):
    """Return the sine of an angle within a quarter turn; the angles of running episodes are."""
    y = a * a
    p = madd(y, madd(y, madd(y, SINE_3, SINE_2), SINE_1), SINE_0)
    return madd(y * p, a, a)


@formula
def cosine(a):
    """Return the cosine of an angle within a quarter turn."""
    y = a * a
    p = madd(y, madd(y, madd(y, COSINE_3, COSINE_2), COSINE_1), COSINE_0)
    return madd(y, madd(y, p, MINUS_HALF), WHOLE)


@formula
def _exact_sine(a):
    return math.sin(a)


@formula
def _exact_cosine(a):
    return math.cos(a)


@formula
def _plain_madd(a, b, c):
    return a * b + c
