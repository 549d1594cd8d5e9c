"""Lines of sight in a grid world, precomputed for all cells or computed for one agent, with equal results."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import numpy as np
from numpy.typing import NDArray

from processing.core.kernels.lanes import LANES, get, put
from processing.core.kernels.roles import part
from processing.core.types import Float32Array, Int32Array

#: (row, column) of the 8 directions, clockwise from up.
DIRECTIONS = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
TENTH, ONE = np.float32(0.1), np.float32(1)
ZERO = np.float32(0)


def views(blocked: NDArray[np.bool_], goal_of: Int32Array, goals: int) -> Float32Array:
    """Return the observation at each cell of a map for each set of collected goals.

    Args:
        blocked: (H, W) bool, true for obstacles and for the ring around the map.
        goal_of: (H, W) int32, number of the goal on a cell, -1 where none.
        goals: number of goals.
    Returns:
        (2^goals, H, W, 24) float32; bit g of the first index is set where goal g is collected; 0 on the ring.
    """
    sets = np.arange(2**goals)[:, None, None]
    prize = (goal_of >= 0) & ~(sets >> np.maximum(goal_of, 0) & 1).astype(bool)
    seen = np.zeros((*prize.shape, 24), np.float32)
    for number, (down, right) in enumerate(DIRECTIONS):
        distance, is_goal = _first_thing(blocked, prize, down, right)
        inner = distance[:, 1:-1, 1:-1]
        near = ONE / inner.astype(np.float32)
        hit = is_goal[:, 1:-1, 1:-1]
        seen[:, 1:-1, 1:-1, 3 * number] = TENTH * (inner - 1).astype(np.float32)
        seen[:, 1:-1, 1:-1, 3 * number + 1] = np.where(hit, ZERO, near)
        seen[:, 1:-1, 1:-1, 3 * number + 2] = np.where(hit, near, ZERO)
    return seen


def _first_thing(
    blocked: NDArray[np.bool_], prize: NDArray[np.bool_], down: int, right: int
) -> tuple[Int32Array, NDArray[np.bool_]]:
    """Return the distance from each cell to the first object in one direction, and whether it is a goal.

    Lines are processed from the far side back, so that each cell extends its neighbour's result.
    """
    distance, is_goal = np.ones(prize.shape, np.int32), np.zeros(prize.shape, np.bool_)
    height, width = blocked.shape
    lines = range(1, width - 1) if down == 0 else range(1, height - 1)
    for line in reversed(lines) if max(down, right if down == 0 else down) > 0 else lines:
        here, there = _line(line, down, right, width)
        free = ~blocked[there[1:]] & ~prize[there]
        distance[here] = np.where(free, distance[there] + 1, 1)
        is_goal[here] = np.where(free, is_goal[there], prize[there])
    return distance, is_goal


def _line(line: int, down: int, right: int, width: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Return the indices of a line of cells across the direction of sight, and of their neighbours in it."""
    every = slice(None)
    if down == 0:
        return (every, every, slice(line, line + 1)), (every, every, slice(line + right, line + right + 1))
    row = slice(line, line + 1)
    return (every, row, slice(1, width - 1)), (
        every, slice(line + down, line + down + 1), slice(1 + right, width - 1 + right)
    )


@part
def fill_sight(cells, sights, bits, first, position, x, lane):
    """Write the observation of one agent to x, (24, LANES) flat; goals that it visited are open cells."""
    for number in range(8):
        stride = np.int64(get(sights, number))
        distance, at = 1, position + stride
        kind = get(cells, at)
        while kind == 0 or (
            kind == 1 and (get(bits, first + (at >> 6)) >> np.uint64(at & 63)) & np.uint64(1) != np.uint64(0)
        ):
            distance += 1
            at += stride
            kind = get(cells, at)
        near = ONE / np.float32(distance)
        put(x, 3 * number * LANES + lane, TENTH * np.float32(distance - 1))
        put(x, (3 * number + 1) * LANES + lane, ZERO if kind == 1 else near)
        put(x, (3 * number + 2) * LANES + lane, near if kind == 1 else ZERO)
