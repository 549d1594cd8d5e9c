"""The grid world's parts of the rollout kernel: initial states, observations and steps."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from processing.core.environments.maze.sight import fill_sight
from processing.core.kernels.lanes import LANES, fill_rows, get, put
from processing.core.kernels.roles import part
from processing.core.types import Float32Array, Float64Array, Int32Array

INPUTS = 24

#: Kinds of cells in the padded map of a kernel.
FREE, PRIZE, BLOCKED = 0, 1, 2
#: Integers of a lane's state: its cell, its set of collected goals (times the cells of the map), goals left,
#: its row of `World.views`; and their number.
POSITION, COLLECTED, LEFT, VIEW, INTEGER_ROWS = 0, 1, 2, 3, 4
#: Numbers written at the end of an episode: the last cell, and how many goals were collected.
ENDS = 2


class World(NamedTuple):
    """The map as kernels read it: flat, with a ring of BLOCKED around it."""

    cells: NDArray[np.int8]  # (C,) FREE, PRIZE or BLOCKED
    goal_of: Int32Array  # (C,) number of the goal on this cell, -1 where none
    moves: Int32Array  # (9,) how far each action moves in the flat map
    sights: Int32Array  # (8,) how far one cell is along each line of sight
    views: Float32Array  # (sets * C * 24,) observations by collected goals and cell; (0,) where too large
    rewards: Float64Array  # (3,) open, goal, revisit
    start: int
    goals: int
    words: int  # 64-bit words of visited cells per lane


@part
def fill_start(world, work, lane, key):
    """Put the agent on the start, with no other cell visited and no goal collected."""
    integers, bits = work.integers, work.bits
    put(integers, lane, world.start)
    put(integers, lane + COLLECTED * LANES, 0)
    put(integers, lane + LEFT * LANES, world.goals)
    put(integers, lane + VIEW * LANES, world.start)
    first = lane * world.words
    for word in range(first, first + world.words):
        put(bits, word, np.uint64(0))
    put(bits, first + (world.start >> 6), np.uint64(1) << np.uint64(world.start & 63))


@part
def fill_end(world, work, lane, rollout, ends):
    """Write the last cell, as index of the flat map, and how many goals were collected."""
    if ends.size > 0:
        put(ends, rollout * ENDS, np.float32(get(work.integers, lane + POSITION * LANES)))
        put(ends, rollout * ENDS + 1, np.float32(world.goals - get(work.integers, lane + LEFT * LANES)))


@part
def fill_observation(world, work):
    """Write the observations of all lanes: from the table, or, without one, along the lines of sight."""
    integers, bits, x = work.integers, work.bits, work.scratch
    if world.views.size > 0:
        fill_rows(x, 0, world.views, INPUTS, integers, VIEW * LANES)
    else:
        for lane in range(LANES):
            first = lane * world.words
            fill_sight(world.cells, world.sights, bits, first, np.int64(get(integers, lane)), x, lane)


@part
def fill_step(world, work, clock):
    """Move the agent of each lane whose episode is running, and return how many episodes that ends."""
    integers, bits, alive, actions, returns, over = (
        work.integers, work.bits, work.alive, work.actions, work.returns, work.over
    )
    ended = 0
    for lane in range(LANES):
        if get(alive, lane) == 0:
            continue
        to = np.int64(get(integers, lane)) + get(world.moves, np.int64(get(actions, lane)))
        kind = get(world.cells, to)
        if kind == BLOCKED:
            put(over, lane, 1)
            ended += 1
            continue
        put(integers, lane, to)
        put(integers, lane + VIEW * LANES, get(integers, lane + COLLECTED * LANES) + to)
        word, bit = lane * world.words + (to >> 6), np.uint64(1) << np.uint64(to & 63)
        visited = get(bits, word)
        if visited & bit != np.uint64(0):
            put(returns, lane, get(returns, lane) + get(world.rewards, 2))
            continue
        put(bits, word, visited | bit)
        if kind == FREE:
            put(returns, lane, get(returns, lane) + get(world.rewards, 0))
            continue
        put(returns, lane, get(returns, lane) + get(world.rewards, 1))
        if world.views.size > 0:
            collected = get(integers, lane + COLLECTED * LANES) + (
                world.cells.size << np.int64(get(world.goal_of, to))
            )
            put(integers, lane + COLLECTED * LANES, collected)
            put(integers, lane + VIEW * LANES, collected + to)
        left = get(integers, lane + LEFT * LANES) - 1
        put(integers, lane + LEFT * LANES, left)
        if left == 0:
            put(over, lane, 1)
            ended += 1
    return ended
