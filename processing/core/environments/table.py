"""Supervised data: a table of inputs and targets, without time steps.

Every row is evaluated independently; a recurrent network is reset before each. XOR is the classic example.
"""

import math
from collections.abc import Callable
from functools import cached_property
from itertools import chain
from typing import NamedTuple

import numpy as np

from processing.core.concern import Asked, Concern
from processing.core.criterion import Closing, Confirming, Criterion, Solution
from processing.core.environments.acting_checks import acting_warnings
from processing.core.environments.table_checks import fitted_scoring, table_faults, table_warnings
from processing.core.environments.table_columns import (
    columns_of,
    first_without_largest,
    first_without_one_hot,
    range_of,
    scaling_of,
)
from processing.core.environments.table_parameters import TOLERANCE as TOLERANCE
from processing.core.environments.table_parameters import Row
from processing.core.environments.table_parameters import TableParameters as TableParameters
from processing.core.errors import Refused
from processing.core.problem import CompiledEnvironment, Facts, Problem, Values, View
from processing.core.rollouts.network_kind import NetworkKind
from processing.core.types import Evaluations, Float32Array, Float64Array, Int64Array, Population

#: A value of `Rows.tolerances`: answers must lie on the same side of the middle as their targets.
SIDES = -1.0


class Rows(NamedTuple):
    """The arrays that kernels read, for K columns of targets."""

    inputs: Float32Array  # (rows * inputs,) row by row
    targets: Float64Array  # (rows * K,) row by row
    rows: int
    middles: Float64Array  # (K,) answers must lie on their targets' side of it, where the tolerance is SIDES
    tolerances: Float64Array  # (K,) how far answers may be from their targets
    units: Float64Array  # (K,) divisors of errors before they are squared; (0,) for none
    largest: Int64Array  # (rows,) the column of the largest target; (0,) where it is not needed
    by_largest: int  # whether a row is right when its largest answer is in the column of its largest target
    offsets: Float64Array  # (K,) an answer is offset + scale * output
    scales: Float64Array  # (K,); (0,), both, where the answer is the output


class FirstSolved(Criterion[Confirming]):
    """The criterion of a table: an agent answers every row correctly, as its `criterion` defines it."""

    def winner(
        self, judge: Confirming, population: Population, evaluations: Evaluations, *, candidate: int | None,
        closing: Closing,
    ) -> Solution:
        """Return the solving agent with the lowest index, or None."""
        if evaluations.solved is None or not evaluations.solved.any():
            return Solution(None)
        return Solution(int(np.argmax(evaluations.solved)))


class Table(CompiledEnvironment[TableParameters]):
    """A table of inputs and what should be answered to each row, by itself.

    Networks see a row's inputs, and their outputs are the answer, or become it by its scaling; networks
    without a transfer function of their own at the outputs get one: the sigmoid where all targets lie from 0
    to 1, tanh where they lie from -1 to 1. Without fitness, criterion or scaling, as in documents that were
    stored before there were such keys, these are squared_remainder, sides and none.

    Raises:
        Refused: the numbers of rows of inputs and targets differ, rows have unequal lengths, or the targets
            do not suit the fitness or the criterion.
    """

    Parameters = TableParameters
    view = View.TABLE
    integers = floats = bits = 0
    is_random = has_common_episodes = False
    judge = "table"
    actions = "answers"
    scene = None
    episodes = 1
    plain_seconds = (1e-4, 3e-5)  # seconds in plain Python for each row, and in addition for each weight

    def __init__(self, parameters: TableParameters) -> None:
        self.parameters = parameters
        if len(parameters.targets) != len(parameters.inputs):
            expected = f"expected {len(parameters.inputs)} rows as there are inputs"
            raise Refused(f"environment.targets: {expected}, got {len(parameters.targets)}")
        self.inputs = _width("inputs", parameters.inputs)
        self.outputs = _width("targets", parameters.targets)
        self.max_steps = self.rows = len(parameters.inputs)
        self.fitness = parameters.fitness or "squared_remainder"
        if self.fitness == "accuracy":
            _check_compared("fitness", "one 1 and else 0", self.outputs, first_without_one_hot(self.targets))
        if parameters.criterion == "largest_output":
            unfit = first_without_largest(self.targets)
            _check_compared("criterion", "one largest target", self.outputs, unfit)

    @classmethod
    def of(cls, parameters: TableParameters, facts: Facts | None) -> "Table":
        """Return the table; nothing is looked up."""
        return Table(parameters)

    @property
    def criterion(self) -> FirstSolved:
        """Every row is answered correctly."""
        return FirstSolved()

    @property
    def parts(self) -> dict[str, object]:
        """No slots of `rollouts/kernel.py`: a table has a kernel of its own, in `judges/table.py`."""
        return {}

    @classmethod
    def fitted(
        cls, parameters: TableParameters, genome: Callable[[Problem], NetworkKind]
    ) -> TableParameters:
        """Return the parameters with omitted keys of the scoring, by the targets and the output range."""
        table = cls(parameters)
        kind = genome(table)
        return fitted_scoring(parameters, table.targets, range_of(kind, table.squashing(kind)))

    @classmethod
    def faults(cls, parameters: TableParameters, asked: Asked) -> list[Concern]:
        """Return the faults of the rows; without any, those of rules that compare outputs."""
        return table_faults(parameters)

    def warnings(self, asked: Asked, genome: NetworkKind) -> list[Concern]:
        """Warn of networks that cannot produce the targets, and of values without effect."""
        return [*acting_warnings(self, genome), *table_warnings(self.parameters, genome)]

    @classmethod
    def label(cls, values: Values) -> str:
        """Return the number of rows, in words."""
        return f"table of {len(values['inputs'])} rows"

    @classmethod
    def solved_when(cls, values: Values) -> str:
        """Return what the criterion asks of the answers."""
        tolerance = f"{100 * (values.get('tolerance') or TOLERANCE):g} % of its column's span"
        match values.get("criterion"):
            case "by_column" if values.get("tolerance") is None:
                return "every answer is on its target's side of the column's middle"
            case "by_column":
                sides = "every answer is on its target's side in columns of two values"
                return f"{sides}, and within {tolerance} in others"
            case "tolerance":
                return f"every answer is within {tolerance}"
            case "largest_output":
                return "the largest answer of every row is in the right column"
        return "every answer is on its target's side of the table's middle"

    def best_possible(self) -> float:
        """Return the fitness of an agent without any error."""
        if self.fitness == "squared_remainder":
            return float(self.rows * self.outputs) ** 2
        return 1.0 if self.fitness == "accuracy" else 0.0

    def input_labels(self) -> tuple[str, ...]:
        return tuple(f"input {number + 1}" for number in range(self.inputs))

    def output_labels(self) -> tuple[str, ...]:
        return tuple(f"output {number + 1}" for number in range(self.outputs))

    @property
    def span(self) -> tuple[float, float]:
        """The least and the largest target."""
        values = tuple(chain.from_iterable(self.parameters.targets))
        return min(values), max(values)

    def squashing(self, kind: NetworkKind) -> str:
        """Return the function applied to a genome kind's outputs: "sigmoid", "tanh" or "identity".

        It is the identity for kinds that have an output activation.
        """
        least, largest = self.span
        if kind.output_activation is not None:
            return "identity"
        if least >= 0 and largest <= 1:
            return "sigmoid"
        return "tanh" if least >= -1 and largest <= 1 else "identity"

    @cached_property
    def targets(self) -> Float64Array:
        """The targets, (rows, outputs) float64."""
        return np.array(self.parameters.targets, np.float64)

    @cached_property
    def world(self) -> Rows:
        """The arrays that kernels read, with outputs as answers; see `world_for`."""
        columns, empty = columns_of(self.targets), np.zeros(0)
        by_largest = self.parameters.criterion == "largest_output"
        is_compared = by_largest or self.fitness == "accuracy"
        middles, tolerances = self._rules()
        return Rows(
            inputs=np.array(self.parameters.inputs, np.float32).reshape(-1),
            targets=self.targets.reshape(-1), rows=self.rows, middles=middles, tolerances=tolerances,
            units=columns.spans if self.fitness == "negative_normalized_squared_error" else empty,
            largest=np.argmax(self.targets, axis=1) if is_compared else np.zeros(0, np.int64),
            by_largest=int(by_largest), offsets=empty, scales=empty,
        )

    def world_for(self, kind: NetworkKind) -> Rows:
        """Return the arrays that kernels read, with the scaling of a genome kind's outputs."""
        scaling = self.scaling(kind)
        return self.world if scaling is None else self.world._replace(offsets=scaling[0], scales=scaling[1])

    def scaling(self, kind: NetworkKind) -> tuple[Float64Array, Float64Array] | None:
        """Return offsets and scales, (outputs,) each: answer = offset + scale * output; None if unscaled."""
        if self.parameters.scaling != "by_column":
            return None
        return scaling_of(columns_of(self.targets), range_of(kind, self.squashing(kind)))

    def _rules(self) -> tuple[Float64Array, Float64Array]:
        """Return the middles and the tolerances, (K,) each; see `Rows`."""
        columns, width = columns_of(self.targets), self.outputs
        least, largest = self.span
        share = TOLERANCE if self.parameters.tolerance is None else self.parameters.tolerance
        match self.parameters.criterion:
            case "by_column":
                return columns.middles, np.where(columns.values == 2, SIDES, share * columns.spans)
            case "tolerance":
                return columns.middles, share * columns.spans
            case "largest_output":
                return columns.middles, np.full(width, math.inf)
        is_unit = least >= 0 and largest <= 1
        return np.full(width, 0.5 if is_unit else (least + largest) / 2), np.full(width, SIDES)


def _check_compared(key: str, wanted: str, columns: int, unfit: int | None) -> None:
    """Check that the largest targets select a column in every row.

    Raises:
        Refused: there is one column only, or row `unfit` selects none.
    """
    if columns < 2:
        raise Refused(f"environment.{key}: expected two or more columns of targets, got 1")
    if unfit is not None:
        expected = f"expected targets with {wanted} in each row"
        raise Refused(f"environment.{key}: {expected}, got others in row {unfit}")


def _width(name: str, rows: tuple[Row, ...]) -> int:
    """Return the common length of all rows.

    Raises:
        Refused: the lengths differ.
    """
    for number, row in enumerate(rows):
        if len(row) != len(rows[0]):
            expected = f"expected {len(rows[0])} numbers as in the first row"
            raise Refused(f"environment.{name}[{number}]: {expected}, got {len(row)}")
    return len(rows[0])
