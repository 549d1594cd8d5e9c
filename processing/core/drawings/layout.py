"""A layered layout for graphs: columns by longest path over edges without cycles, rows by barycentres.

Source: Sugiyama, Tagawa and Toda 1981, "Methods for visual understanding of hierarchical system structures".
The barycentres are weighted by the strength of the edges, so that a node is level with its strongest sources.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby

from processing.core.errors import Refused
from processing.core.sums import in_order

SWEEPS = 4

#: An edge as (source, target, strength); strength >= 0.
Link = tuple[str, str, float]


def columns_of(nodes: Sequence[str], links: Iterable[Link], *, last: Collection[str] = ()) -> dict[str, int]:
    """Return the column of each node, from 0: the number of edges on the longest path that leads to it.

    Args:
        nodes: all nodes, in their order.
        links: edges between them.
        last: nodes of the last column; edges among them move that column to the right.
    Raises:
        Refused: an edge names an unknown node, or the edges form a cycle.
    """
    after: dict[str, list[str]] = {node: [] for node in nodes}
    waits = dict.fromkeys(nodes, 0)
    for source, target, _ in links:
        if source not in after or target not in after:
            raise Refused(f"edge {source} -> {target}: expected two of the nodes, got an unknown one")
        after[source].append(target)
        waits[target] += 1
    columns = dict.fromkeys(nodes, 0)
    ready = [node for node in nodes if not waits[node]]
    for node in ready:  # grows while it is read
        for target in after[node]:
            columns[target] = max(columns[target], columns[node] + 1)
            waits[target] -= 1
            if not waits[target]:
                ready.append(target)
    if len(ready) < len(nodes):
        raise Refused("edges: expected a feed-forward graph, got a cycle")
    end = max(columns.values(), default=0)
    return columns | {node: end for node in nodes if node in last}


def rows_of(
    nodes: Sequence[str], links: Sequence[Link], columns: Mapping[str, int], *, fixed: Collection[str] = ()
) -> dict[str, int]:
    """Return the row of each node in its column, from 0 at the top.

    Nodes are sorted by the weighted mean row of their neighbours, in sweeps to the right and back. Columns
    with a node in `fixed` keep the order of `nodes`. Nodes with equal barycentres keep their order too, so
    that the result is deterministic.
    """
    by_column = sorted(nodes, key=lambda node: columns[node])
    order = {column: list(group) for column, group in groupby(by_column, key=lambda node: columns[node])}
    movable = [column for column, group in sorted(order.items()) if not any(node in fixed for node in group)]
    before, after = _neighbours(nodes, links, columns)
    places = {
        node: _middle(place, len(group)) for group in order.values() for place, node in enumerate(group)
    }
    for sweep in range(SWEEPS):
        neighbours, sequence = (before, movable) if sweep % 2 == 0 else (after, movable[::-1])
        for column in sequence:
            group = order[column]
            centres = {node: _barycentre(node, neighbours[node], places) for node in group}
            group.sort(key=lambda node: centres[node])
            places |= {node: _middle(place, len(group)) for place, node in enumerate(group)}
    return {node: place for group in order.values() for place, node in enumerate(group)}


def _neighbours(
    nodes: Sequence[str], links: Sequence[Link], columns: Mapping[str, int]
) -> tuple[dict[str, list[tuple[str, float]]], dict[str, list[tuple[str, float]]]]:
    """The neighbours of each node to the left, and those to the right, each with the strength of the edge."""
    before: dict[str, list[tuple[str, float]]] = {node: [] for node in nodes}
    after: dict[str, list[tuple[str, float]]] = {node: [] for node in nodes}
    for source, target, strength in links:
        if columns[source] != columns[target]:
            before[target].append((source, strength))
            after[source].append((target, strength))
    return before, after


def _barycentre(node: str, neighbours: list[tuple[str, float]], places: Mapping[str, float]) -> float:
    total = in_order(strength for _, strength in neighbours)
    if not total:
        return places[node]
    return round(in_order(places[neighbour] * strength for neighbour, strength in neighbours) / total, 9)


def _middle(place: int, size: int) -> float:
    """A row as a fraction of the column's height, so that columns of different sizes can be compared."""
    return (place + 0.5) / size


def settled(wanted: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """Return the positions nearest to the wanted ones, with at least the given gaps between neighbours.

    Args:
        wanted: N positions.
        gaps: N - 1 least distances between neighbours.
    Returns:
        N positions, the least-squares solution.
    Source: Barlow et al. 1972, "Statistical inference under order restrictions" (pool adjacent violators).
    """
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    pools: list[tuple[float, int]] = []  # mean and number
    for place, offset in zip(wanted, offsets, strict=False):
        mean, number = place - offset, 1
        while pools and pools[-1][0] > mean:
            other, count = pools.pop()
            mean, number = (mean * number + other * count) / (number + count), number + count
        pools.append((mean, number))
    means = [mean for mean, number in pools for _ in range(number)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=False)]
