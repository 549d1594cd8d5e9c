"""Covariance matrix adaptation: the package's own results, without anything remembered outside the state."""

from typing import Any

import numpy as np
import pytest
from cmaes import CMA, SepCMA

from processing.core import rng
from processing.core.strategies.cma_es import CmaEs, CmaEsParameters, Variant
from processing.core.types import Float64Array, Operator, Purpose, StopReason
from tests.core.searches import example, run

SEED = 3


class Weights:
    """The little of a genome kind that the strategy needs."""

    def __init__(self, number_of_weights: int) -> None:
        self.number_of_weights = number_of_weights


def strategy(weights: int = 6, **parameters: Any) -> CmaEs:
    return CmaEs(CmaEsParameters(type="cma_es", **{"population_size": 12} | parameters), Weights(weights))


def narrow(genomes: Float64Array) -> Float64Array:
    """A ridge that is a hundred times steeper along its last weight, with its top at 3."""
    fitness: Float64Array = -((genomes - 3.0) ** 2 * np.geomspace(1, 100, genomes.shape[1])).sum(axis=1)
    return fitness


def steps(one: CmaEs, generations: int, fitness: Any) -> list[Any]:
    """The states from the start on."""
    states = [one.begin()]
    for number in range(generations):
        population = one.ask(states[-1], seed=SEED, generation=number)
        state, verdict = one.tell(
            states[-1], population, fitness(population.genomes.astype(float)), generation=number
        )
        assert verdict.stop is None
        states.append(state)
    return states


@pytest.mark.parametrize(("variant", "package"), [(Variant.FULL, CMA), (Variant.SEPARABLE, SepCMA)])
def test_it_goes_the_packages_own_way(variant: Variant, package: Any) -> None:
    one = strategy(variant=variant)
    search, state = package(mean=np.zeros(6), sigma=1.0, population_size=12), one.begin()
    for number in range(15):
        search.reseed_rng(rng.derive(SEED, Purpose.MUTATION, number) >> 32)
        expected = np.array([search.ask() for _ in range(12)]).astype(np.float32)
        population = one.ask(state, seed=SEED, generation=number)
        assert population.genomes == pytest.approx(expected, rel=1e-4, abs=1e-5)
        genomes = population.genomes.astype(float)
        search.tell([(genome, -value) for genome, value in zip(genomes, narrow(genomes), strict=True)])
        state, _ = one.tell(state, population, narrow(genomes), generation=number)
        assert state["mean"] == pytest.approx(search.mean, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("variant", Variant)
def test_the_same_state_gives_the_same_bits_however_often_it_is_asked(variant: Variant) -> None:
    one = strategy(variant=variant)
    states = steps(one, 6, narrow)
    again = steps(strategy(variant=variant), 6, narrow)
    for state, other in zip(states, again, strict=True):
        assert state.keys() == other.keys()
        assert all(np.array_equal(state[name], other[name]) for name in state)
    first, second = (one.ask(states[3], seed=SEED, generation=3).genomes for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, one.ask(states[3], seed=SEED, generation=4).genomes)


@pytest.mark.parametrize("variant", Variant)
def test_it_finds_the_top_of_a_narrow_ridge(variant: Variant) -> None:
    states = steps(strategy(variant=variant), 120, narrow)
    assert states[-1]["mean"] == pytest.approx(np.full(6, 3.0), abs=0.02)
    assert states[-1]["sigma"] < 0.1


def test_only_ranks_count_and_the_failed_are_last() -> None:
    def broken(genomes: Float64Array) -> Float64Array:
        return np.where(genomes[:, 0] > 0.5, np.nan, 1e300 * np.tanh(narrow(genomes) / 1e4))

    def worst(genomes: Float64Array) -> Float64Array:
        return np.where(genomes[:, 0] > 0.5, -1e9 - np.arange(len(genomes)), narrow(genomes))

    one, other = steps(strategy(), 5, broken)[-1], steps(strategy(), 5, worst)[-1]
    assert np.array_equal(one["mean"], other["mean"])


def test_agents_are_sampled_and_have_no_parents() -> None:
    population = strategy().ask({"mean": None}, seed=SEED, generation=4)
    assert set(population.operators.tolist()) == {Operator.SAMPLED}
    assert set(population.mothers.tolist()) == set(population.fathers.tolist()) == {-1}
    assert population.genomes.dtype == np.float32


def test_a_generation_without_fitness_is_the_end() -> None:
    one = strategy()
    population = one.ask(one.begin(), seed=SEED, generation=0)
    state, verdict = one.tell(one.begin(), population, np.full(12, np.nan), generation=0)
    assert verdict.stop == StopReason.EXTINCTION
    assert state == {"mean": None}


def test_a_flat_fitness_of_many_generations_breaks_nothing() -> None:
    for variant in Variant:
        state = steps(strategy(variant=variant), 200, lambda genomes: np.zeros(len(genomes)))[-1]
        assert np.isfinite(state["mean"]).all()
        assert np.isfinite(state["sigma"])


@pytest.mark.parametrize("variant", ["full", "separable"])
def test_it_learns_the_maze(variant: str) -> None:
    strategy = {"type": "cma_es", "population_size": 64, "variant": variant}
    plan = example(
        "maze-5x5", strategy=strategy, stop={"max_generations": 30}, network={"hidden": [4]}
    )
    for seed in (1, 2):
        history = list(run(plan, seed=seed))
        assert history[-1].statistics["mean"] > 2 * history[0].statistics["mean"]
