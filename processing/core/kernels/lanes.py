"""Vectors with one number per lane: the operations that kernels are written with.

The numbers of LANES agents lie side by side, one in each lane of a SIMD register. In plain Python a vector is
a float32 array of LANES elements and these functions define the semantics; compiled, most of them are a few
machine instructions (`intrinsics.py`). A buffer is a flat array; `at` is the index of the first of LANES
consecutive elements.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import numpy as np

from processing.core.kernels.roles import primitive

#: 16 float32 are one AVX-512 register, two of AVX2, four of NEON. The number of lanes never changes a result.
LANES = 16


@primitive
def load(buffer, at):
    """Return the (LANES,) float32 vector at an index of a float32 buffer."""
    return buffer[at : at + LANES].copy()


@primitive
def store(buffer, at, vector):
    """Write a (LANES,) vector at an index of a float32 buffer."""
    buffer[at : at + LANES] = vector


@primitive
def store_whole(buffer, at, vector):
    """Write a vector of integral float32 numbers at an index of an int32 buffer."""
    buffer[at : at + LANES] = vector.astype(np.int32)


@primitive
def load_whole(buffer, at):
    """Return the integers at an index of an int32 buffer as a float32 vector."""
    return buffer[at : at + LANES].astype(np.float32)


@primitive
def add_up(buffer, at, vector):
    """Add a float32 vector to the LANES numbers at an index of a float64 buffer."""
    buffer[at : at + LANES] += vector


@primitive
def mark_over(over, alive, vector):
    """Set over[l] to 1 where lane l is alive and the vector is above 0, else to 0.

    Args:
        over, alive: (LANES,) uint8.
        vector: (LANES,) float32.
    Returns:
        How many were set to 1.
    """
    over[:LANES] = (alive[:LANES] != 0) & (vector > 0)
    return int(over[:LANES].sum())


@primitive
def fill(value):
    """Return the vector with the same float32 in each lane."""
    return np.full(LANES, value, np.float32)


@primitive
def get(array, i):
    """Return array[i] for i >= 0; compiled without the check for negative indices."""
    return array[i]


@primitive
def put(array, i, value):
    """Set array[i] = value for i >= 0; compiled without the check for negative indices."""
    array[i] = value


@primitive
def fill_rows(x, target, table, width, rows, at):
    """Write one row of a table to each lane: lane l gets row rows[at + l].

    Number i of the row, 0 <= i < width, goes to lane l of vector i of x, counted from index `target`.

    Args:
        x, table: flat float32; table has rows of `width` numbers.
        rows: flat int32 row numbers.
    """
    for i in range(width):
        store(x, target + i * LANES, table[rows[at : at + LANES] * width + i])


@primitive
def gather(buffer, places, at):
    """Return the vector whose lane l is buffer[places[at + l]].

    Args:
        buffer: flat float32.
        places: flat int32 indices of `buffer`.
    """
    return buffer[places[at : at + LANES]]


@primitive
def where_greater(a, b, yes, no):
    """Return `yes` where a > b, else `no`, also where a or b is NaN. Scalars and vectors may be mixed."""
    return np.where(a > b, yes, no).astype(np.float32)


@primitive
def where_bit(bits, yes, no):
    """Return `yes` in each lane l where bit l of the integer `bits` is set, else `no`; both are vectors."""
    return np.where((int(bits) >> np.arange(LANES)) & 1 == 1, yes, no)


@primitive
def madd(a, b, c):
    """Return a * b + c in float32, rounded once. Scalars and vectors may be mixed.

    The product of two float32 is exact in float64. Its sum with c is rounded to odd, so that the second
    rounding, to float32, gives the correctly rounded result.

    Source: Boldo and Melquiond 2008, "Emulation of FMA and correctly rounded sums".
    """
    product = np.float64(1) * a * b
    addend = np.float64(1) * c
    total = np.asarray(product + addend)
    back = total - product
    error = (product - (total - back)) + (addend - back)
    even = (total.view(np.int64) & 1) == 0
    moved = np.where(
        (error != 0) & even & np.isfinite(total), np.nextafter(total, np.copysign(np.inf, error)), total
    )
    return moved.astype(np.float32)[()]


@primitive
def fill_sums(y, target, x, source, inputs, weights, at, stride, biases, units):
    """Write bias plus weighted inputs of 1 to `widest_tile` units, whose sums stay in registers.

    Vector u of y, counted from index `target`, becomes vector u of weights from `biases` on (0 where `biases`
    is negative) plus, for i = 0, 1, ..., inputs - 1 in this order, vector i of x from `source` on times
    vector u of weights from `at + i * stride` on. Each addition is a `madd`.

    Args:
        y, x, weights: flat float32.
        target, source, at, stride, biases: indices in elements, not in vectors.
        inputs, units: numbers of vectors.
    """
    for unit in range(units):
        total = np.zeros(LANES, np.float32) if biases < 0 else load(weights, biases + unit * LANES)
        for i in range(inputs):
            total = madd(load(x, source + i * LANES), load(weights, at + i * stride + unit * LANES), total)
        store(y, target + unit * LANES, total)


@primitive
def widest_tile():
    """Return the most units for one call of `fill_sums`: as many as the machine's registers hold sums."""
    return 10


@primitive
def two_to(n):
    """Return 2^n for integral n from -126 to 127, float32 in and out. Scalars or vectors."""
    return np.ldexp(np.float32(1), np.asarray(n).astype(np.int32)).astype(np.float32)[()]


@primitive
def take_ticket(counter):
    """Raise counter[0], int64, by one and return its previous value.

    Compiled, the operation is atomic between threads.
    """
    ticket = int(counter[0])
    counter[0] += 1
    return ticket
