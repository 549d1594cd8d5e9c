"""Elementary functions as plain Python; that compiled ones have the same bits is shown by whole episodes."""

# mypy: disable-error-code="no-untyped-call"

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.core.kernels import numeric
from processing.core.kernels.lanes import madd, two_to
from processing.core.types import Float32Array

floats = st.floats(width=32, allow_nan=False, allow_infinity=False)
HUGE = np.array(
    [-3.4e38, -1e30, -1e10, -1e5, -100, -1e-40, 0, 1e-40, 100, 1e5, 1e10, 1e30, 3.4e38], np.float32
)


@given(floats, floats, floats)
def test_madd_rounds_once(a: float, b: float, c: float) -> None:
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    with np.errstate(all="ignore"):
        got = madd(np.float32(a), np.float32(b), np.float32(c))
        around = [np.nextafter(got, np.float32(side)) for side in (-np.inf, np.inf)]
    if np.isinf(got):
        assert abs(exact) > Fraction(float(np.finfo(np.float32).max))
        return
    off = abs(exact - Fraction(float(got)))
    assert all(off <= abs(exact - Fraction(float(one))) for one in around if np.isfinite(one))


@pytest.mark.parametrize(
    ("function", "true", "low", "high", "ulps"),
    [
        (numeric.tanh, np.tanh, -12, 12, 8),
        (numeric.exp, np.exp, -87, 88, 2),
        (numeric.sigmoid, lambda x: 1 / (1 + np.exp(-x)), -80, 80, 4),
        (numeric.sin, np.sin, -1.5, 1.5, 2),
    ],
)
def test_functions_are_accurate(
    function: Callable[[Float32Array], Float32Array], true: Callable[[Any], Any], low: float, high: float,
    ulps: int
) -> None:
    x = np.linspace(low, high, 40_001).astype(np.float32)
    wanted = true(x.astype(np.float64))
    off = np.abs(function(x) - wanted) / np.spacing(np.abs(wanted).astype(np.float32))
    assert off.max() <= ulps


@pytest.mark.parametrize(("function", "true"), [(numeric.sin, np.sin), (numeric.cos, np.cos)])
def test_waves_are_accurate_over_many_periods(
    function: Callable[[Float32Array], Float32Array], true: Callable[[Any], Any]
) -> None:
    x = np.linspace(-1_000, 1_000, 100_001).astype(np.float32)
    assert np.abs(function(x) - true(x.astype(np.float64))).max() < 2e-7


def test_the_cosine_is_even_and_accurate_where_it_is_small() -> None:
    x = np.concatenate(
        [np.linspace(0, 7, 20_001), np.pi / 2 + np.linspace(-1e-3, 1e-3, 201)]
    ).astype(np.float32)
    wanted = np.cos(x.astype(np.float64))
    assert np.array_equal(numeric.cos(x), numeric.cos(-x))
    assert (np.abs(numeric.cos(x) - wanted) <= 4e-7 * np.abs(wanted) + 1e-10).all()


def test_a_wrapped_angle_is_the_same_angle_within_half_a_turn() -> None:
    x = np.linspace(-500, 500, 100_001).astype(np.float32)
    wrapped, wide = numeric.wrapped(x).astype(np.float64), x.astype(np.float64)
    assert np.abs(wrapped).max() <= np.pi + 2e-5
    assert np.abs(np.exp(1j * wrapped) - np.exp(1j * wide)).max() < 3e-7
    assert numeric.wrapped(np.float32(1.25)) == np.float32(1.25)


def test_units_follow_their_definitions() -> None:
    x = np.linspace(-6, 6, 1_201).astype(np.float32)
    wide = x.astype(np.float64)
    cube = np.sqrt(2 / np.pi) * (wide + 0.044715 * wide**3)
    selu = 1.0507009873554805 * np.where(wide > 0, wide, 1.6732632423543772 * np.expm1(wide))
    assert np.array_equal(numeric.relu(x), np.maximum(x, 0))
    assert np.allclose(numeric.leaky_relu(x), np.where(x > 0, wide, wide / 100), atol=1e-7)
    assert np.allclose(numeric.gelu(x), wide / 2 * (1 + np.tanh(cube)), atol=1e-6)
    assert np.allclose(numeric.selu(x), selu, atol=1e-6)


@pytest.mark.parametrize(
    "name", ["relu", "leaky_relu", "tanh", "sigmoid", "selu", "gelu", "sin", "cos", "exp", "square"]
)
def test_finite_arguments_never_give_nan(name: str) -> None:
    with np.errstate(all="ignore"):
        assert not np.isnan(getattr(numeric, name)(HUGE)).any()


def test_what_is_nearly_at_rest_comes_to_rest() -> None:
    x = np.array([1e-14, -1e-14, 1e-16, -1e-40, 0, np.nan, 3], np.float32)
    assert numeric.calmed(x).tolist() == [x[0], x[1], 0, 0, 0, 0, 3]


def test_units_saturate() -> None:
    assert np.allclose(numeric.tanh(np.array([-1e30, -20, 20, 1e30], np.float32)), [-1, -1, 1, 1], atol=3e-7)
    assert np.abs(numeric.tanh(np.linspace(-9, 9, 10_001).astype(np.float32))).max() <= 1
    assert list(numeric.sigmoid(np.array([80, 1e30], np.float32))) == [1, 1]
    with np.errstate(over="ignore"):
        assert numeric.gelu(np.array([-1e10], np.float32))[0] == 0


def test_powers_of_two_are_exact() -> None:
    assert [float(two_to(np.float32(n))) for n in (-126, 0, 127)] == [2.0**-126, 1.0, 2.0**127]
