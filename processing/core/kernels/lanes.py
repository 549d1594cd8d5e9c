"""One number per lane: the vectors that kernels are written with.

LANES agents live side by side, one in each lane of a SIMD register. In plain Python a vector is a float32 array of
LANES elements and these functions are what they say; compiled, each of them is one or two machine instructions
(`intrinsics.py`). A buffer is a flat float32 array; `at` is the index of the first of LANES elements.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import numpy as np

from processing.core.kernels.roles import primitive

#: 16 float32 are one AVX-512 register, two of AVX2, four of NEON. The lanes never change a result.
LANES = 16


@primitive
def load(buffer, at):
    """The vector at an index of a float32 buffer."""
    return buffer[at : at + LANES].copy()


@primitive
def store(buffer, at, vector):
    """Put a vector at an index of a float32 buffer."""
    buffer[at : at + LANES] = vector


@primitive
def store_whole(buffer, at, vector):
    """Put a vector of whole numbers at an index of an int32 buffer."""
    buffer[at : at + LANES] = vector.astype(np.int32)


@primitive
def load_whole(buffer, at):
    """The vector of whole numbers at an index of an int32 buffer."""
    return buffer[at : at + LANES].astype(np.float32)


@primitive
def add_up(buffer, at, vector):
    """Add a vector to the numbers at an index of a float64 buffer."""
    buffer[at : at + LANES] += vector


@primitive
def mark_over(over, alive, vector):
    """over, uint8, becomes 1 where a lane is alive and the vector above 0, else 0; how many became 1."""
    over[:LANES] = (alive[:LANES] != 0) & (vector > 0)
    return int(over[:LANES].sum())


@primitive
def fill(value):
    """The same float32 in each lane."""
    return np.full(LANES, value, np.float32)


@primitive
def get(array, i):
    """array[i] for i >= 0: compiled, without the question whether i counts from the end."""
    return array[i]


@primitive
def put(array, i, value):
    """array[i] = value for i >= 0."""
    array[i] = value


@primitive
def fill_rows(x, target, table, width, rows, at):
    """Each lane l gets row rows[at + l] of a table: vector i of x (from `target` on) gets its number i, i < width.

    x and table float32, flat; rows int32.
    """
    for i in range(width):
        store(x, target + i * LANES, table[rows[at : at + LANES] * width + i])


@primitive
def gather(buffer, places, at):
    """Each lane l gets number places[at + l] of a float32 buffer; places int32."""
    return buffer[places[at : at + LANES]]


@primitive
def where_greater(a, b, yes, no):
    """`yes` where a > b, else `no`, also where a or b is not a number. Scalars or vectors, mixed."""
    return np.where(a > b, yes, no).astype(np.float32)


@primitive
def where_bit(bits, yes, no):
    """`yes` in each lane l where bit l of a whole number is set, else `no`; both vectors."""
    return np.where((int(bits) >> np.arange(LANES)) & 1 == 1, yes, no)


@primitive
def madd(a, b, c):
    """a * b + c in float32, rounded once. Scalars or vectors, mixed.

    The product of two float32 is exact in float64; their sum with c is rounded to odd, so that the second rounding, to
    float32, is the only one that shows. Source: Boldo and Melquiond 2008, "Emulation of FMA and correctly rounded
    sums".
    """
    product = np.float64(1) * a * b
    addend = np.float64(1) * c
    total = np.asarray(product + addend)
    back = total - product
    error = (product - (total - back)) + (addend - back)
    even = (total.view(np.int64) & 1) == 0
    moved = np.where((error != 0) & even & np.isfinite(total), np.nextafter(total, np.copysign(np.inf, error)), total)
    return moved.astype(np.float32)[()]


@primitive
def fill_sums(y, target, x, source, inputs, weights, at, stride, biases, units):
    """Bias plus weighted inputs, one after the other, for 1 to `widest_tile` units whose sums stay in registers.

    Vector u of y (from `target` on) becomes vector u of weights from `biases` on (0 where that is negative), plus, for
    i = 0, 1, ..., vector i of x (from `source` on) times vector u of weights from `at + i * stride` on, each by `madd`.
    """
    for unit in range(units):
        total = np.zeros(LANES, np.float32) if biases < 0 else load(weights, biases + unit * LANES)
        for i in range(inputs):
            total = madd(load(x, source + i * LANES), load(weights, at + i * stride + unit * LANES), total)
        store(y, target + unit * LANES, total)


@primitive
def widest_tile():
    """How many units `fill_sums` may compute at once: as many as the machine's registers hold sums."""
    return 10


@primitive
def two_to(n):
    """2^n for whole n from -126 to 127, float32 in and out. Scalars or vectors."""
    return np.ldexp(np.float32(1), np.asarray(n).astype(np.int32)).astype(np.float32)[()]


@primitive
def take_ticket(counter):
    """Raise counter[0], int64, by one and return what it was; threads never get the same ticket."""
    ticket = int(counter[0])
    counter[0] += 1
    return ticket
