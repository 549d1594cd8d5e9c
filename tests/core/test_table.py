"""Tables of inputs and targets, and how networks are scored by them."""

import json
import math
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from processing.core.criterion import Closing, Solution
from processing.core.environments.table import Table, TableParameters
from processing.core.errors import Refused
from processing.core.genomes.dense import Dense, DenseParameters
from processing.core.genomes.graph import Activation, Graph, GraphParameters
from processing.core.judges.table import Tables
from processing.core.types import Evaluations, Failure
from tests.core.networks_by_hand import Genome, Link, answers, graphs_of, random_genome

XOR = {"type": "table", "inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [[0], [1], [1], [0]]}
#: Two hidden nodes, OR and AND, and one but not the other.
SOLUTION = Genome(
    (
        Link(0, 4, 4.0), Link(1, 4, 4.0), Link(2, 4, -2.0), Link(0, 5, 4.0), Link(1, 5, 4.0),
        Link(2, 5, -6.0), Link(2, 3, -2.0), Link(4, 3, 5.0), Link(5, 3, -5.0),
    ),
    {4: Activation.STEEP_SIGMOID, 5: Activation.STEEP_SIGMOID},
)  # fmt: skip


def table(**changes: Any) -> Table:
    return Table(TableParameters.model_validate_json(json.dumps({**XOR, **changes})))


def random_table(rows: int, **changes: Any) -> Table:
    numbers = np.random.default_rng(4)
    return table(
        inputs=numbers.normal(0, 1, (rows, 2)).tolist(), targets=numbers.random((rows, 2)).tolist(), **changes
    )


def graph(environment: Table, **parameters: Any) -> Graph:
    return Graph(GraphParameters(**parameters), inputs=environment.inputs, outputs=environment.outputs)


def evaluated(environment: Table, kind: Any, genomes: Any, **changes: Any) -> Evaluations:
    return Tables(environment, kind).evaluate(genomes, **{"seed": 1, "generation": 0, **changes})


def winner(environment: Any, found: Any) -> int | None:
    solution: Solution = environment.criterion.winner(
        None, None, found, candidate=None, closing=Closing(1, 0)
    )
    return solution.agent


def test_a_network_for_xor_solves_it() -> None:
    environment = table()
    nothing = Genome((Link(0, 3, 0.0),), {})
    found = evaluated(environment, graph(environment), graphs_of([nothing, SOLUTION, SOLUTION]))
    assert found.solved is not None
    assert found.solved.tolist() == [0, 1, 1]
    assert found.fitness[0] == 4.0
    assert environment.best_possible() == 16.0
    assert 15.9 < found.fitness[1] < 16.0
    assert found.steps.tolist() == [4] * 3
    assert winner(environment, found) == 1


def test_a_table_is_replayed_row_by_row() -> None:
    environment = table()
    found = Tables(environment, graph(environment)).replay_rows(graphs_of([SOLUTION]))
    assert [row.tolist() for row in found.observations] == XOR["inputs"]
    assert [round(answer) for (answer,) in found.actions] == [0, 1, 1, 0]  # type: ignore[union-attr, misc]
    fitness = evaluated(environment, graph(environment), graphs_of([SOLUTION])).fitness[0]
    assert (4 + found.total) ** 2 == pytest.approx(fitness, rel=1e-12)


def test_nobody_wins_before_the_task_is_solved() -> None:
    environment = table()
    found = evaluated(environment, graph(environment), graphs_of([Genome((Link(0, 3, 0.0),), {})]))
    assert winner(environment, found) is None


@pytest.mark.parametrize(
    "parameters", [{}, {"activations_per_step": 3}, {"output_activation": Activation.IDENTITY}]
)
@pytest.mark.parametrize("rows", [1, 3, 5, 16, 17, 40])
def test_errors_are_those_of_the_answers_by_hand(rows: int, parameters: dict[str, Any]) -> None:
    environment, numbers = random_table(rows), np.random.default_rng(5)
    kind = graph(environment, **parameters)
    drawn = [random_genome(kind, numbers, hidden=n % 4, links=2 * n) for n in range(7)]
    size = np.zeros(7)
    for agent, genome in enumerate(drawn):
        for x, target in zip(
            environment.world.inputs.reshape(-1, 1, 2), environment.parameters.targets, strict=True
        ):
            for answer, wanted in zip(answers(kind, genome, x)[0], target, strict=True):
                size[agent] += abs(float(answer) - wanted)
    found = evaluated(environment, kind, graphs_of(drawn), threads=2)
    wanted_fitness = [max(0.0, 2 * rows - one) ** 2 if math.isfinite(one) else math.nan for one in size]
    assert [None if math.isnan(one) else one for one in found.fitness.tolist()] == [
        None if math.isnan(one) else one for one in wanted_fitness
    ]


@pytest.mark.parametrize("rows", [4, 20])
@pytest.mark.parametrize("kind_name", ["graph", "recurrent", "dense", "wide"])
def test_threads_slices_and_plain_python_give_the_same_bits(kind_name: str, rows: int) -> None:
    environment = random_table(rows)
    kind: Any = graph(environment, recurrent=kind_name == "recurrent")
    if kind_name in ("dense", "wide"):
        hidden = (4,) if kind_name == "dense" else (1_700,)
        kind = Dense(DenseParameters(hidden=hidden), inputs=environment.inputs, outputs=environment.outputs)
    genomes = kind.random(11 if kind_name != "wide" else 3, seed=2, generation=0)
    size, judge = kind.count(genomes), Tables(environment, kind)
    whole = judge.evaluate(genomes, seed=1, generation=0)
    parts = [
        judge.evaluate(genomes, seed=2, generation=1, first=a, last=b, threads=2)
        for a, b in ((0, 1), (1, size))
    ]
    assert np.concatenate([part.fitness for part in parts]).tolist() == whole.fitness.tolist()
    if kind_name != "wide":
        targets = environment.world.targets.reshape(rows, 2)
        errors = np.abs(judge.answers(genomes).astype(np.float64) - targets)
        total = np.zeros(size)
        for row in range(rows):
            for k in range(2):
                total += errors[:, row, k]
        assert ((2 * rows - total) ** 2).tolist() == whole.fitness.tolist()


@pytest.mark.parametrize(
    ("targets", "low", "high"), [([[0], [1]], 0, 1), ([[-1], [1]], -1, 1), ([[0], [7]], -99, 99)]
)
def test_dense_outputs_are_squashed_to_where_the_targets_lie(
    targets: list[list[float]], low: float, high: float
) -> None:
    environment = table(inputs=[[1, 1], [2, 2]], targets=targets)
    kind = Dense(DenseParameters(hidden=(), bias=False), inputs=2, outputs=1)
    found = Tables(environment, kind).answers(np.array([[20, 10], [-20, -10]], np.float32))
    assert np.array_equal(np.sign(found - (low + high) / 2).ravel(), [1, 1, -1, -1])
    assert low <= found.min() < low + 0.01 * (high - low) or low == -99
    if low == -99:
        assert found.ravel().tolist() == [30, 60, -30, -60]


def test_fitness_may_be_the_mean_error() -> None:
    genomes = np.array([[0.0], [1.0]], np.float32)
    kind = Dense(DenseParameters(hidden=(), bias=False), inputs=1, outputs=1)
    data: dict[str, Any] = {"inputs": [[1], [2]], "targets": [[3], [5]]}
    mean_square = evaluated(table(**data, fitness="negative_mean_squared_error"), kind, genomes)
    mean_size = evaluated(table(**data, fitness="negative_mean_absolute_error"), kind, genomes)
    assert mean_square.fitness.tolist() == [-17.0, -6.5]
    assert mean_size.fitness.tolist() == [-4.0, -2.5]
    assert evaluated(table(**data), kind, genomes).fitness.tolist() == [0.0, 0.0]
    assert table(**data, fitness="negative_mean_squared_error").best_possible() == 0.0


def test_an_agent_whose_errors_are_not_finite_has_failed() -> None:
    environment = table()
    kind = graph(environment, output_activation=Activation.IDENTITY)
    lost = Genome((Link(0, 3, math.inf), Link(2, 3, -math.inf)), {})
    found = evaluated(environment, kind, graphs_of([lost, SOLUTION]))
    assert found.failures.tolist() == [Failure.NON_FINITE_FITNESS, Failure.NONE]
    assert found.solved is not None
    assert found.solved[0] == 0
    assert math.isnan(found.fitness[0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"targets": [[0]]}, r"environment.targets: expected 4 rows as there are inputs, got 1"),
        (
            {"inputs": [[0, 0], [0], [1, 0], [1, 1]]},
            r"environment.inputs\[1\]: expected 2 numbers as in the first row, got 1"
        ),
        ({"targets": [[0], [1, 2], [1], [0]]}, r"environment.targets\[1\]: expected 1 numbers"),
    ],
)
def test_ragged_tables_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=message):
        table(**changes)


@pytest.mark.parametrize("inputs", [[], [[], [], [], []], [[0, 0]] * 10_001, [[1e31, 0]] * 4])
def test_empty_and_endless_tables_are_refused(inputs: list[list[float]]) -> None:
    with pytest.raises(ValidationError):
        table(inputs=inputs)
