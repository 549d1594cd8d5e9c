"""What right answers are, how errors become fitness, and what outputs stand for: the kernel beside a readable
reference.

The reference takes the answers that are computed by hand, row by row, and shares no code with the kernel.
"""

import json
import math
from functools import cache
from typing import Any

import numpy as np
import pytest

from processing.core.environments.table import Table, TableParameters
from processing.core.environments.table_columns import columns_of
from processing.core.errors import Refused
from processing.core.genomes.dense import Dense, DenseParameters
from processing.core.genomes.graph import Activation, Graph, GraphParameters
from processing.core.judges.table import Tables
from processing.core.types import Evaluations, Failure
from tests.core.networks_by_hand import Genome, Link, answers, graphs_of, random_genome

#: Tables of one kind of columns each: two values, more, one, and classes.
TARGETS: dict[str, list[list[float]]] = {
    "two values": [[0.2, 3], [0.6, -1], [0.2, -1], [0.6, 3]],
    "more values": [[0.1, 2], [0.4, 4], [0.9, 3], [0.2, 2]],
    "one value": [[0.5, 0.1], [0.5, 0.4], [0.5, 0.4], [0.5, 0.9]], "only one value": [[0.7, 0.3]] * 4,
    "classes": [[1, 0], [0, 1], [0, 1], [1, 0]], "tiny": [[1e-320, 0], [0, 5e-324], [0, 0], [0, 5e-324]],
}
FITNESSES = (
    "negative_normalized_squared_error", "negative_mean_squared_error", "negative_mean_absolute_error",
    "squared_remainder",
)
ROWS = [[0.3, -1.2], [1.5, 0.4], [-0.7, 0.9], [0.1, 0.2]]


def table(targets: list[list[float]], **changes: Any) -> Table:
    given = {"type": "table", "inputs": (ROWS * 3)[: len(targets)], "targets": targets} | changes
    return Table(TableParameters.model_validate_json(json.dumps(given)))


def evaluated(environment: Table, kind: Any, genomes: Any, **changes: Any) -> Evaluations:
    return Tables(environment, kind).evaluate(genomes, **{"seed": 1, "generation": 0, **changes})


def spans(targets: list[list[float]]) -> list[float]:
    own = [max(column) - min(column) for column in zip(*targets, strict=True)]
    return [each or max(own) or 1.0 for each in own]


def in_columns(outputs: Any, environment: Table, activation: Activation) -> list[list[float]]:
    """The answers that outputs stand for."""
    rows = [[float(value) for value in row] for row in outputs]
    if environment.parameters.scaling != "by_column":
        return rows
    targets = [list(row) for row in environment.parameters.targets]
    found = []
    for row in rows:
        answer = []
        for value, column, span in zip(row, zip(*targets, strict=True), spans(targets), strict=True):
            low = min(column) if len(set(column)) > 1 else column[0] - span / 2
            if activation in (Activation.TANH, Activation.IDENTITY):
                answer.append((min(column) + max(column)) / 2 + span / 2 * value)
            else:
                answer.append(low + span * value)
        found.append(answer)
    return found


def is_solved(rows: list[list[float]], environment: Table) -> bool:
    """Whether all answers are right."""
    given, targets = environment.parameters, [list(row) for row in environment.parameters.targets]
    share = 0.05 if given.tolerance is None else given.tolerance
    everything = [value for row in targets for value in row]
    is_unit = min(everything) >= 0 and max(everything) <= 1
    for answer, target in zip(rows, targets, strict=True):
        if given.criterion == "largest_output":
            place = target.index(max(target))
            if any(value >= answer[place] for k, value in enumerate(answer) if k != place):
                return False
            continue
        for k, (value, wanted) in enumerate(zip(answer, target, strict=True)):
            column = [row[k] for row in targets]
            by_side = (
                given.criterion in (None, "sides")
                or (given.criterion == "by_column" and len(set(column)) == 2)
            )
            if by_side:
                middle = (min(column) + max(column)) / 2
                if given.criterion != "by_column":
                    middle = 0.5 if is_unit else (min(everything) + max(everything)) / 2
                is_right = value > middle if wanted > middle else value < middle
            else:
                is_right = abs(value - wanted) <= share * spans(targets)[k]
            if not is_right:
                return False
    return True


def fitness(rows: list[list[float]], environment: Table) -> float:
    """What errors come to; NaN where an answer is not finite."""
    targets = [list(row) for row in environment.parameters.targets]
    number, size, square, hits = sum(map(len, targets)), 0.0, 0.0, 0
    is_normalized = environment.parameters.fitness == "negative_normalized_squared_error"
    units = spans(targets) if is_normalized else [math.inf] * len(targets[0])
    for answer, target in zip(rows, targets, strict=True):
        for value, wanted, unit in zip(answer, target, units, strict=True):
            size += abs(value - wanted)
            with np.errstate(all="ignore"):
                error = (
                    min(float(np.float64(abs(value - wanted)) / unit), 1e30)
                    if is_normalized else value - wanted
                )
            square += error * error
        place = target.index(max(target))
        hits += all(value < answer[place] for k, value in enumerate(answer) if k != place)
    if not math.isfinite(size):
        return math.nan
    remainder = max(0.0, number - size)
    return {
        "negative_normalized_squared_error": -square / number,
        "negative_mean_squared_error": -square / number,
        "negative_mean_absolute_error": -size / number, "squared_remainder": remainder * remainder,
        "accuracy": hits / len(targets),
    }[environment.parameters.fitness or "squared_remainder"]


def kind_of(outputs: int, activation: Activation, passes: int | None) -> Graph:
    parameters = GraphParameters(output_activation=activation, activations_per_step=passes)
    return Graph(parameters, inputs=2, outputs=outputs)


@cache
def answered(
    inputs: tuple[tuple[float, ...], ...], outputs: int, activation: Activation, tries: int,
    passes: int | None,
) -> tuple[list[Genome], list[list[Any]]]:
    """Random networks, and what each answers to each row; the same for each rule that judges them."""
    kind, numbers = kind_of(outputs, activation, passes), np.random.default_rng(7)
    drawn = [random_genome(kind, numbers, hidden=n % 3, links=2 * (n % 4)) for n in range(tries)]
    rows = [np.array([row], np.float32) for row in inputs]
    return drawn, [[answers(kind, genome, row)[0] for row in rows] for genome in drawn]


def assert_as_by_hand(
    environment: Table, activation: Activation, *, tries: int = 18, passes: int | None = None
) -> int:
    """The kernel agrees with the reference about random networks; how many of these solve the table."""
    kind = kind_of(environment.outputs, activation, passes)
    drawn, by_hand = answered(environment.parameters.inputs, environment.outputs, activation, tries, passes)
    found = evaluated(environment, kind, graphs_of(drawn), threads=2)
    assert found.solved is not None
    solved = 0
    for agent, outputs in enumerate(by_hand):
        rows = in_columns(outputs, environment, activation)
        wanted = fitness(rows, environment)
        assert found.fitness[agent] == wanted or (math.isnan(wanted) and math.isnan(found.fitness[agent]))
        assert bool(found.solved[agent]) == (is_solved(rows, environment) and math.isfinite(wanted))
        solved += int(found.solved[agent])
    return solved


@pytest.mark.parametrize("scaling", ["none", "by_column"])
@pytest.mark.parametrize(
    "activation", [Activation.STEEP_SIGMOID, Activation.TANH, Activation.IDENTITY, Activation.RELU]
)
@pytest.mark.parametrize("name", TARGETS)
def test_every_rule_and_fitness_is_that_of_the_reference(
    name: str, activation: Activation, scaling: str
) -> None:
    criteria = ["by_column", "tolerance", "sides", None, *(["largest_output"] if name == "classes" else [])]
    fitnesses = [*FITNESSES, *(["accuracy"] if name == "classes" else [])]
    for number, criterion in enumerate(criteria):
        environment = table(
            TARGETS[name], criterion=criterion, fitness=fitnesses[number % len(fitnesses)], scaling=scaling,
            tolerance=0.4
        )
        assert_as_by_hand(environment, activation)


@pytest.mark.parametrize("rows", [1, 5, 17])
def test_networks_that_remember_are_held_to_the_same_rules(rows: int) -> None:
    numbers = np.random.default_rng(3)
    targets, inputs = numbers.random((rows, 3)).tolist(), numbers.normal(0, 1, (rows, 2)).tolist()
    environment = table(
        targets, inputs=inputs, criterion="by_column", fitness=FITNESSES[0], scaling="by_column"
    )
    assert_as_by_hand(environment, Activation.TANH, passes=2)


def test_some_random_networks_solve_small_tables_by_each_rule() -> None:
    def solved(targets: list[list[float]], **changes: Any) -> int:
        return assert_as_by_hand(table(targets, **changes), Activation.TANH, tries=120)

    assert 0 < solved([[0.1, 0.4]], criterion="tolerance", tolerance=0.49) < 120
    assert 0 < solved([[0.3], [0.1]], criterion="by_column") < 120
    assert 0 < solved([[1, 0], [0, 1]], criterion="largest_output", fitness="accuracy") < 120


#: One input of 1: the output is the weight.
LINE = Dense(DenseParameters(hidden=(), bias=False), inputs=1, outputs=2)


def judged(
    targets: list[list[float]], outputs: list[list[float]], **changes: Any
) -> tuple[list[bool], list[float]]:
    """Which of the networks that answer so in each row solve the table, and their fitness."""
    environment = table(targets, inputs=[[1]] * len(targets), **changes)
    found = evaluated(environment, LINE, np.array(outputs, np.float32))
    assert found.solved is not None
    return [bool(each) for each in found.solved], found.fitness.tolist()


def test_a_column_of_two_values_has_a_middle_of_its_own() -> None:
    targets, outputs = [[10, 3], [10, 5]], [[9.6, 3.95], [9.9, 4.05]]
    assert judged(
        targets[:1], outputs, criterion="by_column"
    )[0] == [False, False], "one value: within 0.05 of it"
    assert judged([[10, 5]], [[10.01, 4.96], [10.01, 4.94]], criterion="by_column")[0] == [True, False]
    both = [[10, 3], [20, 3]]
    assert judged(both, [[14, 3]], criterion="by_column")[0] == [False]
    assert judged([[2, 3], [2, 5]], [[2.09, 4.0]], criterion="by_column")[0] == [False], "4 lies on no side"


def test_a_column_of_one_value_has_the_largest_span_of_the_others() -> None:
    assert columns_of(np.array([[1.0, 2, 7], [3, 9, 7]])).spans.tolist() == [2, 7, 7]
    assert columns_of(np.array([[4.0]])).spans.tolist() == [1]


def test_equal_outputs_choose_nothing() -> None:
    targets = [[1.0, 0.0]]
    for changes in ({"criterion": "largest_output"}, {"criterion": "largest_output", "fitness": "accuracy"}):
        solved, found = judged(targets, [[3, 3], [3, 2.9], [2, 3], [-1, -2]], **changes)
        assert solved == [False, True, False, True]
    assert found == [0, 1, 0, 1]


def test_accuracy_is_the_share_of_the_rows_whose_largest_answer_is_right() -> None:
    targets = [[1.0, 0.0], [1, 0], [0, 1]]
    assert judged(targets, [[2, 1], [1, 2], [1, 1]], fitness="accuracy")[1] == [2 / 3, 1 / 3, 0]
    assert table(targets, fitness="accuracy").best_possible() == 1


def test_errors_count_in_spans_of_their_column() -> None:
    targets = [[10.0, 0.1], [30, 0.3]]
    name = "negative_normalized_squared_error"
    assert judged(targets, [[20, 0.2], [30, 0.3]], fitness=name)[1] == pytest.approx([-0.25, -0.5])
    assert table(targets, fitness=name).best_possible() == 0


def test_errors_that_are_very_many_spans_can_still_be_added_up() -> None:
    name = "negative_normalized_squared_error"
    (far,) = judged([[0.0, 0.0], [5e-324, 5e-324]], [[3e38, -3e38]], fitness=name)[1]
    assert far == pytest.approx(-1e60)
    assert judged([[1e30, -1e30], [-1e30, 1e30]], [[1e30, 1e30]], fitness=name)[1] == pytest.approx([-0.5])


def test_an_agent_that_answers_no_numbers_solves_nothing_by_any_rule() -> None:
    for changes in (
        {"fitness": "accuracy", "criterion": "largest_output"},
        {"fitness": "negative_normalized_squared_error"},
        {"fitness": "negative_mean_squared_error", "criterion": "sides"},
    ):
        environment = table([[1, 0]], inputs=[[1]], **changes)
        kind = Graph(GraphParameters(output_activation=Activation.IDENTITY, bias=None), inputs=1, outputs=2)
        lost = Genome((Link(0, 1, math.inf), Link(0, 2, -1.0)), {})
        found = evaluated(environment, kind, graphs_of([lost]))
        assert found.solved is not None
        assert (found.solved.tolist(), found.failures.tolist()) == ([0], [Failure.NON_FINITE_FITNESS])


def test_large_numbers_a_small_span_apart_are_answered_to_the_last_digit() -> None:
    targets = [[1_700_000_000.0, 0.0], [1_700_000_001.0, 1.0]]
    environment = table(targets, inputs=[[-1], [1]], scaling="by_column", criterion="tolerance")
    found = Tables(environment, LINE).answers(np.array([[1, 1]], np.float32))
    assert found.tolist() == [targets]
    assert judged(targets[:1], [[0, 0]], scaling="by_column", criterion="tolerance")[0] == [True]


def test_columns_that_outputs_fill_are_answered_as_they_are() -> None:
    for targets, activation in (
        ([[0, 1], [1, 0]], "sigmoid"), ([[-1, 1], [1, -1]], "tanh"), ([[-1, 1], [1, -1]], "identity")
    ):
        kind = Graph(GraphParameters(output_activation=Activation(activation)), inputs=2, outputs=2)
        scaling = table(targets, scaling="by_column").scaling(kind)
        assert scaling is not None
        assert [each.tolist() for each in scaling] == [[0, 0], [1, 1]]


@pytest.mark.parametrize(("changes", "message"), [
    (
        {"fitness": "accuracy"},
        "environment.fitness: expected targets with one 1 and else 0 in each row, got others in row 1"
    ),
    (
        {"criterion": "largest_output"},
        "environment.criterion: expected targets with one largest target in each row"
    ),
    (
        {"criterion": "largest_output", "targets": [[1], [0]]},
        "environment.criterion: expected two or more columns of targets"
    ),
])
def test_targets_that_name_no_answer_are_refused_where_answers_are_compared(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(Refused, match=message):
        table(**{"targets": [[0, 1], [1, 1]]} | changes)
