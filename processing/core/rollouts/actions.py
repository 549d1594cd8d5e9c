"""What agents can do, and how the outputs of their networks say it."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, assignment"

from enum import IntEnum

from processing.core.kernels.lanes import LANES, fill, get, load, put, store, store_whole, where_greater
from processing.core.kernels.numeric import ONE, TWO, ZERO, exp, tanh
from processing.core.kernels.roles import part
from processing.core.rng import uniform_part


class Range(IntEnum):
    """Where the outputs of a kind of network lie; what is said to an environment lies from -1 to 1."""

    UNBOUNDED = 0  # squashed by tanh
    UNIT = 1  # from 0 to 1, stretched
    SYMMETRIC = 2  # from -1 to 1, and cut off there


@part
def fill_choice(work, rollouts, y, clock):
    """One of several actions for each lane, as a number in work.actions: the best output, or one that is drawn."""
    if rollouts.sampled:
        for lane in range(LANES):
            age = clock - get(work.born, lane)
            put(work.chances, lane, uniform_part(get(work.keys, lane), age))
        store_whole(work.actions, 0, sample(work.scratch, y, rollouts.outputs, load(work.chances, 0)))
    else:
        store_whole(work.actions, 0, best(work.scratch, y, rollouts.outputs))


@part
def fill_commands(work, rollouts, y, clock):
    """Every output as a number from -1 to 1, in the rows of work.commands."""
    for k in range(rollouts.outputs):
        one = load(work.scratch, y + k * LANES)
        if rollouts.range == 0:
            one = tanh(one)
        elif rollouts.range == 1:
            one = one * TWO - ONE
        one = where_greater(one, ONE, ONE, one)
        store(work.commands, k * LANES, where_greater(one, -ONE, one, -ONE))


@part
def best(y, at, outputs):
    """The number of the largest output, the first of equals, in each lane as float32; nothing is larger than NaN."""
    top, action, number = load(y, at), fill(ZERO), fill(ONE)
    for k in range(1, outputs):
        one = load(y, at + k * LANES)
        action = where_greater(one, top, number, action)
        top = where_greater(one, top, one, top)
        number = number + ONE
    return action


@part
def sample(y, at, outputs, chance):
    """An output drawn with the probabilities of a softmax, in each lane as float32; chance is uniform in [0, 1).

    y becomes e^(y - largest). The action is the number of outputs but the last whose cumulative sum is not above
    chance * sum.
    """
    top = load(y, at)
    for k in range(1, outputs):
        one = load(y, at + k * LANES)
        top = where_greater(one, top, one, top)
    total = fill(ZERO)
    for k in range(outputs):
        weight = exp(load(y, at + k * LANES) - top)
        store(y, at + k * LANES, weight)
        total = total + weight
    bar, action, reached = chance * total, fill(ZERO), fill(ZERO)
    for k in range(outputs - 1):
        reached = reached + load(y, at + k * LANES)
        action = action + where_greater(reached, bar, ZERO, ONE)
    return action
