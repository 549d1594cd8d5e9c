"""The double pole in plain Python floats, for libraries that do not have the task.

Source: Wieland 1991; Stanley and Miikkulainen 2002, section 4.2.
"""

from math import cos, sin

GRAVITY, CART, MASSES, HALF_LENGTHS, FRICTION = -9.8, 1.0, (0.1, 0.01), (0.5, 0.05), 0.000002
SCALES = (4.8, 2.0, 0.52, 2.0, 0.52, 2.0)
STEP = 0.01


def slopes(state, force):
    """Return the derivative of the state (x, x', a, a', b, b')."""
    pushes, masses, hinges = 0.0, 0.0, []
    for pole, (mass, half) in enumerate(zip(MASSES, HALF_LENGTHS)):
        angle, speed = state[2 + 2 * pole], state[3 + 2 * pole]
        hinge = FRICTION * speed / (mass * half)
        lean = GRAVITY * sin(angle)
        pushes += mass * half * speed * speed * sin(angle) + 0.75 * mass * cos(angle) * (hinge + lean)
        masses += mass * (1 - 0.75 * cos(angle) ** 2)
        hinges.append((hinge + lean, cos(angle), half))
    acceleration = (force + pushes) / (CART + masses)
    found = [state[1], acceleration]
    for pole, (turn, across, half) in enumerate(hinges):
        found += [state[3 + 2 * pole], -0.75 * (acceleration * across + turn) / half]
    return found


def moved(state, force):
    """Return the state after one step of the fourth-order Runge-Kutta method."""
    a = slopes(state, force)
    b = slopes([x + STEP / 2 * d for x, d in zip(state, a)], force)
    c = slopes([x + STEP / 2 * d for x, d in zip(state, b)], force)
    d = slopes([x + STEP * s for x, s in zip(state, c)], force)
    return [x + STEP / 6 * (p + 2 * q + 2 * r + s) for x, p, q, r, s in zip(state, a, b, c, d)]


def balanced(network, limit):
    """Return the number of steps for which a network keeps both poles up."""
    state = [0.0, 0.0, 0.07, 0.0, 0.0, 0.0]
    for step in range(limit):
        output = network.activate([value / scale for value, scale in zip(state, SCALES)])[0]
        force = (output - 0.5) * 20
        state = moved(moved(state, force), force)
        if abs(state[0]) > 2.4 or abs(state[2]) > 0.628329 or abs(state[4]) > 0.628329:
            return step + 1
    return limit
