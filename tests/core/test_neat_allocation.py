"""How many children each species has, and who their parents are."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from processing.core.neat.allocation import expected_offspring, refocused, shareable, shared
from processing.core.neat.parameters import NeatParameters
from processing.core.neat.reproduction import (
    AVERAGED,
    AVERAGED_MUTATED,
    COPY,
    MATED,
    MATED_MUTATED,
    MUTATED,
    RECONNECTED,
    REWEIGHTED,
    Breeding,
    Family,
    Nursery,
    family,
)
from processing.core.neat.species import totals
from processing.core.types import Float64Array
from tests.core.neat_by_hand import fitness_of, neat

NAN = float("nan")
BREEDING = Breeding(
    mutate_only=0.25, mate_only=0.2, interspecies=0.001, multipoint=0.6, elite_species_size=5,
    refocus_weights=0.8
)


def shares(members: list[list[int]], fitness: Float64Array, factors: list[float]) -> list[float]:
    """What species with these members share."""
    order, sizes = np.array(
        [agent for each in members for agent in each], np.int32
    ), np.array([len(each) for each in members])
    sums = totals(fitness, order, np.concatenate(([0], np.cumsum(sizes))))
    able = np.array([np.count_nonzero(~np.isnan(fitness[each])) for each in members])
    return shared(np.nan_to_num(sums), sizes, able, np.array(factors)).tolist()


def test_fitness_is_shared_among_the_members_of_a_species() -> None:
    fitness = np.array([4.0, 2.0, 6.0])
    assert shares([[0, 1], [2]], fitness, [1.0, 1.0]) == [3.0, 6.0]
    assert shares([[0, 1], [2]], fitness, [0.01, 1.0]) == [0.03, 6.0]


def test_failed_agents_share_nothing_and_count_as_members() -> None:
    scaled, unit = shareable(np.array([4.0, NAN, 6.0]))
    assert (scaled * unit).tolist() == pytest.approx([4.0, 0.0, 6.0])
    assert shares([[0, 1], [2]], scaled, [1.0, 1.0]) == pytest.approx([2.0 / unit, 6.0 / unit])


def test_where_fitness_is_negative_the_worst_has_nothing() -> None:
    scaled, unit = shareable(np.array([-4.0, -1.0, NAN, 2.0]))
    assert (scaled * unit).tolist() == pytest.approx([0.0, 3.0, 0.0, 6.0])


def test_where_nobody_has_any_fitness_all_agents_count_the_same() -> None:
    scaled, _ = shareable(np.array([0.0, 0.0, 0.0, NAN]))
    assert shares([[0, 1], [2], [3]], scaled, [1.0, 1.0, 0.0]) == [2.0, 1.0, 0.0]


def test_where_every_species_is_punished_with_0_agents_of_those_with_a_champion_count_the_same() -> None:
    assert shares([[0, 1], [2], [3]], np.array([1.0, 2.0, 3.0, NAN]), [0.0, 0.0, 0.0]) == [2.0, 1.0, 0.0]


@pytest.mark.parametrize(("changes", "still"), [
    ({"stagnation_generations": 2}, True), ({"purge_generations": 2, "compatibility_threshold": 1e5}, False),
])
def test_a_search_whose_species_all_die_out_goes_on(changes: dict[str, Any], still: bool) -> None:
    strategy = neat(population_size=30, stagnation_factor=0.0, **changes)
    state = strategy.begin()
    for generation in range(8):
        population = strategy.ask(state, seed=2, generation=generation)
        fitness = np.ones(30) if still else fitness_of(population.genomes)
        state, verdict = strategy.tell(state, population, fitness, generation=generation)
        assert sum(each.offspring for each in verdict.snapshots) == 30
        assert verdict.stop is None


def test_young_species_must_count_for_something() -> None:
    with pytest.raises(ValidationError):
        NeatParameters(type="neat", age_significance=0.0)


def test_enormous_fitness_can_be_shared() -> None:
    scaled, _ = shareable(np.array([1e308, -1e308, 1.7e308]))
    assert np.isfinite(scaled).all()
    assert expected_offspring(shares([[0, 1], [2]], scaled, [1.0, 1.0]), 10).sum() == 10


def test_fractions_are_carried_from_species_to_species() -> None:
    assert expected_offspring([1.0, 1.0, 1.0, 1.0], 10).tolist() == [2, 3, 2, 3]
    # thirds are rounded: one is left over
    assert expected_offspring([1.0, 1.0, 1.0], 10).tolist() == [4, 3, 3]
    assert expected_offspring([5.0, 1.0, 1.0, 3.0], 15).tolist() == [7, 2, 1, 5]
    assert expected_offspring([0.0, 7.0], 9).tolist() == [0, 9]


@given(st.lists(st.floats(0, 2), min_size=1, max_size=60).filter(any), st.integers(1, 2_000))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_together_species_have_as_many_children_as_there_are_places(parts: list[float], size: int) -> None:
    offspring = expected_offspring(parts, size)
    assert offspring.sum() == size
    assert (offspring >= 0).all()
    exact = np.array(parts) / np.sum(parts) * size
    assert np.abs(offspring - exact).max() <= 2


@pytest.mark.parametrize(("bests", "expected"), [
    ([3.0, 9.0, 5.0], [0, 5, 6]), ([3.0, NAN, 3.0], [5, 0, 6]), ([NAN, 2.0], [0, 11]), ([1.0], [11]),
])
def test_a_population_that_stands_still_goes_on_with_its_two_best_species(
    bests: Any, expected: list[int]
) -> None:
    assert refocused(np.array(bests), 11).tolist() == expected


def nursery(**changes: Any) -> Nursery:
    """Three species of 4,000, 6 and 5 children, with 10, 1 and 3 parents; the second has the best champion.
    """
    whole = {"offspring": [4_000, 6, 5], "firsts": [0, 10, 11], "parents": [10, 1, 3]}
    fitness = np.array([*range(20, 10, -1), 30.0, 25.0, 3.0, 1.0])
    values: dict[str, Any] = {name: np.array(value, np.int32) for name, value in whole.items()}
    return Nursery(**{**values, "fitness": fitness, "is_refocused": False, **changes})


def families(breeding: Breeding = BREEDING, **changes: Any) -> Family:
    return family(nursery(**changes), breeding, seed=3, generation=2)


def test_parents_are_drawn_evenly_from_their_species() -> None:
    found = families(BREEDING._replace(interspecies=0.0))
    assert np.bincount(found.mothers[1:4_000]).tolist() == pytest.approx([400] * 10, abs=80)
    assert set(found.mothers[4_000:4_006].tolist()) == {10}
    assert set(found.mothers[4_006:].tolist()) <= {11, 12, 13}
    mated = found.ways[:4_000] >= MATED
    assert np.bincount(found.fathers[:4_000][mated]).tolist() == pytest.approx([390] * 10, abs=100)


def test_children_are_made_in_the_papers_proportions() -> None:
    ways = np.bincount(families().ways[1:4_000], minlength=8) / 3_999
    assert ways[MUTATED] == pytest.approx(0.25, abs=0.02)
    assert ways[[MATED, MATED_MUTATED]] == pytest.approx(0.75 * 0.6 * np.array([0.2, 0.8]), abs=0.02)
    assert ways[[AVERAGED, AVERAGED_MUTATED]] == pytest.approx(0.75 * 0.4 * np.array([0.2, 0.8]), abs=0.02)


def test_champions_of_species_with_more_than_five_children_are_copied() -> None:
    found = families()
    copies = np.flatnonzero(found.ways == COPY)
    assert copies.tolist() == [0, 4_000]
    assert found.mothers[copies].tolist() == [0, 10]


def test_a_species_of_one_parent_only_mutates() -> None:
    found = families(BREEDING._replace(mutate_only=0.0))
    assert set(found.ways[4_001:4_006].tolist()) == {MUTATED}


def test_fathers_from_elsewhere_are_champions_mostly_better_ones() -> None:
    found = families(BREEDING._replace(interspecies=1.0, mutate_only=0.0))
    fathers = found.fathers[1:4_000]
    assert set(fathers.tolist()) <= {0, 10, 11}
    shares = np.bincount(fathers, minlength=12) / 3_999
    assert shares[10] > 0.7 > 0.3 > shares[11] > 0.05
    assert shares[0] < 0.01  # its own champion, after five tries


def test_children_of_a_refocused_population_are_its_champions_changed() -> None:
    found = families(is_refocused=True, offspring=np.array([500, 501, 0], np.int32))
    assert np.flatnonzero(found.ways == COPY).tolist() == [0, 500]
    assert found.mothers.tolist() == [0] * 500 + [10] * 501 == found.fathers.tolist()
    ways = np.bincount(found.ways, minlength=8) / 1_001
    assert ways[[REWEIGHTED, RECONNECTED]] == pytest.approx([0.8, 0.2], abs=0.05)
