"""Networks in float64, computed as neat-python computes them; used by benchmarks only, never by a run.

A node's value is activation(bias + response * sum of source * weight), where the sum starts at 0 and has the
order of its links. Activations use the C library's exp and tanh, so that the difference to neat-python is
exactly 0. Source: neat-python, `nn/feed_forward.py` and `activations.py`.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from processing.core.kernels.build import compiled
from processing.core.kernels.lanes import get, put
from processing.core.kernels.roles import kernel, part
from processing.core.types import Float64Array, Int64Array, UInt8Array

ACTIVATIONS = ("sigmoid", "tanh", "identity")


class Node(NamedTuple):
    """One entry of neat-python's `FeedForwardNetwork.node_evals`."""

    id: int
    activation: str  # of ACTIVATIONS
    bias: float
    response: float
    links: Sequence[tuple[int, float]]  # source and weight


class Networks(NamedTuple):
    """N networks in flat arrays.

    Sources are numbered: the inputs, then the nodes in their order, then a constant 0.
    """

    starts: Int64Array  # (N + 1,) the first node of each
    links: Int64Array  # (nodes + 1,) the first link of each node
    sources: Int64Array  # (links,)
    weights: Float64Array  # (links,)
    biases: Float64Array  # (nodes,)
    responses: Float64Array  # (nodes,)
    activations: UInt8Array  # (nodes,) numbers in ACTIVATIONS
    outputs: Int64Array  # (N * outputs,) sources that are outputs; the 0 where nothing leads to one


def networks(nodes: Sequence[Sequence[Node]], inputs: Sequence[int], outputs: Sequence[int]) -> Networks:
    """Pack networks.

    Args:
        nodes: the nodes of each network, in an order in which they can be computed.
        inputs, outputs: ids, the same for all networks.
    """
    starts, links, found = [0], [0], []
    sources: list[int] = []
    weights: list[float] = []
    ends: list[int] = []
    for network in nodes:
        places = {one: place for place, one in enumerate([*inputs, *(node.id for node in network)])}
        for node in network:
            sources += [places[source] for source, _ in node.links]
            weights += [weight for _, weight in node.links]
            links.append(len(sources))
            found.append(node)
        starts.append(len(found))
        ends += [places.get(output, len(places)) for output in outputs]
    return Networks(
        starts=np.array(starts), links=np.array(links), sources=np.array(sources, np.int64),
        weights=np.array(weights), biases=np.array([node.bias for node in found]),
        responses=np.array([node.response for node in found]),
        activations=np.array([ACTIVATIONS.index(node.activation) for node in found], np.uint8),
        outputs=np.array(ends),
    )


def answers(nets: Networks, samples: Float64Array) -> Float64Array:
    """Return the outputs of all networks for all samples, (N, S, outputs) float64.

    `samples` is (S, inputs).
    """
    size = len(nets.starts) - 1
    found = np.zeros((size, len(samples), len(nets.outputs) // size))
    room = np.zeros(samples.shape[1] + int(np.diff(nets.starts).max()) + 1)
    compiled(activations64)(
        nets, np.ascontiguousarray(samples).reshape(-1), samples.shape[1], room, found.reshape(-1)
    )
    return found


@kernel
def activations64(nets, samples, inputs, values, answers):
    """Fill the outputs of all networks for all samples; `values` holds the values of one network and a 0."""
    size, number, at = nets.starts.size - 1, samples.size // inputs, 0
    outputs = nets.outputs.size // size
    for net in range(size):
        first, last = get(nets.starts, net), get(nets.starts, net + 1)
        put(values, inputs + last - first, 0.0)
        for sample in range(number):
            for i in range(inputs):
                put(values, i, get(samples, sample * inputs + i))
            for node in range(first, last):
                total = 0.0
                for link in range(get(nets.links, node), get(nets.links, node + 1)):
                    total += get(values, get(nets.sources, link)) * get(nets.weights, link)
                total = get(nets.biases, node) + get(nets.responses, node) * total
                put(values, inputs + node - first, activated64(get(nets.activations, node), total))
            for k in range(outputs):
                put(answers, at, get(values, get(nets.outputs, net * outputs + k)))
                at += 1


@part
def activated64(number, z):
    """Return neat-python's activation of z, whose argument is scaled and then clipped at 60."""
    value = z
    if number == 0:
        value = 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, 5.0 * z))))
    elif number == 1:
        value = math.tanh(max(-60.0, min(60.0, 2.5 * z)))
    return value
