"""The mutation that adds a connection between two random nodes that have none.

A connection is recurrent where a path leads from its target to its source, or where its source is an output.
Disabled genes count as paths. A feed-forward network has no recurrent connections.

Source: Stanley and Miikkulainen 2002, section 3.1; tries, self-loops and outputs: authors' code v1.2.1, where
only enabled genes count.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, assignment"

from typing import NamedTuple

import numpy as np

from processing.core.kernels.roles import kernel, part
from processing.core.neat.draws import index_part, spread_part
from processing.core.neat.innovation import FREE, GENE, change_part, place_part
from processing.core.rng import uniform_part
from processing.core.types import Int32Array

#: Probability that a try at a recurrent connection is one at a self-loop.
SELF_LOOPS = np.float32(0.5)


class Frame(NamedTuple):
    """The ids of the nodes that all genomes have: inputs, bias, outputs; hidden nodes follow."""

    first_output: int
    first_hidden: int
    bias: int  # id of the bias; -1 where there is none


class Scratch(NamedTuple):
    """Buffers for a genome of at most G genes and M hidden nodes, numbered from 0 without gaps."""

    starts: Int32Array  # (F + M + 1,) index in `ends` of the first gene out of each node, F = `first_hidden`
    ends: Int32Array  # (G,) targets of the genes, ordered by source
    reached: Int32Array  # (F + M,) 1 where a node was reached
    waiting: Int32Array  # (F + M,) stack of nodes that were reached and not yet followed


@kernel
def add_connection(chances, frame, table, key, children, child, scratch):
    """Add a connection to a child; return false where no try found a pair.

    Args:
        chances: `Mutation`; frame: `Frame`; table: `Innovations`.
        children: `Graphs` with room for another gene in genome `child`.
        key: the address (seed, MUTATION, generation, child, CONNECTION).
        scratch: `Scratch`.
    Source: Stanley and Miikkulainen 2002, section 3.1.
    """
    nodes = frame.first_hidden + np.int64(children.nodes[child])
    fill_arrows(frame, children, child, scratch)
    recurrent = uniform_part(key, 0) < chances.recurrent
    for attempt in range(chances.tries):
        target = frame.first_output + index_part(key, 3 * attempt + 4, nodes - frame.first_output)
        source = index_part(key, 3 * attempt + 3, nodes)
        if recurrent and uniform_part(key, 3 * attempt + 2) < SELF_LOOPS:
            source = target
        if (
            is_connected(source, target, scratch)
            or closes_cycle(frame, source, target, nodes, scratch) != recurrent
        ):
            continue
        one, other = id_of(frame, source, children, child), id_of(frame, target, children, child)
        change = change_part(one, other)
        place = place_part(table, change)
        if table.changes[place] == FREE:
            table.changes[place] = change
            table.genes[place] = table.counters[GENE]
            table.counters[GENE] += 1
        gene = np.int64(children.genes[child])
        children.innovations[child, gene] = table.genes[place]
        children.sources[child, gene] = one
        children.targets[child, gene] = other
        children.weights[child, gene] = chances.connection_power * spread_part(key, 1)
        children.enabled[child, gene] = 1
        children.genes[child] = gene + 1
        return True
    return False


@part
def fill_arrows(frame, children, child, scratch):
    """Fill `starts` and `ends`: the targets of the genes out of each node."""
    genes, nodes = np.int64(children.genes[child]), frame.first_hidden + np.int64(children.nodes[child])
    for node in range(nodes + 1):
        scratch.starts[node] = 0
    for g in range(genes):
        scratch.starts[number_of(frame, children.sources[child, g], children, child) + 1] += 1
    for node in range(nodes):
        scratch.starts[node + 1] += scratch.starts[node]
        scratch.waiting[node] = scratch.starts[node]
    for g in range(genes):
        source = number_of(frame, children.sources[child, g], children, child)
        scratch.ends[scratch.waiting[source]] = number_of(frame, children.targets[child, g], children, child)
        scratch.waiting[source] += 1


@part
def number_of(frame, node, children, child):
    """The number of the node with this id; hidden ones are found by binary search."""
    if node < frame.first_hidden:
        return np.int64(node)
    low, high = np.int64(0), np.int64(children.nodes[child])
    while high - low > 1:
        middle = (low + high) >> 1
        if children.hidden[child, middle] <= node:
            low = middle
        else:
            high = middle
    return frame.first_hidden + low


@part
def id_of(frame, number, children, child):
    """The id of the node with this number."""
    if number < frame.first_hidden:
        return np.int64(number)
    return np.int64(children.hidden[child, number - frame.first_hidden])


@part
def is_connected(source, target, scratch):
    """Whether there is a gene from one node to the other."""
    found = False
    for i in range(scratch.starts[source], scratch.starts[source + 1]):
        found = found or scratch.ends[i] == target
    return found


@part
def closes_cycle(frame, source, target, nodes, scratch):
    """Whether a connection would be recurrent: paths are followed from its target, but not beyond outputs."""
    if source < frame.first_output:
        return False
    if source == target or source < frame.first_hidden:
        return True
    for node in range(nodes):
        scratch.reached[node] = 0
    scratch.reached[target] = 1
    scratch.waiting[0] = target
    waiting = 1
    while waiting > 0:
        waiting -= 1
        node = np.int64(scratch.waiting[waiting])
        if node == source:
            return True
        if node < frame.first_hidden:
            continue
        for i in range(scratch.starts[node], scratch.starts[node + 1]):
            if scratch.reached[scratch.ends[i]] == 0:
                scratch.reached[scratch.ends[i]] = 1
                scratch.waiting[waiting] = scratch.ends[i]
                waiting += 1
    return False
