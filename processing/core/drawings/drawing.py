"""A network with a layout: nodes with coordinates, and edges. Large networks are drawn layer by layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate, pairwise

from processing.core.drawings.layout import Link, columns_of, rows_of
from processing.core.genomes.computation import Layers
from processing.core.genomes.graph_genes import NodeRole

#: Networks with at most this many units are drawn unit by unit.
MOST_UNITS = 120

#: Distances in drawing units: between columns, between neighbours in the fullest column, the largest between
#: neighbours, and the extra one where the first word of a label changes.
COLUMN_GAP, ROW_GAP, MOST_ROW_GAP, GROUP_GAP = 180.0, 20.0, 52.0, 7.0
LAYER_GAP = 190.0


class NetworkLevel(StrEnum):
    """What one node is."""

    NEURON = "NEURON"
    LAYER = "LAYER"


@dataclass(frozen=True, slots=True)
class NetworkNode:
    """A unit, or a whole layer."""

    id: str
    role: NodeRole
    label: str  # may be empty
    operator: str  # transfer function, or what the layer does
    layer: int  # column of the drawing, from 0
    x: float  # drawing units, to the right
    y: float  # drawing units, downwards
    bias: float | None = None
    output_shape: tuple[int, ...] | None = None  # LAYER only; without the batch dimension
    parameter_count: int | None = None  # LAYER only


@dataclass(frozen=True, slots=True)
class NetworkEdge:
    """A connection, by the ids of its nodes."""

    source: str
    target: str
    weight: float | None = None
    enabled: bool = True
    recurrent: bool = False
    via: tuple[tuple[float, float], ...] = ()  # points (x, y) that it passes through, from left to right


@dataclass(frozen=True, slots=True)
class Network:
    """A graph with a layout."""

    level: NetworkLevel
    nodes: tuple[NetworkNode, ...]
    edges: tuple[NetworkEdge, ...]
    depth: int  # edges on the longest path from input to output without recurrent ones


def drawing_of_dense(
    layers: Layers, activation: str, output: str, *,
    input_labels: Sequence[str] = (), output_labels: Sequence[str] = (),
) -> Network:
    """Draw a fully connected network: each unit, or each layer where there are more than MOST_UNITS units.

    Args:
        layers: at least one.
        activation: transfer function of the hidden units.
        output: how the outputs become an action.
        input_labels: a name for each input; left out, they are numbered.
        output_labels: the same for the outputs.
    """
    sizes = [layers[0][0].shape[0], *(weights.shape[1] for weights, _ in layers)]
    operators = ["input", *[activation] * (len(layers) - 1), output]
    if sum(sizes) > MOST_UNITS:
        return _by_layer(layers, sizes, operators)
    return _by_unit(layers, sizes, operators, _labels(sizes, input_labels, output_labels))


def _labels(sizes: list[int], inputs: Sequence[str], outputs: Sequence[str]) -> list[Sequence[str]]:
    first = inputs or [f"input {number}" for number in range(sizes[0])]
    last = outputs or [f"output {number}" for number in range(sizes[-1])]
    return [first, *([""] * size for size in sizes[1:-1]), last]


def _by_unit(layers: Layers, sizes: list[int], operators: list[str], labels: list[Sequence[str]]) -> Network:
    names = [[f"{column}.{row}" for row in range(size)] for column, size in enumerate(sizes)]
    edges = tuple(
        NetworkEdge(source, target, float(weights[i, j]))
        for (weights, _), (left, right) in zip(layers, pairwise(names), strict=True)
        for i, source in enumerate(left) for j, target in enumerate(right)
    )
    links: list[Link] = [(edge.source, edge.target, abs(edge.weight or 0.0)) for edge in edges]
    nodes = [name for column in names for name in column]
    columns = columns_of(nodes, links, last=names[-1])
    rows = rows_of(nodes, links, columns, fixed={*names[0], *names[-1]})
    heights = _heights(names, rows, labels)
    biases = [None, *(biases for _, biases in layers)]
    return Network(
        level=NetworkLevel.NEURON, edges=edges, depth=len(layers),
        nodes=tuple(
            NetworkNode(
                id=name, role=_role(column, len(sizes)), label=labels[column][number],
                operator=operators[column],
                bias=None if (values := biases[column]) is None else float(values[number]),
                layer=columns[name], x=columns[name] * COLUMN_GAP, y=heights[name],
            )
            for column, group in enumerate(names) for number, name in enumerate(group)
        ),
    )


def _heights(names: list[list[str]], rows: dict[str, int], labels: list[Sequence[str]]) -> dict[str, float]:
    """The y of each node: columns have a common centre, and those with fewer nodes are spread out."""
    breaks = [breaks_of(column) for column in labels]
    extents = [
        (len(column) - 1) * ROW_GAP + breaks[number][-1] * GROUP_GAP for number, column in enumerate(names)
    ]
    tallest, heights = max(extents), {}
    for column, passed in zip(names, breaks, strict=True):
        room = tallest - passed[-1] * GROUP_GAP
        gap = max(ROW_GAP, min(MOST_ROW_GAP, room / max(len(column) - 1, 1)))
        top = (room - (len(column) - 1) * gap) / 2
        for number, name in enumerate(column):
            heights[name] = top + rows[name] * gap + passed[number] * GROUP_GAP
    return heights


def breaks_of(labels: Sequence[str]) -> list[int]:
    """For each label, how often the first word changed up to it; all 0 where all first words differ."""
    groups = [label.split(" ")[0] for label in labels]
    if len(set(groups)) == len(groups):
        return [0] * len(groups)
    return [0, *accumulate(int(before != after) for before, after in pairwise(groups))]


def _by_layer(layers: Layers, sizes: list[int], operators: list[str]) -> Network:
    counts = [0, *(weights.size + (0 if biases is None else biases.size) for weights, biases in layers)]
    nodes = tuple(
        NetworkNode(
            id=str(column), role=_role(column, len(sizes)), label="input" if column == 0 else "dense",
            operator=operators[column], layer=column, x=column * LAYER_GAP, y=0.0,
            output_shape=(size,), parameter_count=counts[column],
        )
        for column, size in enumerate(sizes)
    )
    edges = tuple(NetworkEdge(left.id, right.id) for left, right in pairwise(nodes))
    return Network(level=NetworkLevel.LAYER, nodes=nodes, edges=edges, depth=len(layers))


def _role(column: int, columns: int) -> NodeRole:
    if column == 0:
        return NodeRole.INPUT
    return NodeRole.OUTPUT if column == columns - 1 else NodeRole.HIDDEN
