"""A maze is solved by the goals that are reached in each episode, and where actions are drawn in 90 of 100
fresh ones too.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formatting.parse import parse
from processing.core.criterion import Closing, GoalConfirmation, GoalsReached, Solution
from processing.core.environments.maze import grid_world
from processing.core.genomes.dense import Output
from processing.core.judges.episodes import Episodes
from processing.core.judges.novelty import Novelty, NoveltyParameters
from processing.core.limits import Limits
from processing.core.reference import maze as reference
from processing.core.search.checkpoint import pack, unpack
from processing.core.search.generation import GenerationResult
from processing.core.search.plan import Plan, plan_of
from processing.core.search.stop import StopParameters
from processing.core.types import Evaluations, Float32Array, Population, Purpose, StopReason
from staging.stage import stage
from tests.core.mazes import genomes, judge, maze, random_maze
from tests.core.searches import run

CASES = Path(__file__).parents[1] / "cases"


def asking(one: Episodes, goals: int) -> Episodes:
    """The same judge of a maze of which so many goals are asked for."""
    parameters = one.problem.parameters.model_copy(update={"goals": goals})
    return type(one)(grid_world.GridWorld(parameters), one.genome)


def reached_by_hand(
    one: Episodes, population: Float32Array, purpose: Purpose = Purpose.EPISODE
) -> list[list[int]]:
    """Goals collected in each episode of each agent, by the reference."""
    maze, network = one.problem.parameters, one.genome.parameters
    return [
        [
            reference.goals_reached(maze, reference.replay_episode(
                maze, network, genome, seed=9, generation=2, agent=agent, episode=episode, purpose=purpose,
            ))
            for episode in range(maze.episodes)
        ]
        for agent, genome in enumerate(population)
    ]


def assert_agreement(one: Episodes, population: Float32Array) -> None:
    by_hand = np.array(reached_by_hand(one, population))
    *_, ends = one.rollouts(population, seed=9, generation=2)
    assert ends[..., 1].tolist() == by_hand.tolist()
    for asked in range(1, len(one.problem.goals) + 1):
        found = asking(one, asked).evaluate(population, seed=9, generation=2).solved
        assert found is not None
        assert found.tolist() == (by_hand >= asked).all(axis=1).astype(int).tolist()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(1, 3), st.sampled_from(list(Output)))
def test_kernel_and_reference_agree_who_has_solved_a_maze(
    seed: int, goals: int, episodes: int, output: Output
) -> None:
    rows = random_maze(seed, goals=goals, height=3 + seed % 4, width=4 + seed % 5)
    one = asking(judge(maze(rows, max_steps=20, episodes=episodes), hidden=(5,), output=output), 1)
    assert_agreement(one, genomes(one, 12, seed=seed % 1000))


def test_they_agree_where_what_is_seen_is_in_no_table() -> None:
    rows = random_maze(4, goals=60)
    one = asking(judge(maze(rows, max_steps=30), output=Output.SOFTMAX), 1)
    assert one.problem.world.views.size == 0
    assert max(map(max, reached_by_hand(one, genomes(one, 20)))) > 3
    assert_agreement(one, genomes(one, 20))


def test_some_solve_and_some_do_not_and_every_episode_counts() -> None:
    rows = (".....", ".GGG.", ".GSG.", ".GGG.", ".....")
    one = asking(judge(maze(rows, max_steps=12, episodes=3), output=Output.SOFTMAX), 2)
    population = genomes(one, 60)
    solved = one.evaluate(population, seed=9, generation=2).solved
    by_hand = reached_by_hand(one, population)
    assert solved is not None
    assert 0 < solved.sum() < 60
    assert any(max(each) >= 2 and not flag for each, flag in zip(by_hand, solved, strict=True))


def test_counting_goals_changes_neither_fitness_nor_behaviour_nor_what_threads_and_slices_find() -> None:
    plain = judge(maze(random_maze(3, goals=2), episodes=2), output=Output.SOFTMAX)
    population, counting = genomes(plain, 101), asking(plain, 1)
    whole = counting.evaluate(population, seed=9, generation=2)
    assert plain.evaluate(population, seed=9, generation=2).solved is None
    assert np.array_equal(plain.evaluate(population, seed=9, generation=2).fitness, whole.fitness)
    assert whole.solved is not None
    together = counting.evaluate(population, seed=9, generation=2, threads=3).solved
    parts = [
        counting.evaluate(population, seed=9, generation=2, first=a, last=b).solved
        for a, b in ((0, 40), (40, 101))
    ]
    assert np.array_equal(whole.solved, together)
    assert np.array_equal(whole.solved, np.concatenate(parts))
    novel = [Novelty(each.problem, each.genome, NoveltyParameters()) for each in (plain, counting)]
    ends = [each.evaluate(population, seed=9, generation=2).behaviours for each in novel]
    assert np.array_equal(*ends)


def test_an_agent_without_a_fitness_has_solved_nothing() -> None:
    rich = maze(("SG",), max_steps=2).model_copy(update={"goals": 1})
    rich = rich.model_copy(update={"rewards": rich.rewards.model_copy(update={"goal": float("inf")})})
    one = judge(rich)
    right = np.zeros((1, one.genome.number_of_weights), np.float32)
    right[0, -4] = 1
    found = one.evaluate(right, seed=1, generation=0)
    assert found.solved is not None
    assert (np.isnan(found.fitness[0]), found.solved[0]) == (True, 0)


def plan(*rows: str, goals: int, **given: Any) -> Plan:
    """A plan whose networks have no hidden layer."""
    output = Output(given.pop("output", "argmax"))
    one = asking(judge(maze(rows, **given), hidden=(), output=output), goals)
    return Plan(
        problem=one.problem, genome=one.genome, judge=one, strategy=None,
        stop=StopParameters(max_generations=1, solved=True),
    )


def walker(one: Plan, **preferences: float) -> Float32Array:
    """A genome that moves as it likes, whatever it sees."""
    genome = np.zeros(one.genome.number_of_weights, np.float32)
    for name, preference in preferences.items():
        genome[-9 + {"left": 3, "stay": 4, "right": 5}[name]] = preference
    return genome


def population_of(*rows: Float32Array) -> Population:
    count = len(rows)
    return Population(
        genomes=np.stack(rows), operators=np.zeros(count, np.uint8), mothers=np.full(count, -1, np.int32),
        fathers=np.full(count, -1, np.int32), ages=np.zeros(count, np.uint16),
    )


def solution(one: Plan, population: Population, evaluations: Evaluations | None = None) -> Solution:
    found = evaluations or one.judge.evaluate(population.genomes, seed=3, generation=1)
    criterion: GoalsReached = one.problem.criterion
    return criterion.winner(one.judge, population, found, candidate=None, closing=Closing(3, 1))


def winner(one: Plan, population: Population, evaluations: Evaluations | None = None) -> int | None:
    return solution(one, population, evaluations).agent


def test_the_fittest_of_those_that_solve_it_wins_and_the_first_of_equals() -> None:
    one = plan("G.S..G....", goals=1, max_steps=4)
    left, right, idle = walker(one, left=1), walker(one, right=1), walker(one, stay=1)
    assert winner(one, population_of(idle, left, right, right)) == 2  # it saw two open cells before its goal
    assert winner(one, population_of(idle, idle)) is None


def test_an_agent_that_is_fitter_without_the_goals_does_not_win() -> None:
    one = plan("....S.GG..", goals=2, max_steps=9)
    evaluations = one.judge.evaluate(
        np.stack([walker(one, left=1), walker(one, right=1)]), seed=3, generation=1
    )
    assert evaluations.solved is not None
    assert evaluations.solved.tolist() == [0, 1]
    richer = replace(evaluations, fitness=np.array([99.0, 3.0]))
    assert winner(one, population_of(walker(one, left=1), walker(one, right=1)), richer) == 1


def test_where_nothing_is_drawn_nothing_is_confirmed() -> None:
    one = plan("S.G", goals=1, max_steps=4)
    assert solution(one, population_of(walker(one, right=1))) == Solution(0)


@pytest.mark.parametrize("episodes", [1, 3, 100, 150])
def test_where_actions_are_drawn_90_of_100_fresh_episodes_decide(episodes: int) -> None:
    one = plan("S...G", goals=1, max_steps=6, output="softmax")
    several = plan("S...G", goals=1, max_steps=6, output="softmax", episodes=episodes)
    passed = []
    for eagerness in np.linspace(3.5, 6, 11):
        genome = walker(one, right=float(eagerness))
        copies = np.repeat(genome[None], -(-100 // episodes), axis=0)
        *_, ends = several.judge.rollouts(copies, seed=3, generation=1, purpose=Purpose.CONFIRMATION)
        expected = int((ends[..., 1].reshape(-1)[:100] >= 1).sum())
        found = several.judge.confirm_goals(np.stack([genome, genome]), 1, 1, Closing(3, 1)).confirmation
        assert found == GoalConfirmation(agent=1, episodes=100, reached=expected, asked=90, goals=1)
        assert found.is_passed is (expected >= 90)
        passed.append(found.is_passed)
    assert set(passed) == {True, False}


def test_luck_in_its_own_episodes_does_not_solve_a_maze() -> None:
    one = plan("S..G", goals=1, max_steps=6, output="softmax")
    crowd = population_of(*[walker(one, right=1)] * 200)
    evaluations = one.judge.evaluate(crowd.genomes, seed=3, generation=1)
    assert evaluations.solved is not None
    assert evaluations.solved.any()
    agent, (confirmation, _) = solution(one, crowd, evaluations)
    assert agent is None
    assert isinstance(confirmation, GoalConfirmation)
    assert confirmation.reached < 90


def staged(**changes: Any) -> Plan:
    document: dict[str, Any] = {
        "version": 1, "kind": "weight_evolution", "name": "test", "network": {"hidden": [6]},
        "environment": {
            "type": "maze", "rows": ["S.#..", "..#.G", ".....", ".##..", "G...."], "max_steps": 20
        },
        "strategy": {"type": "genetic", "population_size": 60},
        "stop": {"max_generations": 40, "solved": True},
    }
    item = stage(parse(json.dumps(document | changes)), Limits())
    return plan_of(item.spec, item.facts)


@pytest.mark.parametrize("changes", [
    {}, {"novelty": {"k": 3, "weight": 0.5}},
    {"kind": "neat", "network": {}, "strategy": {"type": "neat", "population_size": 60}},
], ids=["weights", "novelty", "neat"])
def test_a_run_ends_in_the_first_generation_in_which_a_maze_is_solved(changes: dict[str, Any]) -> None:
    environment = {"type": "maze", "rows": ["S....G"], "max_steps": 20}
    one = staged(environment=environment, **changes)
    *before, last = run(one, seed=2, slices=3)
    assert last.stop == StopReason.FITNESS_REACHED
    assert last.evaluations.solved is not None
    assert last.champion is not None
    assert last.evaluations.solved[last.champion]
    assert all(each.evaluations.solved is not None and not each.evaluations.solved.any() for each in before)


def reached_in(one: Plan, closed: GenerationResult, *, seed: int) -> int:
    """How many agents of a generation reached a goal, by the reference."""
    trajectories = [
        one.judge.replays.episode(
            one.genome.pack(genome[None]), seed=seed, generation=closed.number, agent=agent
        )
        for agent, genome in enumerate(closed.population.genomes)
    ]
    return sum(reference.goals_reached(one.problem.parameters, each) > 0 for each in trajectories)


def test_the_corridor_is_solved_when_its_goal_is_reached_and_not_before() -> None:
    item = stage(parse((CASES / "maze_corridor.json").read_bytes()), Limits())
    assert (item.spec["environment"]["goals"], item.warnings) == (1, ())
    one = plan_of(item.spec)
    for seed in range(1, 6):
        *before, last = run(one, seed=seed)
        assert last.stop == StopReason.FITNESS_REACHED
        assert last.champion is not None
        genome = one.genome.pack(last.population.genomes[last.champion : last.champion + 1])
        episode = one.judge.replays.episode(genome, seed=seed, generation=last.number, agent=last.champion)
        assert reference.goals_reached(one.problem.parameters, episode) == 1
        for each in before:
            assert not reached_in(one, each, seed=seed)


def test_a_maze_whose_fitness_walking_reaches_is_not_solved_by_walking() -> None:
    rows = ["S" + "." * 24, "." * 25, "#" * 24 + ".", "G" + "." * 24]
    environment = {"type": "maze", "rows": rows, "max_steps": 30}
    by_fitness = staged(environment=environment, stop={"max_generations": 30, "fitness": 3.0})
    by_goals = staged(
        environment=environment | {"max_steps": 60}, stop={"max_generations": 3, "solved": True}
    )
    *_, last = run(by_fitness, seed=1)
    assert last.stop == StopReason.FITNESS_REACHED
    assert last.evaluations.solved is not None
    assert not last.evaluations.solved.any()
    *_, last = run(by_goals, seed=1)
    assert last.stop == StopReason.GENERATION_LIMIT


def test_a_stored_document_without_the_number_of_goals_goes_on_as_it_began() -> None:
    document = {
        "version": 1, "kind": "weight_evolution", "name": "test", "network": {"hidden": [6]},
        "environment": {"type": "maze", "rows": ["S..G"], "max_steps": 20},
        "strategy": {"type": "genetic", "population_size": 60},
        "stop": {"max_generations": 6, "solved": True},
    }
    spec = stage(parse(json.dumps(document)), Limits()).spec
    stored = spec | {
        "environment": {name: value for name, value in spec["environment"].items() if name != "goals"}
    }
    older, newer = plan_of(stored), plan_of(spec)
    assert older.problem.criterion is None
    whole = list(run(older, seed=4))
    assert [each.stop for each in whole] == [None] * 5 + [StopReason.GENERATION_LIMIT]
    until_solved = [each.checkpoint.digest for each in run(newer, seed=4)]
    assert len(until_solved) < 6
    assert until_solved == [each.checkpoint.digest for each in whole][: len(until_solved)]
    start = unpack(pack(whole[2].checkpoint, older.genome), older.genome)
    assert [each.checkpoint.digest for each in run(older, seed=4, start=start)] == [
        each.checkpoint.digest for each in whole[3:]
    ]
