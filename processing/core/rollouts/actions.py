"""The mapping from the outputs of networks to actions."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, assignment"

from enum import IntEnum

from processing.core.kernels.lanes import LANES, fill, get, load, put, store, store_whole, where_greater
from processing.core.kernels.numeric import ONE, TWO, ZERO, exp, tanh
from processing.core.kernels.roles import part
from processing.core.rng import uniform_part


class Range(IntEnum):
    """The range of the outputs of a kind of network; continuous actions are scaled to [-1, 1]."""

    UNBOUNDED = 0  # mapped by tanh
    UNIT = 1  # in [0, 1], scaled linearly
    SYMMETRIC = 2  # in [-1, 1], clipped there


@part
def fill_choice(work, rollouts, y, clock):
    """Write one discrete action for each lane to work.actions: the best output, or a sampled one.

    Args:
        work: the kernel's Workspace; the outputs are vectors of work.scratch and change if actions are
            sampled.
        rollouts: the kernel's Rollouts; `sampled` selects the rule.
        y: index in work.scratch of the first output.
        clock: the kernel's step count; step clock - work.born[lane] of the episode uses the draw of that
            number.
    """
    if rollouts.sampled:
        for lane in range(LANES):
            age = clock - get(work.born, lane)
            put(work.chances, lane, uniform_part(get(work.keys, lane), age))
        store_whole(work.actions, 0, sample(work.scratch, y, rollouts.outputs, load(work.chances, 0)))
    else:
        store_whole(work.actions, 0, best(work.scratch, y, rollouts.outputs))


@part
def fill_commands(work, rollouts, y, clock):
    """Write every output, scaled to [-1, 1], to the rows of work.commands, (outputs, LANES).

    Unbounded outputs pass through tanh, outputs in [0, 1] are scaled linearly; all are clipped. NaN becomes
    -1.

    Args:
        work: the kernel's Workspace.
        rollouts: the kernel's Rollouts; `range` is a value of `Range`.
        y: index in work.scratch of the first output.
        clock: not used.
    """
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
    """Return the index of the largest output in each lane, as a float32 vector; the first of equal ones.

    Comparisons with NaN are false, so that a first output of NaN is never exceeded and a later one is never
    chosen.

    Args:
        y: flat float32 buffer of vectors.
        at: index of the first output.
        outputs: number of outputs, >= 1.
    """
    top, action, number = load(y, at), fill(ZERO), fill(ONE)
    for k in range(1, outputs):
        one = load(y, at + k * LANES)
        action = where_greater(one, top, number, action)
        top = where_greater(one, top, one, top)
        number = number + ONE
    return action


@part
def sample(y, at, outputs, chance):
    """Draw the index of an output in each lane by softmax, as a float32 vector.

    The action is the number of outputs, without the last, whose cumulative weight does not exceed chance *
    sum.

    Args:
        y: flat float32 buffer of vectors; the outputs are overwritten by e^(output - largest output).
        at: index of the first output.
        outputs: number of outputs, >= 1.
        chance: vector, uniform in [0, 1).
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
