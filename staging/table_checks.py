"""Checks of a table: its rows, its fitness and criterion, and whether networks can produce its targets."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from formatting.faults import Fault, FaultCode, fault, shown
from formatting.sound import entries, run_check
from formatting.work_item import WorkItem
from processing.core.environments.table import TableParameters
from processing.core.environments.table_columns import (
    Columns,
    columns_of,
    first_without_largest,
    first_without_one_hot,
)
from processing.core.genomes.graph import Graph, GraphParameters
from processing.core.number_text import counted
from processing.core.rollouts.actions import Range
from processing.core.types import Float64Array
from staging.limits import Limits

#: Smallest and largest output, for bounded activations.
_SPANS = {Range.UNIT: (0, 1), Range.SYMMETRIC: (-1, 1)}
#: Rules that compare a row's outputs with each other, by key: the value, the targets that it needs, and a
#: function that returns the first row without these.
_COMPARED: Mapping[str, tuple[str, str, Callable[[Float64Array], int | None]]] = {
    "fitness": ("accuracy", "one 1 and else 0", first_without_one_hot),
    "criterion": ("largest_output", "one largest target", first_without_largest),
}


def table_faults(table: TableParameters, limits: Limits) -> list[Fault]:
    """Return all faults of the table, in time linear in its rows."""
    widths = [each for name in ("inputs", "targets") for each in run_check(_width_faults, table, name)]
    faults = [*run_check(_length_faults, table), *widths]
    return faults or [each for key in _COMPARED for each in run_check(_comparison_faults, table, key)]


def _length_faults(table: TableParameters) -> list[Fault]:
    """Return a fault where the numbers of inputs and targets differ."""
    rows, wanted = len(table.targets), len(table.inputs)
    expected = f"{counted(wanted, 'row')}, as many as there are inputs"
    given = counted(rows, "row")
    return (
        [] if rows == wanted else [fault(FaultCode.INCONSISTENT, ("environment", "targets"), expected, given)]
    )


def _comparison_faults(table: TableParameters, key: str) -> list[Fault]:
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
    return [fault(FaultCode.INCONSISTENT, ("environment", key), expected, f"{shown(name)} with {where}")]


def table_warnings(work_item: WorkItem) -> list[Fault]:
    """Warn of a complete work item's table, or of its networks with this table; empty for other tasks."""
    table = getattr(work_item, "environment", None)
    if not isinstance(table, TableParameters):
        return []
    of_network = *_passes_warnings(work_item, table), *_range_warnings(work_item, table)
    return [*of_network, *_tolerance_warnings(table)]


def has_tolerance(criterion: str, columns: Columns) -> bool:
    """Whether the criterion uses the tolerance."""
    return criterion == "tolerance" or (criterion == "by_column" and bool((columns.values != 2).any()))


def _tolerance_warnings(table: TableParameters) -> list[Fault]:
    """Warn of a tolerance that is not used."""
    criterion = table.criterion or "sides"
    if table.tolerance is None or has_tolerance(criterion, columns_of(np.array(table.targets, np.float64))):
        return []
    others = " in columns of two values, and there are no others" if criterion == "by_column" else ""
    expected = f"null, as {shown(criterion)} does not ask for it{others}"
    return [fault(FaultCode.INCONSISTENT, ("environment", "tolerance"), expected, shown(table.tolerance))]


def _passes_warnings(work_item: Any, table: TableParameters) -> list[Fault]:
    """Warn of networks with one pass for each row, in which hidden nodes cannot affect outputs."""
    network = work_item.network
    passes = getattr(network, "activations_per_step", None) or int(getattr(network, "recurrent", False))
    if passes != 1:
        return []
    expected = (
        "2 or more, as what hidden nodes say reaches no output within one pass, and a table's rows are "
        "answered anew"
    )
    return [
        fault(
            FaultCode.INCONSISTENT, ("network", "activations_per_step"), expected,
            shown(network.activations_per_step)
        )
    ]


def _range_warnings(work_item: Any, table: TableParameters) -> list[Fault]:
    """Warn of targets outside the output range without scaling.

    Only graphs are checked: dense networks get an output function that fits.
    """
    network = work_item.network
    if not isinstance(network, GraphParameters) or table.scaling == "by_column":
        return []
    span = _SPANS.get(Graph(network, inputs=1, outputs=1).output_range)
    if span is None:
        return []
    beyond = [each for row in table.targets for each in row if not span[0] <= each <= span[1]]
    if not beyond:
        return []
    expected = (
        f"numbers from {span[0]} to {span[1]}, as outputs of {network.output_activation.value} never lie "
        "beyond"
    )
    return [fault(FaultCode.INCONSISTENT, ("environment", "targets"), expected, shown(beyond[0]))]


def _width_faults(table: TableParameters, name: str) -> list[Fault]:
    """Return one fault for each row whose length differs from the most common one."""
    rows = entries(table, name)
    if not rows:
        return []
    width = Counter(len(row) for _, row in rows).most_common(1)[0][0]
    expected = f"{counted(width, 'number')}, as in {'most other rows' if len(rows) > 2 else 'the other row'}"
    return [
        fault(FaultCode.INCONSISTENT, ("environment", name, number), expected, counted(len(row), "number"))
        for number, row in rows if len(row) != width
    ]
