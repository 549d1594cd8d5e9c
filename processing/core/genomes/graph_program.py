"""Graph networks in lanes: LANES different networks side by side, each a short program in its lane.

`fill_programs` decodes the genomes of a whole population once: nodes in an order in which they can be
computed, each with its enabled links in the order of their innovation numbers. A node's value is the
activation of the sum of source times weight over its links, starting from 0, each added by `madd`; a node
without links has the activation of 0. Nodes that no output depends on are left out.

Lanes compute the same *position* at the same time. Positions are aligned at the end: the outputs, one after
the other, are the last. An output that other nodes read is also computed at an earlier position. The links of
a position are added in two ways:
- The leading links of an output that come from inputs or the bias are *direct*: source and place of the
  weight are the same in all lanes. They are added like a dense layer; a lane that lacks one keeps its sum.
- The others are gathered: each lane has its own source. A lane with fewer links adds 0 * -0 there, which
  leaves every sum unchanged, also -0.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, assignment"

from typing import NamedTuple

import numpy as np

from processing.core.genomes.layers import fill_layer
from processing.core.kernels.lanes import (
    LANES,
    fill,
    gather,
    get,
    load,
    madd,
    put,
    store,
    where_bit,
    where_greater,
)
from processing.core.kernels.numeric import (
    HALF,
    ZERO,
    absolute,
    gaussian,
    gelu,
    leaky_relu,
    relu,
    selu,
    sigmoid,
    sin,
    steep_sigmoid,
    step,
    tanh,
)
from processing.core.kernels.roles import formula, part
from processing.core.types import Float32Array, Int32Array, Int64Array, UInt8Array

NUMBER_OF_ACTIVATIONS = 12
NOTHING = np.float32(-0.0)
ALL = 2**LANES - 1  # a bit for each lane

#: The first numbers of work.program: whether it was ever filled, whether a lane has changed since the last
#: `fill_summary`, the first position that any lane needs, and whether all lanes have all direct links.
FILLED, CHANGED, FIRST, COMPLETE = 0, 1, 2, 3
SIZES = LANES  # from here on, the number of positions of each lane


class Programs(NamedTuple):
    """The networks of a population.

    Node n of the list has links links[n]..links[n + 1] - 1. A source below `Network.inputs` is an input or
    the bias; others are nodes of the same network, numbered from there on.
    """

    starts: Int64Array  # (N + 1,) the first node of each agent; its last nodes are its outputs
    activations: UInt8Array  # (nodes,)
    links: Int64Array  # (nodes + 1,) the first link of each node
    sources: Int32Array  # (links,)
    weights: Float32Array  # (links,)
    direct: Float32Array  # (N * inputs * outputs,) weights of direct links, input by input
    present: UInt8Array  # (N * inputs * outputs,) whether there is one


class Network(NamedTuple):
    """The common properties of a population's networks, and the places of their data in a workspace."""

    inputs: int  # with the bias, the last of them
    outputs: int
    bias: np.float32
    has_bias: bool
    positions: int  # nodes of the largest network
    offsets: Int64Array  # (positions + 1,) the first row of gathered links of each position
    passes: int  # synchronous passes a step; 0: in order
    activation: int  # number of the activation that all nodes share, -1 where they differ
    nodes: int  # in scratch, the first row of the nodes' values
    remembered: int  # in scratch, the first row of their values one pass earlier
    weights: int  # in memory, the first row of the weights of gathered links
    numbers: int  # in memory, the first row of the activations' numbers
    counts: int  # in program, the first row of the numbers of gathered links
    sources: int  # in program, the first row of their places in scratch
    owners: int  # in program, from here on: a bit for each lane that has a direct link
    most: int  # in program, from here on: the most links of each position
    kinds: int  # in program, from here on: the set of activations of each position
    same: int  # in program, from here on: whether a row of links has one source in all lanes


def layout(
    *, inputs: int, outputs: int, bias: float | None, positions: int, offsets: Int64Array, passes: int,
    activation: int
) -> tuple[Network, int, int, int]:
    """Return the layout of a population's networks, and the rows that it needs in each buffer.

    Args:
        inputs: number of inputs, with the bias.
        outputs: number of outputs.
        bias: value of the bias; None without one.
        positions: number of nodes of the largest network.
        offsets: (positions + 1,) int64, the first row of gathered links of each position.
        passes: synchronous passes per step; 0 where nodes are computed in order.
        activation: number of the activation that all nodes share; -1 where they differ.
    Returns:
        The layout, and the rows of memory, of scratch and of program.
    """
    direct, links = inputs * outputs, int(offsets[-1])
    nodes = inputs + 1 + outputs
    counts = 2
    sources = counts + positions
    owners = (sources + links) * LANES
    network = Network(
        inputs=inputs, outputs=outputs, bias=np.float32(bias or 0), has_bias=bias is not None,
        positions=positions, offsets=offsets, passes=passes, activation=activation, nodes=nodes,
        remembered=nodes + positions, weights=direct, numbers=direct + links, counts=counts, sources=sources,
        owners=owners, most=owners + direct, kinds=owners + direct + positions,
        same=owners + direct + 2 * positions,
    )
    program_rows = -(-(network.same + links) // LANES)
    return network, network.numbers + positions, nodes + positions * (1 + (passes > 0)), program_rows


@part
def fill_memory(genomes, network, work, agent, lane):
    """Load an agent's program into a lane and clear that of the previous one.

    Recurrent values start at 0.

    Args:
        genomes: Programs.
        network: the layout.
        work: the Workspace.
        agent: index in the programs.
        lane: 0..LANES - 1.
    """
    memory, scratch, program, positions = work.memory, work.scratch, work.program, network.positions
    if get(program, FILLED) == 0:
        fill_blank(network, work)
    put(program, CHANGED, 1)
    fill_direct(genomes, network, work, agent, lane)
    node = get(genomes.starts, agent)
    size = get(genomes.starts, agent + 1) - node
    unused = positions - size
    nodes = network.remembered if network.passes > 0 else network.nodes
    for position in range(min(unused, positions - get(program, SIZES + lane)), positions):
        place = (network.counts + position) * LANES + lane
        row, before, count = get(network.offsets, position), np.int64(get(program, place)), 0
        if network.passes > 0:
            put(scratch, (network.remembered + position) * LANES + lane, ZERO)
        if position >= unused:
            link = get(genomes.links, node)
            count = get(genomes.links, node + 1) - link
            put(
                memory, (network.numbers + position) * LANES + lane,
                np.float32(get(genomes.activations, node))
            )
            for c in range(count):
                source = np.int64(get(genomes.sources, link + c))
                if source >= network.inputs:
                    source += nodes + unused - network.inputs
                put(program, (network.sources + row + c) * LANES + lane, source * LANES + lane)
                put(memory, (network.weights + row + c) * LANES + lane, get(genomes.weights, link + c))
            node += 1
        for c in range(row + count, row + before):
            fill_nothing(network, work, c, lane)
        put(program, place, count)
    put(program, SIZES + lane, size)


@part
def fill_direct(genomes, network, work, agent, lane):
    """Load an agent's direct links into a lane."""
    program, number = work.program, network.inputs * network.outputs
    for d in range(number):
        has = np.int64(get(genomes.present, agent * number + d))
        others = get(program, network.owners + d) & ~(1 << lane)
        put(program, network.owners + d, others | (has << lane))
        put(work.memory, d * LANES + lane, get(genomes.direct, agent * number + d))


@part
def fill_blank(network, work):
    """Set the programs of all lanes to programs without links, and write the bias."""
    put(work.program, FILLED, 1)
    if network.has_bias:
        store(work.scratch, (network.inputs - 1) * LANES, fill(network.bias))
    for row in range(get(network.offsets, network.positions)):
        for lane in range(LANES):
            fill_nothing(network, work, row, lane)


@part
def fill_nothing(network, work, row, lane):
    """Make a lane add 0 * -0 in a row of gathered links; the scratch row after the inputs holds 0."""
    put(work.program, (network.sources + row) * LANES + lane, network.inputs * LANES + lane)
    put(work.memory, (network.weights + row) * LANES + lane, NOTHING)


@part
def fill_summary(network, work):
    """Compute what the programs in the lanes have in common.

    The results are the first numbers of work.program and the fields `most`, `kinds` and `same` of `Network`.
    """
    program, memory, positions = work.program, work.memory, network.positions
    put(program, CHANGED, 0)
    size = network.outputs
    for lane in range(LANES):
        size = max(size, np.int64(get(program, SIZES + lane)))
    put(program, FIRST, positions - size)
    complete = 1
    for d in range(network.inputs * network.outputs):
        complete &= np.int64(get(program, network.owners + d) == ALL)
    put(program, COMPLETE, complete)
    for position in range(positions - size, positions):
        most, kinds, row = np.int32(0), 0, get(network.offsets, position)
        for lane in range(LANES):
            most = max(most, get(program, (network.counts + position) * LANES + lane))
        put(program, network.most + position, most)
        if network.activation < 0:
            for lane in range(LANES):
                if position >= positions - get(program, SIZES + lane):
                    kinds |= 1 << np.int64(get(memory, (network.numbers + position) * LANES + lane))
            put(program, network.kinds + position, kinds)
        for link in range(row, row + most):
            place, same = (network.sources + link) * LANES, 1
            for lane in range(LANES):
                same &= np.int64(get(program, place + lane) - lane == get(program, place))
            put(program, network.same + link, same)


@part
def fill_outputs(genomes, network, work):
    """Compute the outputs from the inputs, which are the first rows of work.scratch.

    It returns the index in work.scratch where the (outputs, LANES) outputs start.
    """
    memory, scratch, program, positions = work.memory, work.scratch, work.program, network.positions
    if get(program, CHANGED) != 0:
        fill_summary(network, work)
    sums, first = (network.inputs + 1) * LANES, np.int64(get(program, FIRST))
    fill_direct_sums(network, work, sums)
    for _ in range(max(network.passes, 1)):
        for position in range(first, positions):
            output = position - positions + network.outputs
            total = fill(ZERO)
            if output >= 0:
                total = load(scratch, sums + output * LANES)
            row = get(network.offsets, position)
            for link in range(row, row + get(program, network.most + position)):
                place = (network.sources + link) * LANES
                if get(program, network.same + link) != 0:
                    value = load(scratch, np.int64(get(program, place)))
                else:
                    value = gather(scratch, program, place)
                total = madd(value, load(memory, (network.weights + link) * LANES), total)
            fill_value(network, work, position, total)
        if network.passes > 0:
            for position in range(first, positions):
                store(
                    scratch, (network.remembered + position) * LANES,
                    load(scratch, (network.nodes + position) * LANES)
                )
    return (network.nodes + positions - network.outputs) * LANES


@part
def fill_direct_sums(network, work, sums):
    """Write the sums of the outputs over their direct links to scratch, from index `sums` on."""
    inputs, outputs = network.inputs, network.outputs
    if get(work.program, COMPLETE) != 0:
        fill_layer(work.scratch, sums, 0, inputs, work.memory, 0, outputs * LANES, -1, outputs)
    else:
        four = outputs & -4
        for output in range(0, four, 4):
            fill_four(network, work, sums, output)
        for output in range(four, outputs):
            total = fill(ZERO)
            for i in range(inputs):
                total = with_direct(network, work, load(work.scratch, i * LANES), i * outputs + output, total)
            store(work.scratch, sums + output * LANES, total)


@part
def fill_four(network, work, sums, output):
    """Write these sums for four outputs at once, as independent sums need not wait for each other."""
    scratch, outputs = work.scratch, network.outputs
    a, b, c, d = fill(ZERO), fill(ZERO), fill(ZERO), fill(ZERO)
    for i in range(network.inputs):
        value, first = load(scratch, i * LANES), i * outputs + output
        a = with_direct(network, work, value, first, a)
        b = with_direct(network, work, value, first + 1, b)
        c = with_direct(network, work, value, first + 2, c)
        d = with_direct(network, work, value, first + 3, d)
    store(scratch, sums + output * LANES, a)
    store(scratch, sums + (output + 1) * LANES, b)
    store(scratch, sums + (output + 2) * LANES, c)
    store(scratch, sums + (output + 3) * LANES, d)


@part
def with_direct(network, work, value, link, total):
    """Return the sums with one more direct link added in the lanes that have it."""
    owners = np.int64(get(work.program, network.owners + link))
    return where_bit(owners, madd(value, load(work.memory, link * LANES), total), total)


@part
def fill_value(network, work, position, total):
    """Write the values of a position's nodes: each lane's own activation function of its sum."""
    shared, value, first, last = network.activation, total, 0, NUMBER_OF_ACTIVATIONS
    kinds = np.int64(get(work.program, network.kinds + position))
    if shared >= 0:
        kinds, first, last = 1 << shared, shared, shared + 1
    for number in range(first, last):
        if (kinds >> number) & 1 != 0:
            one = activated(number, total)
            if shared < 0:
                away = load(work.memory, (network.numbers + position) * LANES) - fill(np.float32(number))
                one = where_greater(HALF, away * away, one, value)
            value = one
    store(work.scratch, (network.nodes + position) * LANES, value)


@formula
def activated(number, x):
    """Return the activation function with this number, in the order of `graph.Activation`, of a vector."""
    y = x
    if number == 0:
        y = steep_sigmoid(x)
    elif number == 1:
        y = sigmoid(x)
    elif number == 2:
        y = tanh(x)
    elif number == 3:
        y = relu(x)
    elif number == 4:
        y = leaky_relu(x)
    elif number == 6:
        y = selu(x)
    elif number == 7:
        y = gelu(x)
    elif number == 8:
        y = sin(x)
    elif number == 9:
        y = gaussian(x)
    elif number == 10:
        y = absolute(x)
    elif number == 11:
        y = step(x)
    return y


#: The constants that `fill_special` is bound with: one shape, and one activation of all nodes.
INPUTS = OUTPUTS = 1
PASSES = ACTIVATION = 0


@part
def fill_special(genomes, network, work):
    """Compute `fill_outputs` for one shape, one number of passes and one activation, all constant."""
    scratch, program, positions = work.scratch, work.program, network.positions
    if get(program, CHANGED) != 0:
        fill_summary(network, work)
    sums, nodes, first = (INPUTS + 1) * LANES, (INPUTS + 1 + OUTPUTS) * LANES, np.int64(get(program, FIRST))
    fill_special_sums(network, work, sums)
    inner = positions - OUTPUTS
    for _ in range(max(PASSES, 1)):
        for position in range(first, inner):
            total = linked(network, work, position, fill(ZERO))
            store(scratch, nodes + position * LANES, activated(ACTIVATION, total))
        for output in range(OUTPUTS):
            total = linked(network, work, inner + output, load(scratch, sums + output * LANES))
            store(scratch, nodes + (inner + output) * LANES, activated(ACTIVATION, total))
        if PASSES > 0:
            for position in range(first, positions):
                store(
                    scratch, (network.remembered + position) * LANES, load(scratch, nodes + position * LANES)
                )
    return nodes + inner * LANES


@part
def linked(network, work, position, total):
    """Return `total` plus the contributions of the gathered links of a position."""
    scratch, program = work.scratch, work.program
    row = get(network.offsets, position)
    for link in range(row, row + get(program, network.most + position)):
        place = (network.sources + link) * LANES
        if get(program, network.same + link) != 0:
            value = load(scratch, np.int64(get(program, place)))
        else:
            value = gather(scratch, program, place)
        total = madd(value, load(work.memory, (network.weights + link) * LANES), total)
    return total


@part
def fill_special_sums(network, work, sums):
    """Write the sums of the outputs over their direct links to scratch, from index `sums` on."""
    if get(work.program, COMPLETE) != 0:
        fill_layer(work.scratch, sums, 0, INPUTS, work.memory, 0, OUTPUTS * LANES, -1, OUTPUTS)
    else:
        for output in range(OUTPUTS):
            total = fill(ZERO)
            for i in range(INPUTS):
                total = with_direct(network, work, load(work.scratch, i * LANES), i * OUTPUTS + output, total)
            store(work.scratch, sums + output * LANES, total)
