import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.core.ranking import drawn_by_weight, drawn_evenly, mean, quantiles, ranked, standard_deviation

FITNESS = st.lists(st.one_of(st.just(math.nan), st.sampled_from([-1.0, 0.0, 0.5, 3.0])), max_size=30)


@given(FITNESS)
def test_the_best_comes_first_ties_by_index_and_failed_agents_not_at_all(fitness: list[float]) -> None:
    expected = sorted(
        (i for i, value in enumerate(fitness) if not math.isnan(value)), key=lambda i: (-fitness[i], i)
    )
    assert ranked(np.array(fitness)).tolist() == expected


def test_infinite_fitness_has_its_place() -> None:
    assert ranked(np.array([0.0, -math.inf, math.nan, math.inf])).tolist() == [3, 0, 1]


def test_the_mean_does_not_depend_on_the_order_of_adding() -> None:
    values = np.array([1e16, 1.0, -1e16, 1.0, 1.0])
    assert mean(values) == mean(values[::-1]) == 3 / 5


HUGE = np.array([1.7e308, -1.7e308, 1.7e308, 1.7e308])


def test_numbers_near_the_largest_have_a_mean_a_deviation_and_quantiles() -> None:
    assert mean(HUGE) == pytest.approx(0.85e308)
    assert standard_deviation(HUGE) == pytest.approx(1.7e308 / 2 * math.sqrt(3))
    assert quantiles(HUGE, (0.0, 0.125, 1.0)) == pytest.approx([-1.7e308, -0.425e308, 1.7e308])
    assert mean(np.full(24, 1.7e308)) == pytest.approx(1.7e308)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=30))
def test_the_deviation_and_the_quantiles_are_those_of_the_textbook(values: list[float]) -> None:
    assert standard_deviation(np.array(values)) == pytest.approx(
        statistics.pstdev(values), rel=1e-9, abs=1e-6
    )
    assert quantiles(np.array(values), (0.0, 0.5, 1.0)) == [
        min(values), pytest.approx(statistics.median(values)), max(values)
    ]


def test_tiny_numbers_have_a_mean_too() -> None:
    assert mean(np.array([5e-324, 5e-324])) == 5e-324
    assert standard_deviation(np.zeros(3)) == mean(np.zeros(3)) == 0.0


def test_agents_are_drawn_in_proportion_to_their_weight() -> None:
    for unit in (1.0, 5e307):
        drawn = drawn_by_weight(np.array([3.0, 0.0, 1.0]) * unit, key=7, count=8_000)
        assert np.bincount(drawn, minlength=3) / 8_000 == pytest.approx([0.75, 0.0, 0.25], abs=0.02)


def test_agents_are_drawn_evenly() -> None:
    drawn = drawn_evenly(4, key=7, count=8_000)
    assert np.bincount(drawn, minlength=4) / 8_000 == pytest.approx([0.25] * 4, abs=0.02)


@pytest.mark.parametrize("size", [1, 2, 1_000_000])
def test_draws_stay_in_range_and_have_an_address(size: int) -> None:
    evenly, weighted = drawn_evenly(size, 5, 1_000), drawn_by_weight(np.ones(size), 5, 1_000)
    for drawn in (evenly, weighted):
        assert drawn.dtype == np.int32
        assert drawn.min() >= 0
        assert drawn.max() < size
    assert np.array_equal(drawn_evenly(size, 5, 10, first=990), evenly[990:])
    assert np.array_equal(drawn_by_weight(np.ones(size), 5, 10, first=990), weighted[990:])
