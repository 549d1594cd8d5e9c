"""Converts genomes of neat-python to graphs of this core with the same networks.

Each node's bias becomes a link from the bias input, so that a genome has as many genes here as nodes and
connections in neat-python. neat-python multiplies a node's sum by 5 (sigmoid) or 2.5 (tanh); here the weights
are multiplied. Equal pairs of nodes get equal innovation numbers, as neat-python matches genes by their pair.
"""

from typing import Any

import numpy as np

from processing.core.genomes.graph import Activation, Graph, GraphParameters
from processing.core.genomes.graphs import Graphs, empty

#: Factors by which neat-python multiplies sums.
STEEPNESS = {Activation.SIGMOID: 5.0, Activation.TANH: 2.5}

Genes = dict[str, Any]  # nodes: [key, bias, …], connections: [source, target, weight, enabled]


def kind_of(activation: Activation, *, inputs: int, outputs: int) -> Graph:
    """Return the genome kind of converted genomes."""
    return Graph(
        GraphParameters(activations=(activation,), output_activation=activation), inputs=inputs,
        outputs=outputs
    )


def converted(population: list[Genes], kind: Graph) -> Graphs:
    """Convert a population of neat-python; all its nodes must have a response of 1."""
    activation = kind.parameters.output_activation
    links = [_links(genes, kind, STEEPNESS[activation]) for genes in population]
    numbers = {
        pair: number for number, pair in enumerate(sorted({link[:2] for one in links for link in one}))
    }
    hidden = [
        sorted(_id(node[0], kind) for node in genes["nodes"] if node[0] >= kind.outputs)
        for genes in population
    ]
    graphs = empty(len(population), max(map(len, links)), max(map(len, hidden)))
    for agent, (own, nodes) in enumerate(zip(links, hidden, strict=True)):
        ordered = sorted(own, key=lambda link: numbers[link[:2]])
        size = len(ordered)
        graphs.genes[agent], graphs.nodes[agent] = size, len(nodes)
        graphs.innovations[agent, :size] = [numbers[link[:2]] for link in ordered]
        for field, place in (
            (graphs.sources, 0), (graphs.targets, 1), (graphs.weights, 2), (graphs.enabled, 3)
        ):
            field[agent, :size] = np.array([link[place] for link in ordered]).astype(field.dtype)
        graphs.hidden[agent, : len(nodes)] = nodes
        graphs.activations[agent, : len(nodes)] = list(Activation).index(activation)
    return graphs


def _links(genes: Genes, kind: Graph, steepness: float) -> list[tuple[int, int, float, bool]]:
    own = [(kind.inputs, _id(node[0], kind), steepness * node[1], True) for node in genes["nodes"]]
    return own + [
        (_id(source, kind), _id(target, kind), steepness * weight, enabled)
        for source, target, weight, enabled in genes["connections"]
    ]


def _id(key: int, kind: Graph) -> int:
    """Convert a node's id; neat-python counts inputs from -1 down, outputs from 0 up, then hidden nodes."""
    return -key - 1 if key < 0 else kind.first_output + key
