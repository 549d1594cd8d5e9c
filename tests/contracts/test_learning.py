"""Every way of choosing and varying parents makes the next generations better than the first."""

from itertools import product
from typing import Any

import pytest

from processing.core.genomes.variation import Crossover, Mutation
from processing.core.strategies.genetic import Selection
from processing.core.strategies.rising_threshold import ParentChoice, RiseOver
from tests.core.searches import example, run

#: Single-weight mutation changes so little that its chance must be higher than that of each weight.
CHANCES = {Mutation.GAUSSIAN: 0.02, Mutation.SINGLE_WEIGHT: 0.8}


def improvement(strategy: dict[str, Any], mutation: Mutation) -> tuple[float, float]:
    """How many times better the last generation is than the first: its mean and the best of the run; three
    seeds.
    """
    chance = {"mutation": mutation, "mutation_probability": CHANCES[mutation], "population_size": 300}
    plan = example("maze-5x5", strategy=strategy | chance, stop={"max_generations": 25})
    first = last = begun = best = 0.0
    for seed in (1, 2, 3):
        history = list(run(plan, seed=seed))
        first, last = first + history[0].statistics["mean"], last + history[-1].statistics["mean"]
        begun, best = begun + history[0].statistics["best"], best + (
            history[-1].checkpoint.best_fitness or 0.0
        )
    return last / first, best / begun


@pytest.mark.parametrize(
    ("selection", "crossover", "mutation"), list(product(Selection, Crossover, Mutation))
)
def test_genetic_learns(selection: Selection, crossover: Crossover, mutation: Mutation) -> None:
    strategy = {"type": "genetic", "selection": selection, "crossover": crossover, "elites": 2}
    mean, best = improvement(strategy, mutation)
    assert mean > 2
    assert best > 1.1


@pytest.mark.parametrize(
    ("choice", "rise_over", "crossover", "mutation"),
    list(product(ParentChoice, RiseOver, Crossover, Mutation)),
)
def test_rising_threshold_learns(
    choice: ParentChoice, rise_over: RiseOver, crossover: Crossover, mutation: Mutation
) -> None:
    strategy = {
        "type": "rising_threshold", "parent_choice": choice, "rise_over": rise_over, "crossover": crossover
    }
    mean, best = improvement(strategy, mutation)
    assert mean > 2
    assert best > 1.1
