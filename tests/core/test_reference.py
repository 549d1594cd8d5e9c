import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.core.errors import Refused
from processing.core.genomes.dense import Activation, Output
from processing.core.judges.episodes import Episodes
from processing.core.reference import maze as reference
from processing.core.types import Float32Array, Purpose
from tests.arithmetic import added
from tests.core.mazes import genomes, judge, maze, random_maze


def assert_agreement(
    one: Episodes, population: Float32Array, number: int, purpose: Purpose = Purpose.EPISODE
) -> None:
    evaluated = one.evaluate(population, seed=9, generation=2, purpose=purpose)
    episodes = one.problem.episodes
    for agent in range(number):
        episodes_replayed = [
            reference.replay_episode(
                one.problem.parameters, one.genome.parameters, population[agent], seed=9,
                generation=2, agent=agent, episode=episode, purpose=purpose,
            )
            for episode in range(episodes)
        ]
        assert sum(episode.steps for episode in episodes_replayed) == evaluated.steps[agent]
        assert added(episode.total for episode in episodes_replayed) / episodes == evaluated.fitness[agent]


@pytest.mark.parametrize("output", list(Output))
@pytest.mark.parametrize("activation", list(Activation))
def test_kernel_and_reference_agree_exactly(activation: Activation, output: Output) -> None:
    for goals, (hidden, scale) in enumerate([((10,), 1), ((), 3), ((7, 6), 50), ((5,), 1e18)]):
        for bias in (True, False):
            rows = random_maze(goals * 2 + bias, goals=goals)
            one = judge(
                maze(rows, max_steps=25, revisit=-0.01), hidden=hidden, activation=activation, output=output,
                bias=bias
            )
            assert_agreement(one, genomes(one, scale=scale), 4)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 4), st.lists(st.integers(1, 23), max_size=3), st.integers(1, 3))
def test_any_map_and_shape_agrees(seed: int, goals: int, hidden: list[int], episodes: int) -> None:
    rows = random_maze(seed, goals=goals, height=3 + seed % 5, width=4 + seed % 7)
    one = judge(maze(rows, max_steps=15, episodes=episodes), hidden=tuple(hidden), output=Output.SOFTMAX)
    assert_agreement(one, genomes(one, 6, seed=seed % 1000), 3)


def test_large_networks_agree() -> None:
    one = judge(maze(max_steps=10), hidden=(100, 60))
    assert one.genome.network.wide
    assert_agreement(one, genomes(one), 4)


def test_other_purposes_draw_other_actions() -> None:
    one = judge(maze(max_steps=20), output=Output.SOFTMAX)
    population = genomes(one)
    assert_agreement(one, population, 5, Purpose.CONFIRMATION)
    fresh = one.evaluate(population, seed=9, generation=2, purpose=Purpose.CONFIRMATION)
    assert not np.array_equal(fresh.fitness, one.evaluate(population, seed=9, generation=2).fitness)


def test_weights_that_are_not_numbers_have_the_same_life() -> None:
    one = judge()
    population = genomes(one, 6)
    population[0] = np.nan
    population[1] = np.inf
    population[2, ::3] = -np.inf
    population[3, -1] = np.nan
    assert_agreement(one, population, 6)


def test_a_trajectory_is_complete() -> None:
    one = judge()
    episode = reference.replay_episode(
        maze(), one.genome.parameters, genomes(one)[0], seed=1, generation=0, agent=0
    )
    assert len(episode.actions) == len(episode.rewards) == len(episode.observations) == episode.steps
    assert len(episode.positions) == episode.steps + 1
    assert episode.total == added(episode.rewards)
    assert episode.terminated != episode.truncated


def test_a_genome_of_another_shape_is_refused() -> None:
    with pytest.raises(Refused, match="expected 349 weights, got 3"):
        reference.replay_episode(
            maze(), judge().genome.parameters, np.zeros(3, np.float32), seed=1, generation=0, agent=0
        )


def test_madd_rounds_once_where_two_roundings_show() -> None:
    # 1 + 2^-24 is halfway between two float32; a bit further down the sum decides.
    a, c = 1 + 2.0**-12, -(2.0**-11) + 2.0**-24 * 2.0**-30
    exact = np.float32(a * a + c)
    assert reference._madd(np.array([a]), a, float(np.float32(c)))[0] == exact
    product = np.array([1 + 2.0**-24])
    assert reference._madd(product, 1.0, 2.0**-60)[0] == 1 + 2.0**-23
    assert reference._madd(product, 1.0, -(2.0**-60))[0] == 1
