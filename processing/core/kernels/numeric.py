"""Elementary functions of + - * / and fused multiply-adds in a fixed order: the same bits on every machine.

Every function takes and returns a float32 or a vector of `lanes`. There is no libm and no fast-math, and
nothing is reordered. Finite arguments, also very large ones, never give NaN.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import numpy as np

from processing.core.kernels.lanes import madd, two_to, where_greater
from processing.core.kernels.roles import formula

_f = np.float32
ZERO, ONE, TWO, HALF = _f(0), _f(1), _f(2), _f(0.5)
#: Adding and subtracting 1.5 * 2^23 rounds a float32 of less than 2^22 to the nearest integer.
ROUND = _f(12582912.0)

_TANH_CLIP = _f(7.90531110763549805)
_A1, _A3, _A5 = _f(4.89352455891786e-03), _f(6.37261928875436e-04), _f(1.48572235717979e-05)
_A7, _A9, _A11 = _f(5.12229709037114e-08), _f(-8.60467152213735e-11), _f(2.00018790482477e-13)
_A13 = _f(-2.76076847742355e-16)
_B0, _B2 = _f(4.89352518554385e-03), _f(2.26843463243900e-03)
_B4, _B6 = _f(1.18534705686654e-04), _f(1.19825839466702e-06)

_EXP_LOW, _EXP_HIGH, _LOG2_E = _f(-87.0), _f(88.0), _f(1.44269504088896341)
_LN2_HIGH, _LN2_LOW = _f(0.693359375), _f(-2.12194440e-4)
_E2, _E3, _E4 = _f(5.0000001201e-1), _f(1.6666665459e-1), _f(4.1665795894e-2)
_E5, _E6, _E7 = _f(8.3334519073e-3), _f(1.3981999507e-3), _f(1.9875691500e-4)

_SIN_LIMIT, _PI_INVERSE = _f(2.0**20), _f(1 / np.pi)
_PI_1 = _f(np.pi)
_PI_2 = _f(np.pi - float(_PI_1))
#: Minimax fit of sin(r) / r - 1 on |r| <= pi / 2, relative error 5e-9.
_S3, _S5 = _f(-0.16666660459903315), _f(0.008333088094451775)
_S7, _S9 = _f(-0.0001981110680823599), _f(2.608918327634109e-06)

_TURN_INVERSE, _TURN_1, _TURN_2 = _f(0.5 / np.pi), TWO * _PI_1, TWO * _PI_2

_SLOPE, _STEEP = _f(0.01), _f(4.924273)
_REST = _f(1e-30)
_SELU_SCALE, _SELU_ALPHA = _f(1.0507009873554805), _f(1.6732632423543772)
_GELU_INNER, _GELU_CUBE, _GELU_LOW = _f(0.7978845608028654), _f(0.044715), _f(-5.5)


@formula
def relu(x):
    """Return x where positive, else 0."""
    return where_greater(x, ZERO, x, ZERO)


@formula
def leaky_relu(x):
    """Return x where positive, else 0.01 x."""
    return where_greater(x, ZERO, x, _SLOPE * x)


@formula
def tanh(x):
    """Return the hyperbolic tangent, within 8 ulp.

    Source: the rational approximation of Eigen's float tanh (degree 13 over degree 6).
    """
    x = where_greater(x, _TANH_CLIP, _TANH_CLIP, x)
    x = where_greater(-_TANH_CLIP, x, -_TANH_CLIP, x)
    y = x * x
    p = madd(y, _A13, _A11)
    p = madd(y, p, _A9)
    p = madd(y, p, _A7)
    p = madd(y, p, _A5)
    p = madd(y, p, _A3)
    p = madd(y, p, _A1)
    q = madd(y, _B6, _B4)
    q = madd(y, q, _B2)
    q = madd(y, q, _B0)
    return x * p / q


@formula
def exp(x):
    """Return e^x for x in [-87, 88], within 2 ulp; beyond, the value at the nearer end. NaN counts as -87.

    x = n ln 2 + r, |r| <= ln 2 / 2.

    Source: the polynomial of Cephes' expf.
    """
    x = where_greater(x, _EXP_HIGH, _EXP_HIGH, x)
    x = where_greater(x, _EXP_LOW, x, _EXP_LOW)
    n = madd(x, _LOG2_E, ROUND) - ROUND
    r = madd(n, -_LN2_HIGH, x)
    r = madd(n, -_LN2_LOW, r)
    p = madd(_E7, r, _E6)
    p = madd(p, r, _E5)
    p = madd(p, r, _E4)
    p = madd(p, r, _E3)
    p = madd(p, r, _E2)
    return (madd(p, r * r, r) + ONE) * two_to(n)


@formula
def sigmoid(x):
    """Return the logistic function 1 / (1 + e^-x)."""
    return ONE / (ONE + exp(-x))


@formula
def steep_sigmoid(x):
    """Return 1 / (1 + e^(-4.924273 x)).

    Source: Stanley and Miikkulainen 2002, section 4.1, with the constant of the authors' code.
    """
    return sigmoid(_STEEP * x)


@formula
def gaussian(x):
    """Return e^(-x^2), the bell curve of height 1 at 0; float32 or a vector of them."""
    return exp(-(x * x))


@formula
def absolute(x):
    """Return the absolute value."""
    return where_greater(x, ZERO, x, ZERO - x)


@formula
def calmed(x):
    """Return x, or 0 where |x| <= 1e-15 or x is NaN.

    Decaying states would otherwise reach subnormal numbers, which are slow.
    """
    return where_greater(x * x, _REST, x, ZERO)


@formula
def step(x):
    """Return 1 where x is positive, else 0."""
    return where_greater(x, ZERO, ONE, ZERO)


@formula
def selu(x):
    """Return the scaled exponential linear unit.

    Source: Klambauer et al. 2017, eq. 2 and 14.
    """
    return _SELU_SCALE * where_greater(x, ZERO, x, _SELU_ALPHA * (exp(x) - ONE))


@formula
def gelu(x):
    """Return the Gaussian error linear unit in its tanh form; 0 below -5.5.

    Source: Hendrycks and Gimpel 2016, section 2.
    """
    inner = _GELU_INNER * madd(_GELU_CUBE * (x * x), x, x)
    return where_greater(_GELU_LOW, x, ZERO, HALF * x * (ONE + tanh(inner)))


@formula
def sin(x):
    """Return the sine of x radians, within 2e-7 up to |x| = 1,000; 0 for |x| above 2^20.

    There float32 has lost the phase. x = n pi + r, |r| <= pi / 2, with pi split into two float32 constants;
    the sign is that of (-1)^n.
    """
    x = where_greater(x * x, _SIN_LIMIT * _SIN_LIMIT, ZERO, x)
    n = madd(x, _PI_INVERSE, ROUND) - ROUND
    return _half_wave(n, madd(n, -_PI_2, madd(n, -_PI_1, x)))


@formula
def cos(x):
    """Return the cosine of x radians, as accurate as `sin`; 1 for |x| above 2^20.

    x = (n - 1/2) pi + r, |r| <= pi / 2; the result is sin(r) with the sign of (-1)^n.
    """
    x = where_greater(x * x, _SIN_LIMIT * _SIN_LIMIT, ZERO, x)
    n = (madd(x, _PI_INVERSE, HALF) + ROUND) - ROUND
    before = n - HALF
    return _half_wave(n, madd(before, -_PI_2, madd(before, -_PI_1, x)))


@formula
def _half_wave(n, r):
    """(-1)^n sin(r) for integral n and |r| <= pi / 2."""
    y = r * r
    p = madd(y, _S9, _S7)
    p = madd(y, p, _S5)
    p = madd(y, p, _S3)
    value = madd(y * p, r, r)
    odd = n - TWO * (madd(n, HALF, ROUND) - ROUND)
    return where_greater(odd * odd, HALF, -value, value)


@formula
def wrapped(x):
    """Return the angle in radians, minus the nearest multiple of 2 pi: in [-pi, pi], for |x| < 2^20."""
    n = madd(x, _TURN_INVERSE, ROUND) - ROUND
    return madd(n, -_TURN_2, madd(n, -_TURN_1, x))


@formula
def square(x):
    return x * x
