"""Evolution strategies: mirrored samples, shared ranks, and a mean that climbs."""

from typing import Any

import numpy as np
import pytest

from processing.core.strategies.openai_es import OpenaiEs, OpenaiEsParameters, Optimizer, utilities
from processing.core.types import Float64Array, Operator, StopReason
from tests.core.searches import example, run, search

SEED = 3


class Weights:
    """The little of a genome kind that the strategy needs: W weights that start at 1."""

    def __init__(self, number_of_weights: int) -> None:
        self.number_of_weights = number_of_weights

    def random(self, size: int, *, seed: int, generation: int) -> Any:
        return np.ones((size, self.number_of_weights), np.float32)


def strategy(weights: int = 5, **parameters: Any) -> OpenaiEs:
    return OpenaiEs(
        OpenaiEsParameters(type="openai_es", **{"population_size": 40, "sigma": 0.2} | parameters),
        Weights(weights)
    )


def climbed(one: OpenaiEs, generations: int, fitness: Any) -> Any:
    """The state after some generations of a fitness function of genomes, (N, W) to (N,)."""
    state = one.begin()
    for number in range(generations):
        population = one.ask(state, seed=SEED, generation=number)
        state, verdict = one.tell(
            state, population, fitness(population.genomes.astype(np.float64)), generation=number
        )
        assert verdict.stop is None
    return state


def near_two(genomes: Float64Array) -> Float64Array:
    fitness: Float64Array = -((genomes - 2.0) ** 2).sum(axis=1)
    return fitness


def test_samples_are_mirrored_at_the_mean_and_an_odd_one_is_the_mean() -> None:
    one = strategy(population_size=41, sigma=0.5)
    genomes = one.ask(one.begin(), seed=SEED, generation=0).genomes
    assert np.allclose(genomes[:40:2] + genomes[1:40:2], 2, atol=1e-6)
    assert genomes[40].tolist() == [1.0] * 5
    assert len(np.unique(genomes[:40], axis=0)) == 40


def test_noise_has_the_standard_deviation_asked_for_and_depends_on_its_address() -> None:
    one = strategy(weights=2_000, sigma=0.3)
    first, again, other = (
        one.ask(one.begin(), seed=seed, generation=number).genomes
        for seed, number in ((3, 0), (3, 0), (3, 1))
    )
    assert (first - 1)[::2].std() == pytest.approx(0.3, rel=0.02)
    assert np.array_equal(first, again)
    assert abs(np.corrcoef((first - 1)[0], (other - 1)[0])[0, 1]) < 0.1
    few = strategy(weights=2_000, sigma=0.3, population_size=10).ask(
        one.begin(), seed=3, generation=0
    ).genomes
    assert np.array_equal(few, first[:10])


def test_agents_are_sampled_and_have_no_parents() -> None:
    population = strategy().ask({"mean": None}, seed=SEED, generation=4)
    assert set(population.operators.tolist()) == {Operator.SAMPLED}
    assert set(population.mothers.tolist()) == set(population.fathers.tolist()) == {-1}


def test_utilities_are_ranks_that_equals_share_and_the_failed_are_last() -> None:
    assert utilities(np.array([5.0, 1.0, 9.0])).tolist() == [0.0, -0.5, 0.5]
    assert utilities(np.array([2.0, 2.0, 7.0, 7.0, 9.0])).tolist() == [-0.375, -0.375, 0.125, 0.125, 0.5]
    assert utilities(np.array([np.nan, -1e300, np.nan])).tolist() == [-0.25, 0.5, -0.25]
    assert utilities(np.full(4, 3.0)).tolist() == [0.0] * 4


def test_the_first_step_is_that_of_the_equations() -> None:
    one = strategy(optimizer=Optimizer.SGD, momentum=0.0, decay=0.01, sigma=0.1, learning_rate=0.5)
    genomes = one.ask(one.begin(), seed=SEED, generation=0).genomes.astype(np.float64)
    fitness = near_two(genomes)
    ranks = np.argsort(np.argsort(fitness)) / 39 - 0.5
    gradient = (ranks[:, None] * (genomes - 1) / 0.1).sum(axis=0) / (40 * 0.1) - 0.01 * 1
    state = climbed(one, 1, near_two)
    assert state["mean"] == pytest.approx(1 + 0.5 * gradient, rel=1e-5)


def test_adam_moves_each_weight_by_the_learning_rate_at_first() -> None:
    state = climbed(strategy(decay=0.0, learning_rate=0.01), 1, near_two)
    assert np.abs(state["mean"] - 1) == pytest.approx(np.full(5, 0.01), rel=1e-4)


def test_adam_is_that_of_the_paper_over_many_steps() -> None:
    one = strategy(decay=0.0, learning_rate=0.01)
    state, mean, first, second = one.begin(), np.ones(5), np.zeros(5), np.zeros(5)
    for t in range(1, 6):
        population = one.ask(state, seed=SEED, generation=t - 1)
        genomes = population.genomes.astype(np.float64)
        ranks = utilities(near_two(genomes))
        gradient = (ranks[:, None] * (genomes - mean)).sum(axis=0) / (40 * 0.2**2)
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
        mean = mean + 0.01 * (first / (1 - 0.9**t)) / (np.sqrt(second / (1 - 0.999**t)) + 1e-8)
        state, _ = one.tell(state, population, near_two(genomes), generation=t - 1)
        assert state["mean"] == pytest.approx(mean, abs=1e-5)


@pytest.mark.parametrize(
    "parameters", [{}, {"optimizer": Optimizer.SGD, "learning_rate": 0.05}, {"population_size": 41}]
)
def test_the_mean_finds_the_top_of_a_hill(parameters: dict[str, Any]) -> None:
    state = climbed(strategy(decay=0.0, **parameters), 60, near_two)
    assert state["mean"] == pytest.approx(np.full(5, 2.0), abs=0.25)


def test_a_plain_moves_nothing_but_decay_draws_to_0() -> None:
    flat = climbed(strategy(decay=0.0), 5, lambda genomes: np.ones(len(genomes)))
    assert flat["mean"] == pytest.approx(np.ones(5), abs=1e-6)
    drawn = climbed(strategy(optimizer=Optimizer.SGD, decay=0.1), 20, lambda genomes: np.ones(len(genomes)))
    assert np.all(drawn["mean"] < 0.95)


def test_failed_agents_push_the_mean_away() -> None:
    def failing(genomes: Float64Array) -> Float64Array:
        return np.where(genomes[:, 0] > 1, np.nan, 1.0)

    assert climbed(strategy(decay=0.0), 10, failing)["mean"][0] < 0.9


def test_a_generation_without_fitness_is_the_end() -> None:
    one = strategy()
    population = one.ask(one.begin(), seed=SEED, generation=0)
    state, verdict = one.tell(one.begin(), population, np.full(40, np.nan), generation=0)
    assert verdict.stop == StopReason.EXTINCTION
    assert state == {"mean": None}


def test_it_learns_the_maze() -> None:
    plan = example(
        "maze-5x5", strategy={"type": "openai_es", "population_size": 200}, stop={"max_generations": 30}
    )
    for seed in (1, 2, 3):
        history = list(run(plan, seed=seed))
        assert history[-1].statistics["mean"] > 2 * history[0].statistics["mean"]


@pytest.mark.filterwarnings("error")
def test_a_mean_that_runs_away_stays_a_number() -> None:
    strategy = {
        "type": "openai_es", "learning_rate": 1_000.0, "decay": 1.0, "optimizer": "sgd", "population_size": 20
    }
    for closed in run(search(strategy=strategy, stop={"max_generations": 40}), seed=1):
        assert np.isfinite(closed.population.genomes).all()
        assert np.isfinite(closed.statistics["diversity"])
    assert np.abs(closed.checkpoint.state["mean"]).max() == np.float32(1e30)
