"""What the examples promise to those who run them."""

import numpy as np
import pytest

from processing.core.generation import Closed
from processing.core.plan import Plan
from processing.core.types import StopReason
from tests.core.searches import EXAMPLES, example, run

SEEDS = range(1, 11)
#: Examples whose environment says when it is solved; the others of them take minutes.
SOLVED = (
    "acrobot-weights", "cartpole-neat", "double-pole-neat", "frozenlake-weights", "mountaincar-continuous-cma", "xor-neat",
)
DEFAULT = {"strategy": {"type": "rising_threshold"}}


def histories(plan: Plan) -> list[list[Closed]]:
    """A run for each of the seeds."""
    return [list(run(plan, seed=seed)) for seed in SEEDS]


def goals(plan: Plan, history: list[Closed], seed: int) -> int:
    """How many goals the champion of a run collects."""
    best = [one for one in history if one.is_improved][-1]
    genome = plan.genome.pack(plan.genome.take(best.population.genomes, np.array([best.champion], np.int32)))
    life = plan.replay(genome, seed=seed, generation=best.number, agent=best.champion)
    assert life.total == best.checkpoint.best_fitness
    return life.rewards.count(plan.environment.parameters.rewards.goal)


def reached(found: list[list[Closed]]) -> int:
    return sum(history[-1].stop == StopReason.FITNESS_REACHED for history in found)


def test_maze_20x20_improves_for_ten_generations_and_reaches_its_goal() -> None:
    plan = example("maze-20x20")
    found = histories(plan)
    assert reached(found) >= 9
    assert sum(len(history) >= 10 for history in found) >= 9
    for seed, history in zip(SEEDS, found, strict=True):
        best = [one.checkpoint.best_fitness or 0.0 for one in history]
        assert best[-1] > 2 * best[0]
        assert sum(one.is_improved for one in history) >= 5
        assert goals(plan, history, seed) >= 5


def test_maze_5x5_reaches_both_goals() -> None:
    plan = example("maze-5x5")
    assert plan.stop.fitness == 6.0
    found = histories(plan)
    assert reached(found) >= 9
    for seed, history in zip(SEEDS, found, strict=True):
        if history[-1].stop == StopReason.FITNESS_REACHED:
            assert goals(plan, history, seed) == 2


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
