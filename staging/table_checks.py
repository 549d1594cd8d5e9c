"""Whether the rows of a table match each other, and whether networks can answer with all their nodes."""

from collections import Counter

from formatting.faults import Fault, FaultCode, fault, shown
from formatting.sound import entries, told
from formatting.work_item import WorkItem
from processing.core.actions import Range
from processing.core.environments.table import TableParameters
from processing.core.genomes.graph import Graph, GraphParameters
from staging.limits import Limits

#: Least and largest output, of those kinds of activations that have them.
_SPANS = {Range.UNIT: (0, 1), Range.SYMMETRIC: (-1, 1)}


def table_faults(table: TableParameters, limits: Limits) -> list[Fault]:
    """Everything that stands against the table, in time linear in its rows."""
    widths = [each for name in ("inputs", "targets") for each in told(_width_faults, table, name)]
    return [*told(_length_faults, table), *widths]


def _length_faults(table: TableParameters) -> list[Fault]:
    """Whether there are as many targets as inputs."""
    rows, wanted = len(table.targets), len(table.inputs)
    expected = f"{_counted(wanted, 'row')}, as many as there are inputs"
    given = _counted(rows, "row")
    return [] if rows == wanted else [fault(FaultCode.INCONSISTENT, ("environment", "targets"), expected, given)]


def passes_warnings(work_item: WorkItem) -> list[Fault]:
    """Networks of which only the outputs ever count: each row is answered anew, within the passes of one step."""
    network, environment = (getattr(work_item, name) for name in ("network", "environment"))
    passes = getattr(network, "activations_per_step", None) or int(getattr(network, "recurrent", False))
    if passes != 1 or not isinstance(environment, TableParameters):
        return []
    expected = "2 or more, as what hidden nodes say reaches no output within one pass, and a table's rows are answered anew"
    return [fault(FaultCode.INCONSISTENT, ("network", "activations_per_step"), expected, shown(network.activations_per_step))]


def range_warnings(work_item: WorkItem) -> list[Fault]:
    """Targets that the outputs' activation never reaches. Dense networks are given an output function that fits."""
    network, environment = (getattr(work_item, name) for name in ("network", "environment"))
    if not isinstance(network, GraphParameters) or not isinstance(environment, TableParameters):
        return []
    span = _SPANS.get(Graph(network, inputs=1, outputs=1).output_range)
    beyond = [] if span is None else [each for row in environment.targets for each in row if not span[0] <= each <= span[1]]
    if span is None or not beyond:
        return []
    expected = f"numbers from {span[0]} to {span[1]}, as outputs of {network.output_activation.value} never lie beyond"
    return [fault(FaultCode.INCONSISTENT, ("environment", "targets"), expected, shown(beyond[0]))]


def _width_faults(table: TableParameters, name: str) -> list[Fault]:
    """One for each row that is not as long as most."""
    rows = entries(table, name)
    if not rows:
        return []
    width = Counter(len(row) for _, row in rows).most_common(1)[0][0]
    expected = f"{_counted(width, 'number')}, as in {'most other rows' if len(rows) > 2 else 'the other row'}"
    return [
        fault(FaultCode.INCONSISTENT, ("environment", name, number), expected, _counted(len(row), "number"))
        for number, row in rows if len(row) != width
    ]


def _counted(number: int, one: str) -> str:
    return f"{number} {one if number == 1 else one + 's'}"
