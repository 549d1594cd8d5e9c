"""The computation of a network, unit by unit: the common form from which all genome kinds are exported."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from processing.core.errors import Refused
from processing.core.genomes.graph_genes import Genes, NodeRole
from processing.core.types import Float32Array

#: For each layer its weights, (inputs, outputs), and its biases, (outputs,) or None, float32.
Layers: TypeAlias = Sequence[tuple[Float32Array, Float32Array | None]]


class FullyConnected(NamedTuple):
    """A network of fully connected layers."""

    layers: Layers  # at least one
    activation: str  # of the hidden units


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit; its value is its activation function applied to bias + sum of value * weight."""

    number: int
    activation: str
    bias: float
    links: tuple[tuple[int, float], ...]  # number of the source (an input or a unit), and weight


@dataclass(frozen=True, slots=True)
class Computation:
    """A network whose inputs have the numbers 0..inputs - 1."""

    inputs: int
    units: tuple[Unit, ...]  # without passes, in topological order
    outputs: tuple[int, ...]  # numbers of units
    passes: int | None  # synchronous updates of all units per step; None: one update in order


def computation_of_dense(layers: Layers, activation: str, squashing: str = "identity") -> Computation:
    """Return the computation of fully connected layers.

    Args:
        layers: at least one.
        activation: name of the activation function of the hidden units.
        squashing: name of the activation function of the outputs.
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
    """Return the computation of a graph genome; links from the bias node become biases of their targets.

    Raises:
        Refused: the enabled links form a cycle, and there are no synchronous passes.
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
    """Return the units in groups, each of which depends only on inputs and on earlier groups.

    Raises:
        Refused: there is a cycle.
    """
    numbers = {unit.number for unit in units}
    waiting, known, found = list(units), set[int](), list[list[Unit]]()
    while waiting:
        ready = [
            unit for unit in waiting
            if all(source in known or source not in numbers for source, _ in unit.links)
        ]
        if not ready:
            raise Refused("links: expected a feed-forward network, got a circle")
        known |= {unit.number for unit in ready}
        waiting = [unit for unit in waiting if unit.number not in known]
        found.append(ready)
    return found
