"""A table of inputs and what should be answered to each: no world, no time.

Every row is answered by itself; a network that remembers starts anew at each. The classic one is XOR.
"""

from functools import cached_property
from itertools import chain
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import Field

from processing.core.errors import Refused
from processing.core.parameters import Number, Parameters, parameter
from processing.core.types import Evaluations, Float32Array, Float64Array, Population, State

MOST_ROWS, MOST_COLUMNS = 10_000, 1_000

Row = Annotated[tuple[Number, ...], Field(min_length=1, max_length=MOST_COLUMNS)]


class TableParameters(Parameters):
    """Rows of inputs and targets."""

    type: Literal["table"] = parameter(meaning="A table of inputs and what should be answered.")
    inputs: tuple[Row, ...] = parameter(meaning="What is seen in each row.", min_length=1, max_length=MOST_ROWS)
    targets: tuple[Row, ...] = parameter(
        meaning="What each row's outputs should be.", min_length=1, max_length=MOST_ROWS
    )
    fitness: Literal["squared_remainder", "negative_mean_squared_error", "negative_mean_absolute_error"] = parameter(
        "squared_remainder",
        meaning="How errors become fitness: (T - sum of |error|)^2 for T targets, 0 where that sum is above T; or the mean "
        "square, or the mean size, of the errors, below 0.",
        source="Stanley and Miikkulainen 2002, section 4.1",
    )


class Rows(NamedTuple):
    """The table as kernels see it."""

    inputs: Float32Array  # (rows * inputs,) row by row
    targets: Float64Array  # (rows * outputs,) row by row
    rows: int
    middle: float  # outputs must lie on the same side of it as their targets


class FirstSolved:
    """Solved when all outputs lie on the right side of the middle; the first such agent wins."""

    def winner(
        self, plan: Any, population: Population, evaluations: Evaluations, *,
        candidate: int | None, seed: int, generation: int, state: State,
    ) -> int | None:
        """The lowest index among the agents that solve the task, or None."""
        if evaluations.solved is None or not evaluations.solved.any():
            return None
        return int(np.argmax(evaluations.solved))


class Table:
    """A table of inputs and what should be answered to each row, by itself.

    Networks see a row's inputs, and their outputs are the answer; networks without a transfer function of their own at the
    outputs get one: the sigmoid where all targets lie from 0 to 1, tanh where they lie from -1 to 1. An output solves its
    target when both lie on the same side of 0.5, or, where targets lie beyond 0 and 1, of the middle between the least and
    the largest target.

    Raises:
        Refused: another number of rows of targets than of inputs, or rows of unequal length.
    """

    Parameters = TableParameters
    wholes = reals = notes = 0
    is_random = has_common_episodes = False
    judge = "table"
    actions = "answers"
    scene = None
    episodes = 1
    plain_seconds = (1e-4, 3e-5)  # a row in plain Python takes so long, and for each weight

    def __init__(self, parameters: TableParameters) -> None:
        self.parameters = parameters
        if len(parameters.targets) != len(parameters.inputs):
            expected = f"expected {len(parameters.inputs)} rows as there are inputs"
            raise Refused(f"environment.targets: {expected}, got {len(parameters.targets)}")
        self.inputs = _width("inputs", parameters.inputs)
        self.outputs = _width("targets", parameters.targets)
        self.max_steps = self.rows = len(parameters.inputs)
        self.criterion = FirstSolved()

    def best_possible(self) -> float:
        """The fitness without any error."""
        return float(self.rows * self.outputs) ** 2 if self.parameters.fitness == "squared_remainder" else 0.0

    def input_labels(self) -> tuple[str, ...]:
        """The number of each input, for people."""
        return tuple(f"input {number + 1}" for number in range(self.inputs))

    def output_labels(self) -> tuple[str, ...]:
        """The number of each output, for people."""
        return tuple(f"output {number + 1}" for number in range(self.outputs))

    @property
    def span(self) -> tuple[float, float]:
        """The least and the largest target."""
        values = tuple(chain.from_iterable(self.parameters.targets))
        return min(values), max(values)

    def squashing(self, kind: Any) -> str:
        """What the outputs of a genome kind without activations there go through: "sigmoid", "tanh" or "identity"."""
        least, largest = self.span
        if hasattr(kind.parameters, "output_activation"):
            return "identity"
        if least >= 0 and largest <= 1:
            return "sigmoid"
        return "tanh" if least >= -1 and largest <= 1 else "identity"

    @cached_property
    def world(self) -> Rows:
        """The table in the form that kernels take."""
        least, largest = self.span
        is_unit = least >= 0 and largest <= 1
        return Rows(
            inputs=np.array(self.parameters.inputs, np.float32).reshape(-1),
            targets=np.array(self.parameters.targets, np.float64).reshape(-1), rows=self.rows,
            middle=0.5 if is_unit else (least + largest) / 2,
        )


def _width(name: str, rows: tuple[Row, ...]) -> int:
    """The length of all rows."""
    for number, row in enumerate(rows):
        if len(row) != len(rows[0]):
            expected = f"expected {len(rows[0])} numbers as in the first row"
            raise Refused(f"environment.{name}[{number}]: {expected}, got {len(row)}")
    return len(rows[0])
