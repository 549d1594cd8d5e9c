"""Decoding of graph genomes to programs: the order of the nodes, and the links that each adds up."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, assignment"

from typing import Any, NamedTuple

import numpy as np

from processing.core.errors import Broken
from processing.core.genomes.graph_program import Programs
from processing.core.genomes.graphs import UNUSED, Graphs
from processing.core.kernels.build import compiled, plain
from processing.core.kernels.lanes import get, put
from processing.core.kernels.roles import kernel, part
from processing.core.types import Int64Array

UNSEEN, OPEN, DONE = 0, 1, 2


class Shape(NamedTuple):
    """The properties that all genomes of a group share."""

    inputs: int  # with the bias
    outputs: int
    first_hidden: int  # node id; that of the first output is `inputs`
    activation: int  # of the outputs
    synchronous: bool  # whether all nodes are updated at once from the values of the previous pass
    gene_slots: int
    node_slots: int


class Room(NamedTuple):
    """Buffers for one genome. Nodes are numbered from 0: the outputs first, then the hidden nodes by id."""

    heads: Int64Array  # (nodes + 1,) the first incoming link of each
    cursors: Int64Array  # (nodes,) the next incoming link to visit
    seen: Int64Array  # (nodes,) UNSEEN, OPEN or DONE
    read: Int64Array  # (nodes,) whether another node reads its value
    places: Int64Array  # (nodes,) its position in the order
    order: Int64Array  # (nodes,) the nodes in the order in which they are computed
    stack: Int64Array  # (nodes,) of the depth-first search
    incoming: Int64Array  # (genes,) enabled genes by target, then in their order
    sources: Int64Array  # (genes,) input, or `Shape.inputs` + node
    targets: Int64Array  # (genes,) node; UNUSED where the gene is not enabled


def decoded(graphs: Graphs, shape: Shape) -> tuple[Programs, Int64Array]:
    """Return the programs of all genomes, and the most gathered links at each position.

    A single genome is decoded in plain Python, so that drawing or replaying it needs no compiler.

    Args:
        graphs: N genomes, with the slots that `shape` states.
        shape: their common properties.
    Returns:
        The programs, and (positions,) int64 numbers of links; positions are counted from the last node.
    Raises:
        Broken: a link ends at no node of its genome, or nodes are computed in order and the links form a
            cycle.
    """
    size, outputs = len(graphs.genes), shape.outputs
    nodes = int(graphs.nodes.sum()) + 2 * outputs * size
    links, direct = 2 * int(graphs.enabled.sum()), size * shape.inputs * outputs
    most, genes = outputs + shape.node_slots, shape.gene_slots
    programs = Programs(
        starts=np.zeros(size + 1, np.int64), activations=np.zeros(nodes, np.uint8),
        links=np.zeros(nodes + 1, np.int64), sources=np.zeros(links, np.int32),
        weights=np.zeros(links, np.float32), direct=np.zeros(direct, np.float32),
        present=np.zeros(direct, np.uint8),
    )
    room = Room(*(np.zeros(count, np.int64) for count in (most + 1, *[most] * 6, *[genes] * 3)))
    widths = np.zeros(most + outputs, np.int64)
    fields: list[Any] = list(graphs)
    flat = Graphs(*(np.ascontiguousarray(field).reshape(-1) for field in fields))
    fill = compiled(fill_programs) if size > 1 else plain(fill_programs)
    wrong = fill(flat, shape, programs, room, widths)
    if wrong >= 0:
        raise Broken(
            f"genome {wrong}: expected links between its own nodes, without a cycle unless it is recurrent"
        )
    largest = int(np.diff(programs.starts).max(initial=outputs))
    return programs, widths[:largest]


@kernel
def fill_programs(graphs, shape, programs, room, widths):
    """Decode all genomes, one after the other; return the index of the first that cannot be decoded, or -1.

    Args:
        graphs: N genomes, fields flat.
        shape: their common properties.
        programs: filled; see `Programs`.
        room: buffers for one genome.
        widths: int64, raised to the most gathered links at each position, counted from the last.
    """
    node, link, agents = 0, 0, graphs.genes.size
    wrong = -1
    for agent in range(agents):
        count = fill_order(graphs, shape, room, agent)
        if count < 0:
            wrong = agent
            break
        inner = count
        size = inner + shape.outputs
        for at in range(size):
            is_output = at >= inner
            one = at - inner if is_output else get(room.order, at)
            activation = shape.activation
            if one >= shape.outputs:
                activation = np.int64(get(graphs.activations, agent * shape.node_slots + one - shape.outputs))
            put(programs.activations, node, activation)
            put(programs.links, node, link)
            before, last = link, -1 if is_output else shape.inputs
            for n in range(get(room.heads, one), get(room.heads, one + 1)):
                gene = get(room.incoming, n)
                source, weight = get(room.sources, gene), get(graphs.weights, agent * shape.gene_slots + gene)
                if last < source < shape.inputs:
                    direct = (agent * shape.inputs + source) * shape.outputs + one
                    put(programs.direct, direct, weight)
                    put(programs.present, direct, 1)
                    last = source
                    continue
                last = shape.inputs
                if source >= shape.inputs:
                    source = shape.inputs + get(room.places, source - shape.inputs)
                put(programs.sources, link, source)
                put(programs.weights, link, weight)
                link += 1
            from_end = size - 1 - at
            put(widths, from_end, max(get(widths, from_end), link - before))
            node += 1
        put(programs.starts, agent + 1, node)
        put(programs.links, node, link)
    return wrong


@part
def fill_order(graphs, shape, room, agent):
    """Order the nodes of one genome that are computed before its outputs.

    It returns how many they are, or -1 where a link is invalid or a cycle allows no order. Depth-first search
    from the outputs; nodes that no output depends on are left out.
    """
    outputs, inputs = shape.outputs, shape.inputs
    nodes = outputs + np.int64(get(graphs.nodes, agent))
    is_wrong = fill_incoming(graphs, shape, room, agent, nodes)
    done = 0
    for root in range(outputs):
        depth = 0
        if get(room.seen, root) == UNSEEN:
            put(room.seen, root, OPEN)
            put(room.stack, 0, root)
            depth = 1
        while depth > 0:
            node = get(room.stack, depth - 1)
            at = get(room.cursors, node)
            if at == get(room.heads, node + 1):
                put(room.seen, node, DONE)
                put(room.order, done, node)
                done += 1
                depth -= 1
                continue
            put(room.cursors, node, at + 1)
            other = get(room.sources, get(room.incoming, at)) - inputs
            if other < 0:
                continue
            put(room.read, other, 1)
            if get(room.seen, other) == UNSEEN:
                put(room.seen, other, OPEN)
                put(room.stack, depth, other)
                depth += 1
            elif get(room.seen, other) == OPEN and not shape.synchronous:
                is_wrong = True
    count = 0
    if shape.synchronous:
        for node in range(outputs, nodes):
            if get(room.seen, node) == DONE:
                put(room.places, node, count)
                put(room.order, count, node)
                count += 1
        for node in range(outputs):
            put(room.places, node, count + node)
    else:
        for at in range(done):
            node = get(room.order, at)
            if node >= outputs or get(room.read, node) != 0:
                put(room.places, node, count)
                put(room.order, count, node)
                count += 1
    return -1 if is_wrong else count


@part
def fill_incoming(graphs, shape, room, agent, nodes):
    """List the enabled links into each node, in the order of their genes.

    It returns whether a link ends at a node that the genome lacks.
    """
    first, is_wrong = agent * shape.gene_slots, False
    genes = np.int64(get(graphs.genes, agent))
    for node in range(nodes):
        put(room.heads, node, 0)
        put(room.seen, node, UNSEEN)
        put(room.read, node, 0)
    for gene in range(genes):
        put(room.targets, gene, UNUSED)
        if get(graphs.enabled, first + gene) != 0:
            source = number_of(graphs, shape, agent, np.int64(get(graphs.sources, first + gene)))
            target = number_of(graphs, shape, agent, np.int64(get(graphs.targets, first + gene)))
            target -= shape.inputs
            if source < 0 or target < 0:
                is_wrong = True
            else:
                put(room.sources, gene, source)
                put(room.targets, gene, target)
                put(room.heads, target, get(room.heads, target) + 1)
    total = 0
    for node in range(nodes):
        count = get(room.heads, node)
        put(room.heads, node, total)
        put(room.cursors, node, total)
        total += count
    put(room.heads, nodes, total)
    for gene in range(genes):
        target = get(room.targets, gene)
        if target >= 0:
            place = get(room.cursors, target)
            put(room.incoming, place, gene)
            put(room.cursors, target, place + 1)
    for node in range(nodes):
        put(room.cursors, node, get(room.heads, node))
    return is_wrong


@part
def number_of(graphs, shape, agent, node):
    """Return the number of the node with this id; -1 where the genome lacks it.

    Inputs and the bias are numbered first, then the outputs, then the genome's hidden nodes.
    """
    number = -1
    if 0 <= node < shape.first_hidden:
        number = node
    elif node >= shape.first_hidden:
        first = agent * shape.node_slots
        low, high = 0, np.int64(get(graphs.nodes, agent))
        while low < high:
            middle = (low + high) // 2
            if get(graphs.hidden, first + middle) < node:
                low = middle + 1
            else:
                high = middle
        if low < get(graphs.nodes, agent) and get(graphs.hidden, first + low) == node:
            number = shape.first_hidden + low
    return number
