"""The layout of a graph genome: columns by longest path over enabled links, nodes level with their sources.

A link over several columns has a point of its own in each column between, so that it does not run behind
other nodes; the links of one source share these points. Recurrent links, and those that leave an output, do
not count for the columns.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from processing.core.drawings.drawing import (
    GROUP_GAP,
    LAYER_GAP,
    Network,
    NetworkEdge,
    NetworkLevel,
    NetworkNode,
    breaks_of,
)
from processing.core.drawings.layout import Link, columns_of, rows_of, settled
from processing.core.genomes.graph_genes import ConnectionGene, Genes, NodeRole
from processing.core.sums import in_order

#: Each node is drawn up to this many nodes, and long links have points of their own up to this many points.
MOST_NODES, MOST_PLACES = 400, 240
#: Distances in drawing units: the least and largest between columns, and the width of all columns; between
#: neighbours, the least and largest in the first and last column, that of hidden nodes, and that beside a
#: passing link.
LEAST_COLUMN_GAP, MOST_COLUMN_GAP, WIDTH = 96.0, 190.0, 800.0
LEAST_GAP, MOST_GAP, HIDDEN_GAP, PASSING_GAP = 24.0, 60.0, 42.0, 22.0
SWEEPS = 12
#: The strength of a disabled link in the layout.
WEAK = 0.05

Place = tuple[str, int]  # a node that a link leaves, and a column that it passes


def drawing_of_graph(
    genes: Genes, output: str, *, input_labels: Sequence[str] = (), output_labels: Sequence[str] = ()
) -> Network:
    """Draw a graph genome: each node, or each column where there are more than MOST_NODES nodes.

    Args:
        genes: of the genome.
        output: how the outputs become an action.
        input_labels: a name for each input; left out, they are numbered.
        output_labels: the same for the outputs.
    """
    columns = _columns(genes)
    if len(genes.nodes) > MOST_NODES:
        return _by_column(genes, columns)
    edges = {gene: _passed(gene, columns) for gene in genes.connections}
    if len({place for places in edges.values() for place in places}) > MOST_PLACES:
        edges = dict.fromkeys(edges, ())
    labels = _labels(genes, input_labels, output_labels)
    places = _places(genes, columns, edges, labels)
    last = max(columns.values())
    operators = {NodeRole.OUTPUT: output}
    return Network(
        level=NetworkLevel.NEURON, depth=last,
        nodes=tuple(
            NetworkNode(
                id=(name := str(node.number)), role=node.role, label=labels[name], layer=columns[name],
                x=places[name][0], y=places[name][1],
                operator=", ".join(filter(None, (node.activation, operators.get(node.role)))),
            )
            for node in genes.nodes
        ),
        edges=tuple(
            NetworkEdge(
                str(gene.source), str(gene.target), gene.weight, gene.enabled, gene.recurrent,
                via=tuple(places[_name(place)] for place in passed),
            )
            for gene, passed in edges.items()
        ),
    )


def _labels(genes: Genes, inputs: Sequence[str], outputs: Sequence[str]) -> dict[str, str]:
    """The label of each node."""
    found = dict.fromkeys((str(node.number) for node in genes.nodes), "")
    for role, word, labels in ((NodeRole.INPUT, "input", inputs), (NodeRole.OUTPUT, "output", outputs)):
        for place, number in enumerate(genes.of(role)):
            found[str(number)] = labels[place] if place < len(labels) else f"{word} {place}"
    return found | {str(number): "bias" for number in genes.of(NodeRole.BIAS)}


def _columns(genes: Genes) -> dict[str, int]:
    """The column of each node: inputs and bias in the first, only outputs in the last."""
    outputs, hidden = set(genes.of(NodeRole.OUTPUT)), genes.of(NodeRole.HIDDEN)
    links: list[Link] = [
        (str(gene.source), str(gene.target), 1.0) for gene in genes.connections
        if gene.enabled and not gene.recurrent and gene.source not in outputs
    ]
    first, last = genes.of(NodeRole.INPUT)[0], genes.of(NodeRole.OUTPUT)[0]
    between: list[Link] = [(str(first), str(last), 1.0)]
    for number in hidden:
        between += [(str(first), str(number), 1.0), (str(number), str(last), 1.0)]
    return columns_of(
        [str(node.number) for node in genes.nodes], [*links, *between], last=set(map(str, outputs))
    )


def _passed(gene: ConnectionGene, columns: Mapping[str, int]) -> tuple[Place, ...]:
    """The points of a link in the columns between its nodes."""
    source = str(gene.source)
    return tuple((source, column) for column in range(columns[source] + 1, columns[str(gene.target)]))


def _name(place: Place) -> str:
    return f"{place[0]} in {place[1]}"


def _places(
    genes: Genes, columns: dict[str, int], edges: Mapping[ConnectionGene, tuple[Place, ...]],
    labels: Mapping[str, str]
) -> dict[str, tuple[float, float]]:
    """The coordinates (x, y) of each node, and of each point of a link."""
    passing = {_name(place): place[1] for passed in edges.values() for place in passed}
    columns = columns | passing
    links = _links(edges, columns)
    ends = {str(node.number) for node in genes.nodes if node.role != NodeRole.HIDDEN}
    inner = [str(node.number) for node in genes.nodes if node.role == NodeRole.HIDDEN]
    outer = [
        str(number) for role in (NodeRole.INPUT, NodeRole.BIAS, NodeRole.OUTPUT) for number in genes.of(role)
    ]
    names = [*outer, *inner, *passing]
    rows = rows_of(names, links, columns, fixed=ends)
    groups = [sorted((name for name in names if columns[name] == column), key=lambda name: rows[name])
              for column in range(max(columns.values()) + 1)]
    heights = _heights(groups, [_gaps(group, passing, labels) for group in groups], links)
    wide = min(MOST_COLUMN_GAP, max(LEAST_COLUMN_GAP, WIDTH / max(len(groups) - 1, 1)))
    return {name: (columns[name] * wide, heights[name]) for name in names}


def _links(edges: Mapping[ConnectionGene, tuple[Place, ...]], columns: Mapping[str, int]) -> list[Link]:
    """The links from column to column, without those that lead to the left."""
    found: dict[tuple[str, str], float] = {}
    for gene, passed in edges.items():
        if columns[str(gene.source)] < columns[str(gene.target)]:
            strength = max(abs(gene.weight), WEAK) if gene.enabled else WEAK
            for source, target in pairwise((str(gene.source), *map(_name, passed), str(gene.target))):
                found[source, target] = found.get((source, target), 0.0) + strength
    return [(source, target, strength) for (source, target), strength in found.items()]


def _gaps(group: Sequence[str], passing: Mapping[str, int], labels: Mapping[str, str]) -> list[float]:
    """The least distances between neighbours of a column."""
    if not any(labels.get(name) for name in group):
        return [PASSING_GAP if passing.keys() & set(pair) else HIDDEN_GAP for pair in pairwise(group)]
    breaks = breaks_of([labels[name] for name in group])
    return [LEAST_GAP + GROUP_GAP * (below - above) for above, below in pairwise(breaks)]


def _heights(
    groups: Sequence[Sequence[str]], gaps: list[list[float]], links: Sequence[Link]
) -> dict[str, float]:
    """The y of each name: even spacing in the first and last column, level with neighbours in the others."""
    tallest = max(map(in_order, gaps))
    for place in (0, -1):
        more = (tallest - in_order(gaps[place])) / max(len(gaps[place]), 1)
        gaps[place] = [max(gap, min(MOST_GAP, gap + more)) for gap in gaps[place]]
    heights: dict[str, float] = {}
    for group, between in zip(groups, gaps, strict=True):
        reached = 0.0 - in_order(between) / 2  # 0.0 where there is one name, not -0.0
        for name, gap in zip(group, [*between, 0.0], strict=True):
            heights[name], reached = reached, reached + gap
    neighbours: dict[str, list[tuple[str, float]]] = {name: [] for name in heights}
    for source, target, strength in links:
        neighbours[source].append((target, strength))
        neighbours[target].append((source, strength))
    inner = range(1, len(groups) - 1)
    for sweep in range(SWEEPS):
        for column in inner if sweep % 2 == 0 else reversed(inner):
            wanted = [_mean(neighbours[name], heights, heights[name]) for name in groups[column]]
            heights |= dict(zip(groups[column], settled(wanted, gaps[column]), strict=True))
    return heights


def _mean(neighbours: Sequence[tuple[str, float]], heights: Mapping[str, float], alone: float) -> float:
    total = in_order(strength for _, strength in neighbours)
    return in_order(heights[name] * strength for name, strength in neighbours) / total if total else alone


def _by_column(genes: Genes, columns: Mapping[str, int]) -> Network:
    """A box for each column."""
    numbers = range(max(columns.values()) + 1)
    sizes = [sum(column == number for column in columns.values()) for number in numbers]
    enabled = [gene for gene in genes.connections if gene.enabled]
    into = [sum(columns[str(gene.target)] == number for gene in enabled) for number in numbers]
    roles = [NodeRole.INPUT, *[NodeRole.HIDDEN] * (len(sizes) - 2), NodeRole.OUTPUT]
    words = {NodeRole.INPUT: "input", NodeRole.HIDDEN: "hidden", NodeRole.OUTPUT: "output"}
    activations = [
        ", ".join(sorted({node.activation for node in genes.nodes if columns[str(node.number)] == number}))
        for number in numbers
    ]
    nodes = tuple(
        NetworkNode(
            id=str(number), role=role, label=words[role],
            operator="input" if number == 0 else activations[number],
            layer=number, x=number * LAYER_GAP, y=0.0, output_shape=(sizes[number],),
            parameter_count=into[number],
        )
        for number, role in zip(numbers, roles, strict=True)
    )
    edges = tuple(NetworkEdge(left.id, right.id) for left, right in pairwise(nodes))
    return Network(level=NetworkLevel.LAYER, nodes=nodes, edges=edges, depth=len(nodes) - 1)
