"""What the returns of several episodes come to."""

from typing import Any

import numpy as np
import pytest

from processing.core.criterion import MeanReturn
from processing.core.environments.foreign.environment import Foreign
from processing.core.environments.foreign.parameters import Aggregate
from processing.core.judges.aggregate import Score, fitness_of
from processing.core.types import Evaluations, Purpose
from tests.core.foreign import MODULE, foreign_plan, staged
from tests.core.searches import run

RETURNS = np.array(
    [[3.0, -1.0, 4.0, 1.0], [5.0, 5.0, 5.0, 5.0], [2.0, np.inf, 1.0, 0.0], [np.nan, 1.0, 1.0, 1.0]]
)


@pytest.fixture(autouse=True)
def _modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT_MODULES", MODULE)


def evaluated(name: str, *, purpose: Purpose = Purpose.EPISODE, **environment: Any) -> Evaluations:
    plan = foreign_plan(name, max_steps=60, **environment)
    genomes = plan.genome.random(12, seed=4, generation=0)
    found: Evaluations = plan.judge.evaluate(genomes, seed=4, generation=0, threads=1, purpose=purpose)
    return found


@pytest.mark.parametrize(("aggregate", "is_cost", "expected"), [
    ("mean", False, 1.75), ("worst", False, -1.0), ("median", False, 2.0),
    ("mean", True, -1.75), ("worst", True, -4.0), ("median", True, -2.0),
])
def test_episodes_are_scored_by_mean_worst_or_median(aggregate: str, is_cost: bool, expected: float) -> None:
    found = fitness_of(RETURNS, Score(Aggregate(aggregate), is_cost))
    assert found[:2].tolist() == [expected, -5.0 if is_cost else 5.0]
    assert not np.isfinite(found[2:]).any()


def test_the_median_of_three_is_the_middle_one_and_no_cost_is_no_negative_zero() -> None:
    assert fitness_of(np.array([[9.0, 1.0, 2.0]]), Score(Aggregate.MEDIAN))[0] == 2.0
    for aggregate in Aggregate:
        assert not np.signbit(fitness_of(np.zeros((1, 2)), Score(aggregate, True)))[0]


@pytest.mark.parametrize("name", ["CartPole-v1", "LunarLander-v3"])
def test_agents_are_scored_so_whether_the_environment_is_compiled_or_not(name: str) -> None:
    assert isinstance(
        foreign_plan(name, aggregate="worst", episodes=2).problem, Foreign
    ) == (name == "LunarLander-v3")
    first = evaluated(name).fitness
    mean, worst, median = (
        evaluated(name, episodes=2, aggregate=each).fitness for each in (None, "worst", "median")
    )
    other = 2 * mean - first
    assert np.allclose(worst, np.minimum(first, other), rtol=1e-9)
    assert np.allclose(median, mean)
    assert not np.allclose(worst, mean)
    cost = evaluated(name, episodes=2, minimise=True).fitness
    assert np.array_equal(cost, -mean)
    assert np.allclose(
        evaluated(name, episodes=2, minimise=True, aggregate="worst").fitness, -np.maximum(first, other)
    )


@pytest.mark.parametrize("name", ["CartPole-v1", "FrozenLake-v1"])
def test_fresh_episodes_count_by_their_mean(name: str) -> None:
    mean, worst = (
        evaluated(name, episodes=3, aggregate=each, purpose=Purpose.CONFIRMATION).fitness
        for each in (None, "worst")
    )
    assert np.array_equal(mean, worst)


def test_what_costs_least_is_kept() -> None:
    plan = foreign_plan("Pendulum-v1", minimise=True, max_steps=50, episodes=2)
    best = [float(np.nanmax(closed.evaluations.fitness)) for closed in run(plan, seed=3)]
    assert best[0] > 0  # returns of a pendulum are negative, and the least return is the highest fitness
    plain = foreign_plan("Pendulum-v1", max_steps=50, episodes=2)
    assert max(float(np.nanmax(closed.evaluations.fitness)) for closed in run(plain, seed=3)) < 0


def test_the_registrys_threshold_says_nothing_of_costs() -> None:
    for name in ("CartPole-v1", "LunarLander-v3"):
        world = foreign_plan(name, minimise=True).problem
        assert world.criterion is None
        assert world.best_possible() is None
        assert isinstance(foreign_plan(name, aggregate="worst").problem.criterion, MeanReturn)


def test_an_aggregate_of_one_episode_is_warned_of() -> None:
    (warning,) = staged("LunarLander-v3", aggregate="worst").warnings
    assert warning.path == ("environment", "aggregate")
    assert staged("LunarLander-v3", aggregate="worst", episodes=3).warnings == ()


def test_what_means_the_same_is_the_same_experiment() -> None:
    plain = staged("CartPole-v1", episodes=2)
    for same in ({"aggregate": "mean"}, {"minimise": False}, {"aggregate": None, "minimise": None}):
        assert staged("CartPole-v1", episodes=2, **same).spec_hash == plain.spec_hash
    hashes = {
        staged("CartPole-v1", episodes=2, **each).spec_hash
        for each in ({"aggregate": "worst"}, {"minimise": True})
    }
    assert len(hashes | {plain.spec_hash}) == 3
