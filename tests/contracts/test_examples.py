"""What the examples promise to those who run them."""

import numpy as np
import pytest

from processing.core.reference.maze import goals_reached
from processing.core.search.generation import GenerationResult
from processing.core.search.plan import Plan
from processing.core.types import StopReason
from tests.core.searches import EXAMPLES, example, run

SEEDS = range(1, 11)
#: Examples whose environment says when it is solved; the others of them take minutes.
SOLVED = (
    "acrobot-weights", "cartpole-neat", "double-pole-neat", "frozenlake-weights",
    "mountaincar-continuous-cma", "xor-neat",
)
DEFAULT = {"strategy": {"type": "rising_threshold"}}


def histories(plan: Plan) -> list[list[GenerationResult]]:
    """A run for each of the seeds."""
    return [list(run(plan, seed=seed)) for seed in SEEDS]


def goals(plan: Plan, history: list[GenerationResult], seed: int, *, episode: int = 0) -> int:
    """How many goals the champion of a run collects in an episode."""
    best = [one for one in history if one.is_improved][-1]
    assert best.champion is not None
    genome = plan.genome.pack(plan.genome.take(best.population.genomes, np.array([best.champion], np.int32)))
    episode = plan.judge.replays.episode(
        genome, seed=seed, generation=best.number, agent=best.champion, episode=episode
    )
    return goals_reached(plan.problem.parameters, episode)


def reached(found: list[list[GenerationResult]]) -> int:
    return sum(history[-1].stop == StopReason.FITNESS_REACHED for history in found)


def test_maze_20x20_improves_for_about_ten_generations_and_reaches_seven_goals() -> None:
    plan = example("maze-20x20")
    found = histories(plan)
    assert reached(found) >= 9
    assert sum(map(len, found)) >= 10 * len(found)
    for seed, history in zip(SEEDS, found, strict=True):
        best = [one.checkpoint.best_fitness or 0.0 for one in history]
        assert best[-1] > 2 * best[0]
        assert sum(one.is_improved for one in history) >= 4
        assert goals(plan, history, seed) >= 7
        assert not any(one.evaluations.solved.any() for one in history[:-1])


def test_maze_5x5_reaches_both_goals() -> None:
    plan = example("maze-5x5")
    found = histories(plan)
    assert reached(found) >= 9
    for seed, history in zip(SEEDS, found, strict=True):
        if history[-1].stop == StopReason.FITNESS_REACHED:
            assert goals(plan, history, seed) == 2


def test_maze_four_rooms_reaches_two_goals_in_each_episode_and_in_fresh_ones() -> None:
    plan = example("maze-four-rooms")
    seeds = range(1, 4)
    found = [list(run(plan, seed=seed)) for seed in seeds]
    assert reached(found) == len(found)
    for seed, history in zip(seeds, found, strict=True):
        assert all(goals(plan, history, seed, episode=episode) >= 2 for episode in range(3))
        facts = history[-1].confirmations[-1]
        assert (facts["is_passed"], facts["episodes"], facts["asked"]) == (True, 100, 90)
        assert facts["reached"] >= 90


def test_maze_5x5_ends_where_the_fitness_of_two_goals_ended_it_before() -> None:
    by_fitness = example("maze-5x5", stop={"max_generations": 100, "fitness": 6.0})
    for seed in SEEDS:
        *_, before = run(by_fitness, seed=seed)
        *_, last = run(example("maze-5x5"), seed=seed)
        assert (last.number, last.checkpoint.digest) == (before.number, before.checkpoint.digest)


@pytest.mark.parametrize("name", ["maze-20x20", "maze-5x5"])
def test_the_default_strategy_solves_the_examples(name: str) -> None:
    assert reached(histories(example(name, **DEFAULT))) >= 8


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("maze-*.json")))
def test_every_example_learns(name: str) -> None:
    *_, last = history = list(run(example(name), seed=2))
    first = history[0].statistics
    assert last.statistics["mean"] > 3 * first["mean"]
    assert max(one.statistics["best"] for one in history) > 1.5 * first["best"]


@pytest.mark.parametrize("name", SOLVED)
def test_examples_that_can_be_solved_are(name: str) -> None:
    plan = example(name)
    for seed in (1, 2, 3):
        *_, last = run(plan, seed=seed)
        assert last.stop == StopReason.FITNESS_REACHED
