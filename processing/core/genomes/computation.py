"""What a network computes, unit by unit: the one form that exports are written from, whatever kind the genome is."""

from collections.abc import Sequence
from dataclasses import dataclass

from processing.core.errors import Refused
from processing.core.genomes.graph_genes import Genes, NodeRole
from processing.core.types import Float32Array


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: its activation of bias + sum of value * weight."""

    number: int
    activation: str
    bias: float
    links: tuple[tuple[int, float], ...]  # numbers of inputs or units, and weights


@dataclass(frozen=True, slots=True)
class Computation:
    """A network of `inputs` inputs, whose numbers are 0, 1, 2, … ."""

    inputs: int
    units: tuple[Unit, ...]  # without passes in an order in which they can be computed
    outputs: tuple[int, ...]  # numbers of units
    passes: int | None  # times in each step that all units are computed from the values of the time before; None: once, in order


def computation_of_dense(
    layers: Sequence[tuple[Float32Array, Float32Array | None]], activation: str, squashing: str = "identity"
) -> Computation:
    """The computation of fully connected layers.

    Args:
        layers: for each layer its weights (inputs, outputs) and its biases (outputs,) or None; at least one.
        activation, squashing: transfer functions of the hidden units and of the outputs.
    """
    before, units = list(range(layers[0][0].shape[0])), list[Unit]()
    for place, (weights, biases) in enumerate(layers):
        name = squashing if place == len(layers) - 1 else activation
        rows = weights.T.tolist()
        values = [0.0] * len(rows) if biases is None else biases.tolist()
        first = before[-1] + 1
        layer = [
            Unit(first + number, name, bias, tuple(zip(before, row, strict=True)))
            for number, (row, bias) in enumerate(zip(rows, values, strict=True))
        ]
        units += layer
        before = [unit.number for unit in layer]
    return Computation(layers[0][0].shape[0], tuple(units), tuple(before), passes=None)


def computation_of_graph(genes: Genes) -> Computation:
    """The computation of a graph genome; what the bias node adds to a unit is that unit's bias.

    Raises:
        Refused: enabled links form a circle, and there are no passes.
    """
    steady, biases = set(genes.of(NodeRole.BIAS)), genes.biases()
    links: dict[int, list[tuple[int, float]]] = {node.number: [] for node in genes.nodes}
    for gene in genes.connections:
        if gene.enabled and gene.source not in steady:
            links[gene.target].append((gene.source, gene.weight))
    units = [
        Unit(node.number, node.activation, biases.get(node.number, 0.0), tuple(links[node.number]))
        for node in genes.nodes if node.role in (NodeRole.HIDDEN, NodeRole.OUTPUT)
    ]
    return Computation(
        inputs=len(genes.of(NodeRole.INPUT)), outputs=tuple(genes.of(NodeRole.OUTPUT)), passes=genes.passes,
        units=tuple(units if genes.passes else [unit for level in levels_of(units) for unit in level]),
    )


def levels_of(units: Sequence[Unit]) -> list[list[Unit]]:
    """The units in groups, each of which needs inputs and earlier groups only.

    Raises:
        Refused: there is a circle.
    """
    numbers = {unit.number for unit in units}
    waiting, known, found = list(units), set[int](), list[list[Unit]]()
    while waiting:
        ready = [unit for unit in waiting if all(source in known or source not in numbers for source, _ in unit.links)]
        if not ready:
            raise Refused("links: expected a feed-forward network, got a circle")
        known |= {unit.number for unit in ready}
        waiting = [unit for unit in waiting if unit.number not in known]
        found.append(ready)
    return found
