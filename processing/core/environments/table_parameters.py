"""The part of a document that describes a table of inputs and targets."""

from typing import Annotated, Literal

from pydantic import Field

from processing.core.parameters import Number, Parameters, parameter

MOST_ROWS, MOST_COLUMNS = 10_000, 1_000
#: Largest error as a share of the column's span, where the document does not state one.
TOLERANCE = 0.05

Row = Annotated[tuple[Number, ...], Field(min_length=1, max_length=MOST_COLUMNS)]


class TableParameters(Parameters):
    """Rows of inputs and targets."""

    type: Literal["table"] = parameter(meaning="A table of inputs and what should be answered.")
    inputs: tuple[Row, ...] = parameter(
        meaning="What is seen in each row.", min_length=1, max_length=MOST_ROWS
    )
    targets: tuple[Row, ...] = parameter(
        meaning="What each row's outputs should be.", min_length=1, max_length=MOST_ROWS
    )
    fitness: Literal[
        "negative_normalized_squared_error", "negative_mean_squared_error", "negative_mean_absolute_error",
        "squared_remainder", "accuracy",
    ] | None = parameter(
        None,
        meaning="How errors become fitness. negative_normalized_squared_error: the mean square of the "
        "errors in units of their columns' spans, below 0; negative_mean_squared_error, "
        "negative_mean_absolute_error: the mean square, or the mean size, of the errors, below 0; "
        "squared_remainder: (T - sum of |error|)^2 for T targets, 0 where that sum is above T; "
        "accuracy: the share of rows whose largest answer is where the 1 is, for targets of one 1 "
        "and else 0. Left out: negative_normalized_squared_error.",
        source="squared_remainder: Stanley and Miikkulainen 2002, section 4.1",
    )
    criterion: Literal["by_column", "tolerance", "largest_output", "sides"] | None = parameter(
        None,
        meaning="When the table is solved. by_column: all answers lie on their targets' side of the middle "
        "in columns of two values, and within `tolerance` in others; tolerance: all answers lie "
        "within it; largest_output: in each row the largest answer is where the largest target is, "
        "and no other equals it; sides: all answers lie on their targets' side of the table's "
        "middle, which is 0.5 where all targets lie from 0 to 1. Left out: largest_output where "
        "each row is one 1 and else 0, in two or more columns; else by_column.",
    )
    tolerance: Annotated[float, Field(gt=0, lt=0.5)] | None = parameter(
        None,
        meaning="How far an answer may be from its target, as a share of its column's span, which is its "
        "largest target minus its least. A column of one value has the largest span of the others, "
        "or 1. Null: 0.05 where it counts.",
    )
    scaling: Literal["by_column", "none"] | None = parameter(
        None,
        meaning="How outputs become answers. by_column: the range of the outputs, from 0 or -1 to 1 by "
        "their transfer function, is stretched to the span of each column; none: answers are the "
        "outputs. Left out: by_column where some targets lie beyond that range or those of a column "
        "take up less than a tenth of it, and answers are not compared with each other; else none.",
    )
