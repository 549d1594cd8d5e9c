"""A replayed episode has the bits of the kernel that evaluated it first."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from processing.core.environments.classic import CLASSIC
from processing.core.environments.double_pole.double_pole import DoublePole, DoublePoleParameters
from processing.core.environments.maze.grid_world import GridWorld
from processing.core.genomes.dense import Activation, Dense, DenseParameters, Output
from processing.core.judges.episodes import Episodes
from processing.core.kernels import lanes
from processing.core.kernels.roles import ROLE
from processing.core.kernels.scalar_lane import FIRST_LANE
from processing.core.reference import maze as reference
from processing.core.rollouts import replay
from processing.core.search.plan import Plan
from processing.core.search.stop import StopParameters
from processing.core.types import Purpose
from tests.arithmetic import added
from tests.core.mazes import genomes, judge, maze, random_maze
from tests.core.networks_by_hand import graphs_of
from tests.core.test_classic import environment
from tests.core.test_graph import KINDS, graph
from tests.core.test_graph import genomes as graph_genomes

ROOT = Path(__file__).parents[2]


def assert_replayed(
    one: Episodes, population: Any, agents: tuple[int, ...], purpose: Purpose = Purpose.EPISODE
) -> None:
    evaluated = one.evaluate(population, seed=9, generation=2, purpose=purpose)
    episodes = one.problem.episodes
    for agent in agents:
        alone = one.genome.take(population, np.array([agent], np.int32))
        episodes_replayed = [
            replay.replay_episode(
                one.problem, one.genome, alone, agent, seed=9, generation=2, episode=episode,
                purpose=purpose, sampled=one.is_sampled,
            )
            for episode in range(episodes)
        ]
        assert sum(episode.steps for episode in episodes_replayed) == evaluated.steps[agent]
        assert added(episode.total for episode in episodes_replayed) / episodes == evaluated.fitness[agent]


@pytest.mark.parametrize("output", list(Output))
@pytest.mark.parametrize("name", sorted(CLASSIC))
def test_classic_environments(name: str, output: Output) -> None:
    ours = environment(name, episodes=2, seeds="fresh", max_steps=250)
    kind = Dense(DenseParameters(hidden=(5,), output=output), inputs=ours.inputs, outputs=ours.outputs)
    assert_replayed(Episodes(ours, kind), kind.random(40, seed=2, generation=0), (0, 7))


@pytest.mark.parametrize("purpose", [Purpose.EPISODE, Purpose.CONFIRMATION])
@pytest.mark.parametrize("seeds", ["common", "fresh"])
def test_common_and_fresh_starts(seeds: str, purpose: Purpose) -> None:
    ours = environment("CartPole-v1", seeds=seeds, episodes=2)
    kind = Dense(DenseParameters(hidden=(5,)), inputs=4, outputs=2)
    assert_replayed(Episodes(ours, kind), kind.random(20, seed=2, generation=0), (3, 19), purpose)


@pytest.mark.parametrize("activation", list(Activation))
def test_mazes_with_every_activation(activation: Activation) -> None:
    one = judge(
        maze(random_maze(4, goals=2), max_steps=25, revisit=-0.01), hidden=(6, 3), activation=activation
    )
    assert_replayed(one, genomes(one), (0, 5, 39))


@pytest.mark.parametrize("name", KINDS)
def test_graph_genomes(name: str) -> None:
    ours = environment("CartPole-v1", seeds="fresh", episodes=2, max_steps=60)
    kind = graph(inputs=4, outputs=2, **KINDS[name])
    assert_replayed(Episodes(ours, kind), graphs_of(graph_genomes(kind, 20)), (0, 3, 19))


@pytest.mark.parametrize("velocities", [True, False])
def test_two_poles(velocities: bool) -> None:
    poles = DoublePole(DoublePoleParameters(type="double_pole", velocities=velocities, max_steps=300))
    kind = Dense(DenseParameters(hidden=(5,)), inputs=poles.inputs, outputs=poles.outputs)
    assert_replayed(
        Episodes(poles, kind), kind.random(40, seed=2, generation=0) * np.float32(9), (0, 7, 39)
    )


def test_large_networks() -> None:
    one = judge(maze(max_steps=10), hidden=(100, 60))
    assert one.genome.network.wide
    assert_replayed(one, genomes(one), (1,))


def test_maps_whose_lines_of_sight_are_walked() -> None:
    one = judge(maze(random_maze(1, goals=40), max_steps=12))
    assert one.problem.world.views.size == 0
    assert_replayed(one, genomes(one), (1, 2))


def test_weights_that_are_huge_tiny_or_no_numbers() -> None:
    one = judge(maze(max_steps=12), hidden=(7, 6))
    population = genomes(one, 6)
    population[0] = np.nan
    population[1] = np.inf
    population[2, ::3] = -np.inf
    population[3] *= np.float32(1e30)
    population[4] *= np.float32(1e-42)
    population[5] = 0
    assert_replayed(one, population, tuple(range(6)))


def test_it_agrees_with_the_reference_in_every_detail() -> None:
    one = judge(maze(max_steps=30), output=Output.SOFTMAX)
    population = genomes(one)
    for agent in range(3):
        known = reference.replay_episode(
            maze(max_steps=30), one.genome.parameters, population[agent], seed=9, generation=2,
            agent=agent
        )
        again = replay.replay_episode(
            one.problem, one.genome, population[agent : agent + 1], agent, seed=9, generation=2,
            sampled=True
        )
        assert (again.actions, again.rewards, again.positions) == (
            known.actions, known.rewards, known.positions
        )
        assert (again.total, again.steps, again.terminated) == (known.total, known.steps, known.terminated)
        assert np.array_equal(again.observations, known.observations)


@pytest.mark.parametrize("name", ["Acrobot-v1", "Pendulum-v1"])
def test_a_trajectory_is_complete(name: str) -> None:
    ours = environment(name, max_steps=15)
    kind = Dense(DenseParameters(), inputs=ours.inputs, outputs=ours.outputs)
    episode = replay.replay_episode(
        ours, kind, kind.random(1, seed=1, generation=0), 0, seed=1, generation=0, sampled=False
    )
    assert len(episode.actions) == len(episode.rewards) == len(episode.observations) == episode.steps == 15
    assert (episode.terminated, episode.truncated, episode.positions) == (False, True, [])
    assert episode.total == added(episode.rewards)
    assert all(seen.shape == (ours.inputs,) for seen in episode.observations)
    if name == "Acrobot-v1":
        assert {type(action) for action in episode.actions} == {int}
    else:
        assert np.shape(episode.actions) == (15, 1)
        assert np.abs(episode.actions).max() <= 1


def test_a_plan_replays_what_is_no_maze() -> None:
    ours = environment("CartPole-v1")
    kind = Dense(DenseParameters(), inputs=4, outputs=2)
    population = kind.random(5, seed=1, generation=0)
    plan = Plan(
        problem=ours, genome=kind, judge=Episodes(ours, kind), strategy=None,
        stop=StopParameters(max_generations=1)
    )
    episode = plan.judge.replays.episode(kind.pack(population[3:4]), seed=6, generation=4, agent=3)
    assert episode.total == plan.judge.evaluate(population, seed=6, generation=4).fitness[3]


def test_the_first_lane_knows_every_primitive() -> None:
    known = {name for name, value in vars(lanes).items() if getattr(value, ROLE, None) == "primitive"}
    assert known - set(FIRST_LANE) == {"get", "put", "take_ticket"}


REPLAY = """
import sys
from types import SimpleNamespace
from processing.core.environments.classic import CartPole
from processing.core.genomes.dense import Dense, DenseParameters
from processing.core.rollouts.replay import replay_episode
cart = CartPole(SimpleNamespace(
    max_steps=5, episodes=1, seeds="common", kwargs={}, aggregate=None, minimise=None
))
kind = Dense(DenseParameters(), inputs=4, outputs=2)
genomes = kind.random(1, seed=1, generation=0)
print(replay_episode(cart, kind, genomes, 0, seed=1, generation=0, sampled=False).steps)
print([name for name in ("numba", "llvmlite") if name in sys.modules])
"""


@pytest.mark.parametrize("disabled", ["0", "1"])
def test_it_needs_no_compiler(disabled: str) -> None:
    given: dict[str, Any] = {**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_DISABLE_JIT": disabled}
    done = subprocess.run([sys.executable, "-c", REPLAY], cwd=ROOT, env=given, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("5\n[]\n", "")


def test_a_maze_says_where_the_agent_stands() -> None:
    world = GridWorld(maze())
    assert world.position(np.array([world.world.start] + [0] * 63, np.int32)) == world.start
