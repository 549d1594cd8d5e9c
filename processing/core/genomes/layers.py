"""Fully connected layers in lanes: one kernel for all shapes, so that a new shape is not compiled.

A shape with one hidden layer can have a specialised kernel (`fill_special`), with the same bits and a fifth
faster.

Small networks keep a copy of LANES agents' weights side by side (one agent per lane); the sums of up to ten
units stay in registers during the loop over the inputs. Large ones (`wide`) are computed agent by agent
directly from the genomes, with LANES *units* side by side; what the last vector of a layer reads beyond its
units is never used. Every sum has the same order in both: the bias, then the inputs one after the other.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from typing import NamedTuple

from processing.core.kernels.lanes import LANES, fill, fill_sums, get, load, put, store, widest_tile
from processing.core.kernels.numeric import gelu, leaky_relu, relu, selu, sigmoid, sin, tanh
from processing.core.kernels.roles import part
from processing.core.types import Int64Array

#: Above this, a copy of LANES agents' weights (512 KiB) no longer fits the second-level cache well, and lanes
#: gain nothing.
MOST_LANE_WEIGHTS = 2**13


class Network(NamedTuple):
    """The shape of a network in the form of the kernels."""

    sizes: Int64Array  # (layers + 1,) inputs, hidden units, outputs
    weights: int  # of one genome
    width: int  # the largest of sizes
    activation: int  # number of the hidden units' activation
    bias: bool
    wide: bool  # whether units, not agents, lie side by side


@part
def fill_memory(genomes, network, work, agent, lane):
    """Copy an agent's weights to its lane of work.memory; large networks need no copy."""
    if not network.wide:
        for row in range(network.weights):
            put(work.memory, row * LANES + lane, get(genomes, agent * network.weights + row))


@part
def fill_outputs(genomes, network, work):
    """Compute the outputs, (units, LANES), from the inputs, which are the first rows of work.scratch.

    It returns the index in scratch where the outputs start. Three sections follow the inputs. In lanes, the
    results of the layers alternate between the first two. Unit by unit (`wide`), the first holds each input
    of a layer in all lanes of a vector, the second the outputs, the third the sums.
    """
    memory, scratch = work.memory, work.scratch
    inputs, wide = get(network.sizes, 0), network.wide
    first = inputs * LANES
    second = first + network.width * LANES
    third = second + network.width * LANES
    weights, gap = (genomes, 1) if wide else (memory, LANES)
    source, target, other = (first, third, third) if wide else (0, first, second)
    layers = network.sizes.size - 1
    for lane in range(LANES if wide else 1):
        at = 0
        if wide:
            if get(work.alive, lane) == 0:
                continue
            at = get(work.agents, lane) * network.weights
            fill_spread(scratch, first, lane, LANES, inputs)
        for layer in range(layers):
            before, after = get(network.sizes, layer), get(network.sizes, layer + 1)
            vectors = (after + LANES - 1) // LANES if wide else after
            biases = at + before * after * gap if network.bias else -1
            fill_layer(scratch, target, source, before, weights, at, after * gap, biases, vectors)
            if layer < layers - 1:
                fill_activated(network.activation, scratch, target, vectors)
            if wide:
                fill_spread(scratch, first, third, 1, after)
            else:
                source, target, other = target, other, target
            at += (before + network.bias) * after * gap
        if wide:
            for unit in range(get(network.sizes, layers)):
                put(scratch, second + unit * LANES + lane, get(scratch, third + unit))
    return second if wide else source


@part
def fill_layer(scratch, target, source, inputs, weights, at, stride, biases, vectors):
    """Compute the sums of one layer, tile by tile.

    Args:
        scratch: flat float32, with inputs from index `source` on and sums from `target` on.
        vectors: number of vectors of sums, one per unit in lanes.
        inputs, weights, at, stride, biases: as in `lanes.fill_sums`.
    """
    done = 0
    while done < vectors:
        left = vectors - done
        units = widest_tile()
        if left <= 2 * units:
            units = left if left <= units else (left + 1) >> 1
        skip = done * LANES
        bias = biases + skip if biases >= 0 else biases
        fill_sums(scratch, target + skip, scratch, source, inputs, weights, at + skip, stride, bias, units)
        done += units


#: The constants that `fill_special` is bound with: a network of one hidden layer.
INPUTS = HIDDEN = OUTPUTS = ACTIVATION = 1
BIAS = True
#: Number of hidden units whose activations start before the sums of the next units, so that divisions and
#: sums overlap in the processor.
TILE = 4


@part
def fill_special(genomes, network, work):
    """Compute `fill_outputs` for one shape in lanes.

    With constant sizes the compiler unrolls every loop but the one over the inputs.
    """
    memory, scratch = work.memory, work.scratch
    first, second = INPUTS * LANES, (INPUTS + HIDDEN) * LANES
    last = (INPUTS + BIAS) * HIDDEN * LANES
    biases = INPUTS * HIDDEN * LANES if BIAS else -1
    for done in range(0, HIDDEN, TILE):
        units, skip = min(TILE, HIDDEN - done), done * LANES
        bias = biases + skip if BIAS else -1
        fill_layer(scratch, first + skip, 0, INPUTS, memory, skip, HIDDEN * LANES, bias, units)
        fill_activated(ACTIVATION, scratch, first + skip, units)
    biases = last + HIDDEN * OUTPUTS * LANES if BIAS else -1
    fill_layer(scratch, second, first, HIDDEN, memory, last, OUTPUTS * LANES, biases, OUTPUTS)
    return second


@part
def fill_spread(x, target, source, gap, numbers):
    """Copy each of `numbers` numbers of x, which are `gap` apart, to all lanes of a vector."""
    for i in range(numbers):
        store(x, target + i * LANES, fill(get(x, source + i * gap)))


@part
def fill_activated(number, x, at, vectors):
    """Apply the activation function with this number, in the order of `dense.Activation`, in place.

    Each activation has its own loop.
    """
    if number == 1:
        fill_each(relu, x, at, vectors)
    elif number == 2:
        fill_each(leaky_relu, x, at, vectors)
    elif number == 3:
        fill_each(sigmoid, x, at, vectors)
    elif number == 4:
        fill_each(tanh, x, at, vectors)
    elif number == 5:
        fill_each(selu, x, at, vectors)
    elif number == 6:
        fill_each(gelu, x, at, vectors)
    elif number == 7:
        fill_each(sin, x, at, vectors)


@part
def fill_each(function, x, at, vectors):
    """Apply a function to each of `vectors` vectors of x, in place."""
    for place in range(at, at + vectors * LANES, LANES):
        store(x, place, function(load(x, place)))
