import json
from typing import Any

import numpy as np
import pytest

from processing.core.genomes.dense import Dense, DenseParameters
from processing.core.strategies.rising_threshold import RisingThreshold
from processing.core.strategies.strategy import model_of
from processing.core.types import Float64Array, Operator, Population, State, StopReason, Verdict

KIND = Dense(DenseParameters(hidden=(2,)), inputs=3, outputs=2)
NAN = float("nan")


def strategy(**parameters: Any) -> RisingThreshold:
    values = {"type": "rising_threshold", "population_size": 6, "required_agents": 2, "maximum_failures": 2}
    model = model_of(RisingThreshold, Dense)
    return RisingThreshold(model.model_validate_json(json.dumps(values | parameters)), KIND)


def told(
    one: RisingThreshold, fitness: list[float], state: State | None = None, generation: int = 0
) -> tuple[State, Verdict, Population]:
    """The state and verdict after a generation of this fitness."""
    population = one.ask(state or one.begin(), seed=1, generation=generation)
    found = one.tell(state or one.begin(), population, np.array(fitness), generation=generation)
    return *found, population


def test_the_first_threshold_is_the_mean_of_generation_0() -> None:
    state, verdict, _ = told(strategy(), [0, 0, 0, 2, 4, NAN])
    assert (verdict.threshold, verdict.viable, verdict.stop) == (1.2, 2, None)
    assert state["indices"].tolist() == [4, 3]


def test_the_first_threshold_can_be_given() -> None:
    _, verdict, _ = told(strategy(initial_threshold=2.0), [0, 0, 0, 2, 4, 4])
    assert (verdict.threshold, verdict.viable) == (2.0, 3)


@pytest.mark.parametrize(
    ("fitness", "parameters", "expected"),
    [
        ([0, 0, 0, 2, 4, 0], {}, 3.0 * 1.1),
        ([0, 0, 0, 2, 4, 0], {"rise": 0.5}, 4.5),
        ([0, 0, 0, 2, 4, 0], {"rise": 0.0}, 3.0),
        ([0, 0, 0, 2, 4, 0], {"rise_over": "generation"}, 1.1),
        ([-9, -9, -9, -2, -4, -9], {}, -3.0 * 0.9),
        ([-3, -3, NAN, 3, 3, NAN], {"rise_over": "generation"}, 0.0),
    ],
)
def test_the_next_threshold_is_the_mean_of_the_viable_and_a_tenth_of_its_absolute_value(
    fitness: list[float], parameters: dict[str, Any], expected: float
) -> None:
    state, _, _ = told(strategy(**parameters), fitness)
    assert state["threshold"] == pytest.approx(expected)


def test_an_agent_that_just_reaches_the_threshold_is_viable() -> None:
    assert told(strategy(initial_threshold=3.0), [3, 3, 2.9, NAN, 0, 0])[1].viable == 2


def test_children_are_bred_from_the_viable_of_the_last_generation_that_passed() -> None:
    one = strategy(population_size=300)
    fitness = [0.0] * 297 + [1, 2, 3]
    state, _, _ = told(one, fitness)
    children = one.ask(state, seed=1, generation=1)
    assert set(children.mothers.tolist()) | set(children.fathers.tolist()) - {-1} <= {297, 298, 299}
    assert Operator.INITIAL not in children.operators


def test_a_failed_generation_is_tried_again_with_fresh_children_of_the_same_parents() -> None:
    one = strategy(maximum_failures=3)
    passed, _, _ = told(one, [0, 0, 0, 2, 4, 0])
    failed, verdict, first = told(one, [9, 0, 0, 0, 0, 0], passed, generation=1)
    assert (verdict.viable, verdict.stop, verdict.figures["failures"]) == (1, None, 1)
    assert (failed["threshold"], failed["failures"], failed["generation"]) == (passed["threshold"], 1, 0)
    again = one.ask(failed, seed=1, generation=2)
    assert not np.array_equal(first.genomes, again.genomes)
    assert set(again.mothers.tolist()) <= {3, 4}
    assert set(again.ages.tolist()) == {2}


def test_too_many_failures_in_a_row_end_the_run() -> None:
    one = strategy(maximum_failures=2)
    state, _, _ = told(one, [0, 0, 0, 2, 4, 0])
    state, verdict, _ = told(one, [0] * 6, state, generation=1)
    assert verdict.stop is None
    state, verdict, _ = told(one, [9] * 6, state, generation=2)
    assert (verdict.stop, state["failures"]) == (None, 0)
    for generation, stop in ((3, None), (4, StopReason.THRESHOLD_MISSED)):
        state, verdict, _ = told(one, [0] * 6, state, generation=generation)
        assert verdict.stop == stop
    assert verdict.figures == {"required_agents": 2, "maximum_failures": 2, "failures": 2}


def test_generation_0_is_random_again_until_one_has_passed() -> None:
    one = strategy(initial_threshold=5.0)
    state, _, first = told(one, [0] * 6)
    second = one.ask(state, seed=1, generation=1)
    assert set(second.operators.tolist()) == {Operator.INITIAL}
    assert not np.array_equal(first.genomes, second.genomes)


def test_when_all_fail_the_first_threshold_waits_for_a_fitness() -> None:
    state, verdict, _ = told(strategy(), [NAN] * 6)
    assert (verdict.threshold, verdict.viable, state["threshold"]) == (None, 0, None)


def shares(fitness: Float64Array, **parameters: Any) -> Float64Array:
    """How often each viable agent is a mother, as a share of all children."""
    one = strategy(population_size=6_000, **parameters)
    population = one.ask(one.begin(), seed=1, generation=0)
    state, _ = one.tell(one.begin(), population, fitness, generation=0)
    mothers = one.ask(state, seed=1, generation=1).mothers
    return np.bincount(mothers, minlength=3)[:3] / 6_000


def test_parents_are_drawn_by_rank_or_evenly() -> None:
    fitness = np.concatenate([[1.0, 3.0, 2.0], np.zeros(5_997)])
    assert shares(fitness, parent_choice="rank") == pytest.approx(np.array([2, 6, 3]) / 11, abs=0.03)
    assert shares(fitness, parent_choice="uniform") == pytest.approx([1 / 3] * 3, abs=0.03)
