"""Checks of a table: its rows, its fitness and criterion, and whether networks can produce its targets."""

from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np

from processing.core.concern import Concern, Part
from processing.core.environments.table_columns import (
    Columns,
    columns_of,
    first_without_largest,
    first_without_one_hot,
    is_one_hot,
    is_within,
)
from processing.core.environments.table_parameters import TOLERANCE, TableParameters
from processing.core.number_text import counted
from processing.core.rollouts.actions import Range
from processing.core.rollouts.network_kind import NetworkKind
from processing.core.sound import entries, run_check
from processing.core.types import Float64Array
from processing.core.value_text import shown

#: Smallest and largest output, for bounded activations.
_SPANS = {Range.UNIT: (0, 1), Range.SYMMETRIC: (-1, 1)}
#: Rules that compare a row's outputs with each other, by key: the value, the targets that it needs, and a
#: function that returns the first row without these.
_COMPARED: Mapping[str, tuple[str, str, Callable[[Float64Array], int | None]]] = {
    "fitness": ("accuracy", "one 1 and else 0", first_without_one_hot),
    "criterion": ("largest_output", "one largest target", first_without_largest),
}


def table_faults(table: TableParameters) -> list[Concern]:
    """Return all faults of the table, in time linear in its rows."""
    widths = [each for name in ("inputs", "targets") for each in run_check(_width_faults, table, name)]
    faults = [*run_check(_length_faults, table), *widths]
    return faults or [each for key in _COMPARED for each in run_check(_comparison_faults, table, key)]


def table_warnings(table: TableParameters, genome: NetworkKind) -> list[Concern]:
    """Warn of a complete table, or of its networks with this table."""
    return [
        *_passes_warnings(genome), *_range_warnings(table, genome), *_tolerance_warnings(table),
    ]


def fitted_scoring(
    table: TableParameters, targets: Float64Array, outputs: tuple[float, float]
) -> TableParameters:
    """Return the table with omitted keys of its scoring, by its targets and the range of the outputs.

    Documents that were stored before these keys existed are not staged again, so they keep the earlier rules.
    """
    columns = columns_of(targets)
    criterion = table.criterion or ("largest_output" if is_one_hot(targets) else "by_column")
    is_compared = criterion == "largest_output" or table.fitness == "accuracy"
    is_output = is_compared or is_within(columns, outputs)
    return table.model_copy(update={
        "fitness": table.fitness or "negative_normalized_squared_error", "criterion": criterion,
        "tolerance": table.tolerance or (TOLERANCE if _has_tolerance(criterion, columns) else None),
        "scaling": table.scaling or ("none" if is_output else "by_column"),
    })


def _length_faults(table: TableParameters) -> list[Concern]:
    """Return a fault where the numbers of inputs and targets differ."""
    rows, wanted = len(table.targets), len(table.inputs)
    expected = f"{counted(wanted, 'row')}, as many as there are inputs"
    return [] if rows == wanted else [Concern(("targets",), expected, counted(rows, "row"))]


def _width_faults(table: TableParameters, name: str) -> list[Concern]:
    """Return one fault for each row whose length differs from the most common one."""
    rows = entries(table, name)
    if not rows:
        return []
    width = Counter(len(row) for _, row in rows).most_common(1)[0][0]
    expected = f"{counted(width, 'number')}, as in {'most other rows' if len(rows) > 2 else 'the other row'}"
    return [
        Concern((name, number), expected, counted(len(row), "number"))
        for number, row in rows if len(row) != width
    ]


def _comparison_faults(table: TableParameters, key: str) -> list[Concern]:
    """Return a fault of a rule that compares a row's outputs where the targets do not fit.

    Args:
        table: a table whose rows have equal widths.
        key: the key that names the rule.
    """
    name, wanted, first_unfit = _COMPARED[key]
    if getattr(table, key) != name:
        return []
    targets = np.array(table.targets, np.float64)
    unfit = first_unfit(targets)
    if targets.shape[1] > 1 and unfit is None:
        return []
    expected = f"another one, as {shown(name)} is for rows of two or more targets with {wanted}"
    is_single = targets.shape[1] == 1 or unfit is None
    where = "1 target in each row" if is_single else f"others in row {int(unfit or 0) + 1} (counted from 1)"
    return [Concern((key,), expected, f"{shown(name)} with {where}")]


def _passes_warnings(genome: NetworkKind) -> list[Concern]:
    """Warn of networks with one pass for each row, in which hidden nodes cannot affect outputs."""
    if genome.passes != 1:
        return []
    expected = (
        "2 or more, as what hidden nodes say reaches no output within one pass, and a table's rows are "
        "answered anew"
    )
    key, given = genome.passes_parameter
    return [Concern((key,), expected, shown(given), part=Part.GENOME)]


def _range_warnings(table: TableParameters, genome: NetworkKind) -> list[Concern]:
    """Warn of targets outside the output range without scaling.

    Networks without a transfer function of their own at the outputs get one that fits.
    """
    if genome.output_activation is None or table.scaling == "by_column":
        return []
    span = _SPANS.get(genome.output_range)
    if span is None:
        return []
    beyond = [each for row in table.targets for each in row if not span[0] <= each <= span[1]]
    if not beyond:
        return []
    expected = (
        f"numbers from {span[0]} to {span[1]}, as outputs of {genome.output_activation} never lie beyond"
    )
    return [Concern(("targets",), expected, shown(beyond[0]))]


def _tolerance_warnings(table: TableParameters) -> list[Concern]:
    """Warn of a tolerance that is not used."""
    criterion = table.criterion or "sides"
    if table.tolerance is None or _has_tolerance(criterion, columns_of(np.array(table.targets, np.float64))):
        return []
    others = " in columns of two values, and there are no others" if criterion == "by_column" else ""
    expected = f"null, as {shown(criterion)} does not ask for it{others}"
    return [Concern(("tolerance",), expected, shown(table.tolerance))]


def _has_tolerance(criterion: str, columns: Columns) -> bool:
    """Whether the criterion uses the tolerance."""
    return criterion == "tolerance" or (criterion == "by_column" and bool((columns.values != 2).any()))
