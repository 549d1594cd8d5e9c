import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.core.ranking import drawn_by_weight, drawn_evenly, mean, ranked

FITNESS = st.lists(st.one_of(st.just(math.nan), st.sampled_from([-1.0, 0.0, 0.5, 3.0])), max_size=30)


@given(FITNESS)
def test_the_best_comes_first_ties_by_index_and_failed_agents_not_at_all(fitness: list[float]) -> None:
    expected = sorted((i for i, value in enumerate(fitness) if not math.isnan(value)), key=lambda i: (-fitness[i], i))
    assert ranked(np.array(fitness)).tolist() == expected


def test_infinite_fitness_has_its_place() -> None:
    assert ranked(np.array([0.0, -math.inf, math.nan, math.inf])).tolist() == [3, 0, 1]


def test_the_mean_does_not_depend_on_the_order_of_adding() -> None:
    values = np.array([1e16, 1.0, -1e16, 1.0, 1.0])
    assert mean(values) == mean(values[::-1]) == 3 / 5


def test_agents_are_drawn_in_proportion_to_their_weight() -> None:
    drawn = drawn_by_weight(np.array([3.0, 0.0, 1.0]), key=7, count=8_000)
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
