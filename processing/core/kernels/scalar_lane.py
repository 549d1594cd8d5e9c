"""The primitives of `lanes.py` for the first lane only: a vector is one float32.

They make an episode in plain Python fast. They are bound in place of the primitives, under the same names.
Buffers keep the layout of LANES lanes; results have the same bits.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import math

import numpy as np

from processing.core.kernels import lanes
from processing.core.kernels.lanes import LANES
from processing.core.kernels.roles import part

#: Below this, float32 has fewer digits than its 24 bits.
_SUBNORMAL = 2.0**-125
_MANTISSA = 2.0**24


@part
def load(buffer, at):
    """Return the float32 number at an index of a float32 buffer."""
    return buffer[at]


@part
def store(buffer, at, number):
    """Write a number at an index of a float32 buffer."""
    buffer[at] = number


@part
def load_whole(buffer, at):
    """Return the integer at an index of an int32 buffer as float32."""
    return np.float32(buffer[at])


@part
def store_whole(buffer, at, number):
    """Write an integral float32 at an index of an int32 buffer."""
    buffer[at] = int(number)


@part
def gather(buffer, places, at):
    """Return the number of the buffer at the place that `places` names: buffer[places[at]]."""
    return buffer[places[at]]


@part
def add_up(buffer, at, number):
    """Add a number to the one at an index of a float64 buffer."""
    buffer[at] += number


@part
def mark_over(over, alive, number):
    """Set over[0] to whether the lane is alive and the number is above 0; return it as 0 or 1."""
    over[0] = is_over = bool(alive[0]) and bool(number > 0)
    return int(is_over)


@part
def fill(value):
    """Return the number itself."""
    return value


@part
def fill_rows(x, target, table, width, rows, at):
    """Write row rows[at] of a table, `width` numbers, to every LANES-th element of x from `target` on."""
    first = int(rows[at]) * width
    x[target : target + width * LANES : LANES] = table[first : first + width]


@part
def where_greater(a, b, yes, no):
    """Return `yes` if a > b, else `no`."""
    return yes if a > b else no


@part
def where_bit(bits, yes, no):
    """Return `yes` if bit 0 is set, else `no`."""
    return yes if int(bits) & 1 else no


@part
def madd(a, b, c):
    """Return a * b + c in float32, rounded once.

    The sum is computed in float64. Where the second rounding, to float32, could differ from a single one
    (halfway cases and subnormal results), the exact version in `lanes.py` is used.
    """
    total = float(a) * float(b) + float(c)
    is_halfway = math.frexp(total)[0] * _MANTISSA % 1.0 == 0.5
    return lanes.madd(a, b, c) if is_halfway or 0.0 < abs(total) < _SUBNORMAL else np.float32(total)


@part
def fill_sums(y, target, x, source, inputs, weights, at, stride, biases, units):
    """Write bias plus weighted inputs of any number of units; see `lanes.fill_sums`."""
    width = units * LANES
    start = np.zeros(units, np.float32) if biases < 0 else weights[biases : biases + width : LANES]
    rows = [weights[at + i * stride : at + i * stride + width : LANES] for i in range(inputs)]
    y[target : target + width : LANES] = _summed(x[source : source + inputs * LANES : LANES], rows, start)


@part
def _summed(values, rows, start):
    """Return `start` plus the sum of values[i] * rows[i], each addition rounded once to float32.

    Args:
        values: (I,) float32.
        rows: I arrays (units,) float32.
        start: (units,) float32.
    Returns:
        (units,) float32; the additions are made in the order i = 0, 1, ...
    """
    totals = values.astype(np.float64)[:, None] * np.array(rows, np.float64)  # exact: 24 + 24 bits
    reached = start
    for total in totals:
        total += reached
        reached = total.astype(np.float32)
    halfway = (totals.view(np.int64) & 0x1FFFFFFF) == 0x10000000
    if not (halfway | ((np.abs(totals) < _SUBNORMAL) & (totals != 0))).any():
        return reached
    reached = start
    for value, row in zip(values, rows, strict=True):
        reached = lanes.madd(value, row, reached)
    return reached


@part
def widest_tile():
    """Return the most units for one call of `fill_sums`; practically unlimited here."""
    return 2**20


@part
def two_to(n):
    """Return 2^n as float32 for integral n from -126 to 127."""
    return np.float32(math.ldexp(1.0, int(n)))


#: The bindings that replace the primitives, by name.
FIRST_LANE = {
    one.__name__: one
    for one in (
        load, store, load_whole, store_whole, gather, add_up, mark_over, fill, fill_rows, where_greater,
        where_bit, madd, fill_sums, widest_tile, two_to,
    )
}
