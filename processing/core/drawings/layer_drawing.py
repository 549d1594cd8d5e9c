"""Networks drawn layer by layer, each with the shape of its output and its parameters."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from processing.core.drawings.drawing import LAYER_GAP, Network, NetworkEdge, NetworkLevel, NetworkNode
from processing.core.genomes.graph_genes import NodeRole


class Layer(NamedTuple):
    """What is shown of a layer."""

    label: str
    operator: str  # what it does besides, a line for each step
    shape: tuple[int, ...]  # of its output, without the batch dimension
    parameters: int


def drawing_of_layers(layers: Sequence[Layer]) -> Network:
    """Draw layers in a row, of which the first is the input and the last the output."""
    last = len(layers) - 1
    nodes = tuple(
        NetworkNode(
            id=str(place), label=layer.label, operator=layer.operator, layer=place, x=place * LAYER_GAP,
            y=0.0, output_shape=layer.shape, parameter_count=layer.parameters,
            role=NodeRole.INPUT if place == 0 else NodeRole.OUTPUT if place == last else NodeRole.HIDDEN,
        )
        for place, layer in enumerate(layers)
    )
    edges = tuple(NetworkEdge(left.id, right.id) for left, right in pairwise(nodes))
    return Network(level=NetworkLevel.LAYER, nodes=nodes, edges=edges, depth=last)
