import json
from typing import Any

import numpy as np
import pytest

from processing.core.genomes.dense import Dense, DenseParameters
from processing.core.strategies.genetic import Genetic
from processing.core.strategies.strategy import model_of
from processing.core.types import Float64Array, StopReason

KIND = Dense(DenseParameters(hidden=(2,)), inputs=3, outputs=2)
SIZE = 6_000


def strategy(**parameters: Any) -> Genetic:
    model = model_of(Genetic, Dense)
    return Genetic(model.model_validate_json(json.dumps({"type": "genetic"} | parameters)), KIND)


def mothers(fitness: list[float], **parameters: Any) -> Float64Array:
    """The share of children that each of the first agents mothers; the others have failed."""
    one = strategy(population_size=SIZE, elites=0, **parameters)
    population = one.ask(one.begin(), seed=1, generation=0)
    values = np.full(SIZE, np.nan)
    values[: len(fitness)] = fitness
    state, verdict = one.tell(one.begin(), population, values, generation=0)
    assert verdict.stop is None
    return np.bincount(one.ask(state, seed=1, generation=1).mothers, minlength=len(fitness)) / SIZE


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"selection": "truncation", "parents": 2}, [0.0, 0.5, 0.5]),
        ({"selection": "truncation", "parents": 9}, [1 / 3, 1 / 3, 1 / 3]),
        ({"selection": "rank"}, [2 / 11, 6 / 11, 3 / 11]),
        ({"selection": "roulette"}, [0.0, 0.75, 0.25]),
        ({"selection": "tournament", "tournament_size": 1}, [1 / 3, 1 / 3, 1 / 3]),
        ({"selection": "tournament", "tournament_size": 2}, [1 / 9, 5 / 9, 3 / 9]),
    ],
)
def test_each_selection_has_its_odds(parameters: dict[str, Any], expected: list[float]) -> None:
    assert mothers([-1.0, 2.0, 0.0], **parameters) == pytest.approx(expected, abs=0.03)


def test_a_roulette_of_equals_is_even() -> None:
    assert mothers([2.0, 2.0], selection="roulette") == pytest.approx([0.5, 0.5], abs=0.03)


def test_the_search_dies_out_where_no_agent_has_a_fitness() -> None:
    one = strategy(population_size=4)
    population = one.ask(one.begin(), seed=1, generation=0)
    _, verdict = one.tell(one.begin(), population, np.full(4, np.nan), generation=0)
    assert verdict.stop == StopReason.EXTINCTION


def test_truncation_remembers_its_parents_only() -> None:
    one = strategy(population_size=50, parents=7, elites=2)
    population = one.ask(one.begin(), seed=1, generation=0)
    state, _ = one.tell(one.begin(), population, np.arange(50.0), generation=0)
    assert state["indices"].tolist() == [49, 48, 47, 46, 45, 44, 43]
    assert np.array_equal(state["pool"], population.genomes[state["indices"]])
