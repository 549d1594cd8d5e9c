import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from processing.core.environments import ENVIRONMENTS
from processing.core.environments.maze import grid_world as module
from processing.core.environments.maze.grid_world import GridWorld
from processing.core.errors import Refused
from processing.core.reference import maze as reference
from processing.core.reference.as_gymnasium import GridWorldEnv
from tests.core.mazes import SMALL, genomes, judge, maze, random_maze


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (("S.", "."), r"rows\[1\].*expected 2 cells"),
        (("S.", ".x"), "'x'"),
        (("..", ".."), "exactly one start 'S', got 0"),
        (("SS",), "got 2"),
        (("",), "at least one cell"),
    ],
)
def test_maps_that_are_none_are_refused(rows: tuple[str, ...], words: str) -> None:
    with pytest.raises(Refused, match=words):
        GridWorld(maze(rows))


def test_a_map_knows_its_size_goals_and_shortest_path() -> None:
    world = GridWorld(maze())
    assert (world.inputs, world.outputs, world.number_of_cells, world.is_random) == (24, 9, 25, False)
    assert (world.reachable_goals(), world.shortest_path()) == (2, 4)


def test_diagonals_pass_between_obstacles() -> None:
    assert GridWorld(maze(("S#", "#G"))).shortest_path() == 1


def test_an_enclosed_goal_cannot_be_reached() -> None:
    world = GridWorld(maze(("S.##", "..#G", "..##")))
    assert (world.reachable_goals(), world.shortest_path()) == (0, None)


def test_best_possible_takes_the_best_moves_first() -> None:
    assert GridWorld(maze(("S..G",), max_steps=40)).best_possible() == pytest.approx(3.3)
    assert GridWorld(maze(("S..G",), max_steps=3)).best_possible() == pytest.approx(3.3)
    assert GridWorld(maze(("S..G",), max_steps=1)).best_possible() == pytest.approx(0.15)
    assert GridWorld(maze(("S",), max_steps=7, revisit=1.0)).best_possible() == 7


def test_the_steps_to_so_many_goals_count_the_nearest_and_one_from_each_to_the_next() -> None:
    assert GridWorld(maze(("SG.G...G",))).steps_to_goals() == [1, 3, 7]
    assert GridWorld(maze(("GGG", "GSG"))).steps_to_goals() == [1, 2, 3, 4, 5]
    assert GridWorld(maze(("S.#G",))).steps_to_goals() == []


@pytest.mark.parametrize("seed", range(5))
def test_no_agent_reaches_goals_in_fewer_steps(seed: int) -> None:
    one = judge(maze(random_maze(seed, goals=30), max_steps=12).model_copy(update={"goals": 1}))
    _, taken, ends = one.rollouts(genomes(one, 400), seed=1, generation=0)
    steps = [0, *one.problem.steps_to_goals()]
    reached = ends[..., 1].astype(int)
    assert reached.max() > 3
    assert all(steps[goals] <= count for goals, count in zip(reached.ravel(), taken.ravel(), strict=True))


def test_what_may_be_had_without_a_goal_leaves_out_the_goals_and_what_lies_behind_them() -> None:
    assert GridWorld(maze((".S.G",), max_steps=40)).best_without_goals() == pytest.approx(0.3)
    assert GridWorld(maze(("SG..",), max_steps=40)).best_without_goals() == 0
    assert GridWorld(maze(("S.G",), max_steps=3, revisit=1.0)).best_without_goals() == 3


@pytest.mark.parametrize("goals", range(4))
def test_no_agent_beats_the_best_possible(goals: int) -> None:
    one = judge(maze(random_maze(goals + 20, goals=goals)))
    assert one.evaluate(
        genomes(one, 400), seed=1, generation=0
    ).fitness.max() <= one.problem.best_possible() + 1e-9


@pytest.mark.parametrize("goals", range(4))
def test_table_and_lines_of_sight_agree_bit_for_bit(goals: int, monkeypatch: pytest.MonkeyPatch) -> None:
    one = judge(maze(random_maze(goals, goals=goals), revisit=-0.01))
    population = genomes(one, 300)
    table = one.evaluate(population, seed=1, generation=0)
    monkeypatch.setattr(module, "TABLE_BYTES", 0)
    other = judge(one.problem.parameters)
    walked = other.evaluate(population, seed=1, generation=0)
    assert one.problem.world.views.size > 0
    assert other.problem.world.views.size == 0
    assert np.array_equal(table.fitness, walked.fitness)
    assert np.array_equal(table.steps, walked.steps)


def test_a_table_row_is_what_the_reference_sees() -> None:
    world = GridWorld(maze()).world
    walk = reference.Walk(maze())
    assert np.array_equal(world.views.reshape(-1, 24)[world.start], walk.observation())


def test_observation_counts_open_cells_and_distances() -> None:
    walk = reference.Walk(maze(("....", ".S.G", "...#")))
    seen = walk.observation().reshape(8, 3).astype(np.float32)
    up, right, lower_right = seen[0], seen[2], seen[3]
    assert np.allclose(up, [0.1, 0.5, 0])
    assert np.allclose(right, [0.1, 0, 0.5])
    assert np.allclose(lower_right, [0.1, 0.5, 0])


def test_rules_of_a_walk() -> None:
    environment = GridWorldEnv(("SG.G#",), max_steps=9)
    environment.reset()
    assert environment.step(4)[1:4] == (0.0, False, False)  # staying on the start is a revisit
    assert environment.step(5)[1:4] == (3.0, False, False)
    assert environment.step(4)[1:4] == (0.0, False, False)  # a goal pays once
    assert environment.step(5)[1:4] == (0.15, False, False)
    assert environment.step(5)[1:4] == (3.0, True, False)  # the last goal ends the walk
    environment.reset()
    _, reward, terminated, truncated, information = environment.step(1)
    assert (reward, terminated, truncated, information["position"]) == (0.0, True, False, (0, 0))


def test_a_walk_is_cut_off_at_the_step_limit() -> None:
    environment = GridWorldEnv(("S.G",), max_steps=2)
    environment.reset()
    assert environment.step(4)[2:4] == (False, False)
    assert environment.step(4)[2:4] == (False, True)


@pytest.mark.parametrize("mode", ["ansi", "rgb_array"])
def test_the_registered_environment_passes_gymnasiums_checker(mode: str) -> None:
    assert "maze" in ENVIRONMENTS
    check_env(gymnasium.make("GridWorld-v0", render_mode=mode).unwrapped)


def test_it_renders_text_and_pictures() -> None:
    text = gymnasium.make("GridWorld-v0", render_mode="ansi").unwrapped
    text.reset()
    text.step(7)
    assert text.render() == "..#..\n@.#.G\n.....\n.##..\nG...."
    picture = gymnasium.make("GridWorld-v0", render_mode="rgb_array").unwrapped
    picture.reset()
    assert np.asarray(picture.render()).shape == (80, 80, 3)


@pytest.mark.parametrize("goals", range(3))
def test_gymnasium_agrees_with_the_kernel_step_for_step(goals: int) -> None:
    one = judge(maze(random_maze(goals + 5, goals=goals), revisit=-0.02))
    population = genomes(one, 30)
    evaluated = one.evaluate(population, seed=0, generation=0)
    environment = GridWorldEnv(parameters=one.problem.parameters)
    for agent, genome in enumerate(population):
        episode = reference.replay_episode(
            one.problem.parameters, one.genome.parameters, genome, seed=0, generation=0, agent=agent
        )
        observation, _ = environment.reset()
        total, over = 0.0, False
        for number, action in enumerate(episode.actions):
            assert np.array_equal(observation, episode.observations[number])
            observation, reward, terminated, truncated, information = environment.step(action)
            total, over = total + reward, terminated or truncated
            assert information["position"] == episode.positions[number + 1]
        assert over
        assert (total, len(episode.actions)) == (evaluated.fitness[agent], evaluated.steps[agent])


def test_the_small_map_is_the_default() -> None:
    assert GridWorldEnv().parameters.rows == SMALL


@pytest.mark.parametrize("action", [9, -1, 2.5])
def test_gymnasiums_environment_refuses_actions_that_there_are_not(action: float) -> None:
    environment = gymnasium.make("GridWorld-v0", rows=["S.G"], max_steps=5).unwrapped
    environment.reset(seed=0)
    with pytest.raises(Refused, match="0 to 8"):
        environment.step(action)
