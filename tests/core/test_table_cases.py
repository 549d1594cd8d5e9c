"""Tables that users had trouble with: what is called solved is, and searches get somewhere by themselves."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from formatting.parse import parse
from processing.core.judges.table import Tables
from processing.core.limits import Limits
from processing.core.search.generation import GenerationResult
from processing.core.search.plan import Plan, plan_of
from processing.core.types import StopReason
from staging.stage import stage
from tests.core.searches import run

CASES = Path(__file__).parents[1] / "cases"
#: XOR of -1 and 1, for outputs from -1 to 1.
SYMMETRIC_XOR: dict[str, Any] = {
    "version": 1, "kind": "neat", "name": "xor of -1 and 1", "network": {"output_activation": "tanh"},
    "environment": {
        "type": "table", "inputs": [[-1, -1], [-1, 1], [1, -1], [1, 1]], "targets": [[-1], [1], [1], [-1]]
    },
    "stop": {"max_generations": 100, "solved": True},
}
#: How many seeds of it are tried here; of 20, 20 were solved in at most 67 generations when the fitness was
#: chosen.
SEEDS = 10


def case(name: str, **changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((CASES / f"{name}.json").read_text())
    return document | changes


def plan(document: dict[str, Any]) -> Plan:
    return plan_of(stage(parse(json.dumps(document)), Limits()).spec)


def largest_errors(a_plan: Plan, closed: GenerationResult, agent: int) -> Any:
    """The largest error in each column, of an agent of a generation."""
    genome = a_plan.genome.take(closed.population.genomes, np.array([agent], np.int32))
    return np.abs(
        Tables(a_plan.problem, a_plan.genome).answers(genome)[0] - a_plan.problem.targets
    ).max(axis=0)


def test_a_sine_of_which_the_signs_alone_are_right_is_not_solved() -> None:
    document = case("table_sine_nmse")
    *_, last = run(plan(document), seed=document["seed"])
    assert (last.stop, last.number) == (StopReason.GENERATION_LIMIT, 99)
    assert 0.05 < -(last.checkpoint.best_fitness or 0.0) < 0.143, "it was called solved at 0.143"


@pytest.mark.parametrize("network", [{}, {"output_activation": "identity"}])
def test_a_line_below_half_is_solved_where_every_error_is_within_a_twentieth_of_its_span(
    network: dict[str, Any]
) -> None:
    document = case("table_regress_below_half", network=network)
    line = plan(document)
    history = list(run(line, seed=document["seed"]))
    span = np.ptp(line.problem.targets)
    for closed in history:
        is_last = closed is history[-1] and closed.stop == StopReason.FITNESS_REACHED
        assert closed.champion is not None
        assert is_last == bool((largest_errors(line, closed, closed.champion) <= 0.05 * span).all())
    assert history[0].stop is None, "it was called solved at once"
    assert (
        history[-1].stop == StopReason.FITNESS_REACHED
    ) == bool(network), "the identity makes a line of a line"


@pytest.mark.parametrize("scaling", [None, "none"])
def test_prices_are_learnt_better_than_their_mean_within_fifty_generations(scaling: str | None) -> None:
    document = case("table_default_fitness_price")
    document["environment"] |= {"scaling": scaling}
    prices = plan(document)
    targets = prices.problem.targets
    constant = -float(np.mean(((targets - targets.mean()) / np.ptp(targets)) ** 2))
    for seed in range(10):
        *_, last = run(prices, seed=seed)
        assert (last.checkpoint.best_fitness or -np.inf) > constant


@pytest.mark.parametrize("unit", [2.0**-10, 2.0**10, 2.0**20])
def test_so_are_prices_in_any_currency(unit: float) -> None:
    """A power of two, so that every bit is the same."""
    document = case("table_default_fitness_price", stop={"max_generations": 30})
    document["environment"]["targets"] = [[unit * value] for (value,) in document["environment"]["targets"]]
    ours, theirs = (list(run(plan(each), seed=5)) for each in (document, case("table_default_fitness_price")))
    assert ours[-1].checkpoint.best_fitness == theirs[29].checkpoint.best_fitness


def test_xor_of_minus_one_and_one_is_solved_from_every_seed() -> None:
    xor = plan(SYMMETRIC_XOR)
    for seed in range(1, SEEDS + 1):
        *_, last = run(xor, seed=seed)
        assert last.stop == StopReason.FITNESS_REACHED


def test_a_spec_that_was_stored_before_there_were_these_keys_goes_on_as_it_was() -> None:
    """The fitness stood in it; the names for the rest mean the same."""
    table = {**SYMMETRIC_XOR["environment"], "fitness": "squared_remainder"}
    short = {"max_generations": 12, "solved": True}
    named = SYMMETRIC_XOR | {"stop": short, "environment": table | {"criterion": "sides", "scaling": "none"}}
    stored = stage(parse(json.dumps(named)), Limits()).spec
    older = stored | {"environment": table}
    digests = [
        [closed.checkpoint.digest for closed in run(plan_of(spec), seed=4)] for spec in (stored, older)
    ]
    assert digests[0] == digests[1]


def test_classes_are_solved_where_every_row_has_its_largest_answer_in_the_right_column() -> None:
    document = SYMMETRIC_XOR | {"network": {}}
    inputs = [[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]]
    document["environment"] = {
        "type": "table", "inputs": inputs, "targets": np.eye(3).tolist(), "fitness": "accuracy",
    }
    classes = plan(document)
    *_, last = run(classes, seed=2)
    assert (last.stop, last.checkpoint.best_fitness) == (StopReason.FITNESS_REACHED, 1.0)
    assert last.champion is not None
    genome = classes.genome.take(last.population.genomes, np.array([last.champion], np.int32))
    assert Tables(classes.problem, classes.genome).answers(genome)[0].argmax(axis=1).tolist() == [0, 1, 2]
