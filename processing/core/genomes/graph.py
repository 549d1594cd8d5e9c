"""The genome kind `graph`: networks whose nodes and links evolve, as in NEAT.

Source: Stanley and Miikkulainen 2002, "Evolving Neural Networks through Augmenting Topologies", section 3.1.
"""

import math
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from processing.core import rng
from processing.core.genomes import graphs
from processing.core.genomes.dense import Output
from processing.core.genomes.graph_decoding import Shape, decoded
from processing.core.genomes.graph_diversity import diversity
from processing.core.genomes.graph_program import fill_memory, fill_outputs, fill_special, layout
from processing.core.genomes.graphs import Graphs
from processing.core.kernels.pieces import ranges
from processing.core.parameters import Number, Parameters, parameter
from processing.core.rollouts.actions import Range
from processing.core.rollouts.kernel import KernelInputs
from processing.core.rollouts.network_kind import NetworkKind
from processing.core.types import Int32Array, Int64Array, Purpose


class Activation(StrEnum):
    """Transfer functions of nodes; genomes know them by their number in this order."""

    STEEP_SIGMOID = "steep_sigmoid"
    SIGMOID = "sigmoid"
    TANH = "tanh"
    RELU = "relu"
    LEAKY_RELU = "leaky_relu"
    IDENTITY = "identity"
    SELU = "selu"
    GELU = "gelu"
    SIN = "sin"
    GAUSSIAN = "gaussian"
    ABS = "abs"
    STEP = "step"


_UNIT = {Activation.STEEP_SIGMOID, Activation.SIGMOID, Activation.GAUSSIAN, Activation.STEP}
_SYMMETRIC = {Activation.TANH, Activation.SIN}


class GraphParameters(Parameters):
    """A network that starts without hidden nodes; its input and output sizes follow from the environment."""

    activations: tuple[Activation, ...] = parameter(
        (Activation.STEEP_SIGMOID,), meaning="Transfer functions that a new hidden node draws from.",
        min_length=1, max_length=len(Activation),
    )
    output_activation: Activation = parameter(
        Activation.STEEP_SIGMOID, meaning="Transfer function of the outputs."
    )
    output: Output = parameter(
        Output.ARGMAX,
        meaning="Where outputs choose an action: the best one wins, or it is sampled by softmax."
    )
    recurrent: bool = parameter(False, meaning="Whether links may lead back, so that the network remembers.")
    bias: Number | None = parameter(
        1.0, meaning="What the bias, one more input, always says; null for none.",
        source="Stanley and Miikkulainen 2002, section 4.1",
    )
    activations_per_step: Annotated[int, Field(ge=1, le=1_000)] | None = parameter(
        None, unit="passes",
        meaning="Passes in which each node is computed from what the others were one pass earlier, "
        "remembered from step to step. Null: one such pass where the network is recurrent, else every node "
        "in order, from inputs to outputs.",
    )


class Node(NamedTuple):
    """One node as plain data."""

    id: int
    role: str  # "input", "bias", "output", "hidden"
    activation: str | None  # None where the value is an input
    bias: float | None  # the constant value of a bias node


class Connection(NamedTuple):
    """One connection gene as plain data."""

    innovation: int
    source: int
    target: int
    weight: float
    enabled: bool
    recurrent: bool  # whether it is on a cycle of enabled genes


#: The loops over direct links are unrolled; with more links than this the kernels would be large.
MOST_SPECIAL_WEIGHTS = 2**8
#: Weights that are drawn at a time, which bounds memory.
MOST_DRAWN = 2**22


class Graph(NetworkKind[GraphParameters]):
    """The genome kind `graph` for one number of inputs and outputs; genomes are `Graphs`.

    Node ids: inputs from 0, then the bias where there is one, then the outputs; hidden nodes from
    `first_hidden` on, in the order in which the run creates them.
    """

    Parameters = GraphParameters
    bytes_per_weight = 17  # of a packed genome, for each slot of a connection gene
    is_grown = True

    def __init__(self, parameters: GraphParameters, *, inputs: int, outputs: int) -> None:
        self.parameters, self.inputs, self.outputs = parameters, inputs, outputs
        self.bias = parameters.bias
        self.first_output = inputs + (self.bias is not None)
        self.first_hidden = self.first_output + outputs
        self.number_of_weights = self.first_output * outputs
        self._prepared: tuple[Graphs, KernelInputs] | None = None

    @classmethod
    def of(
        cls, parameters: GraphParameters, *, input_shape: tuple[int, ...], output_shape: tuple[int, ...]
    ) -> "Graph":
        """Return the kind for inputs and outputs of these shapes, whose numbers are in row-major order."""
        return Graph(parameters, inputs=math.prod(input_shape), outputs=math.prod(output_shape))

    @property
    def output(self) -> str:
        """How one of several actions is chosen, "argmax" or "softmax"."""
        return self.parameters.output.value

    @property
    def output_range(self) -> Range:
        """The range of the outputs, by their transfer function."""
        return _range(self.parameters.output_activation)

    @property
    def output_activation(self) -> str:
        """The transfer function of the outputs."""
        return self.parameters.output_activation.value

    def random(self, size: int, *, seed: int, generation: int) -> Graphs:
        """Draw genomes without hidden nodes, in which every input and the bias is linked to every output.

        Genes are ordered by output, then by input; their innovation numbers are 0, 1, ... in this order.
        Weights are uniform in [-1, 1]: that of gene g is draw g of (seed, INITIAL, generation, agent).

        Args:
            size: N, the number of genomes.
            seed, generation: the address of the draws.
        """
        number = self.number_of_weights
        found = graphs.empty(size, number, 0)
        targets, sources = np.divmod(np.arange(number, dtype=np.int32), np.int32(self.first_output))
        found.genes[:], found.enabled[:] = number, 1
        found.innovations[:] = np.arange(number)
        found.sources[:], found.targets[:] = sources, targets + self.first_output
        few = min(1024, max(1, MOST_DRAWN // max(1, number)))
        for first, last in ranges(size, at_first=few, most=few):
            keys = rng.keys(seed, Purpose.INITIAL, generation, np.arange(first, last))
            found.weights[first:last] = 2 * rng.uniforms(keys, number) - 1
        return found

    def count(self, genomes: Graphs) -> int:
        return len(genomes.genes)

    def take(self, genomes: Graphs, indices: Int32Array) -> Graphs:
        """Return the genomes at these (K,) indices, trimmed."""
        return graphs.take(genomes, indices)

    def join(self, parts: list[Graphs]) -> Graphs:
        """Return the genomes of several groups, one after the other."""
        return graphs.join(parts)

    def pack(self, genomes: Graphs) -> bytes:
        """Return one row of bytes for each genome; see `graphs.pack`."""
        return graphs.pack(genomes)

    def unpack(self, data: bytes) -> Graphs:
        """Return the genomes that `pack` stored.

        Raises:
            Broken: the bytes are not complete genomes.
        """
        return graphs.unpack(data)

    def diversity(self, genomes: Graphs) -> float:
        """Return the spread of the weights; see `graph_diversity.py`."""
        return diversity(genomes)

    def complexity(self, genomes: Graphs) -> float:
        """Return the mean number of enabled connections; 0 for no genomes."""
        return int(genomes.enabled.sum(dtype=np.int64)) / max(len(genomes.genes), 1)

    def describe(self, genomes: Graphs, agent: int) -> tuple[list[Node], list[Connection]]:
        """Return the nodes and the connection genes of one genome as plain data.

        Nodes are ordered by id (inputs, bias, outputs, hidden), connections by innovation number.

        Args:
            genomes: a group of genomes.
            agent: index in the group.
        """
        names = list(Activation)
        output = self.parameters.output_activation.value
        nodes = [Node(number, "input", None, None) for number in range(self.inputs)]
        nodes += [] if self.bias is None else [Node(self.inputs, "bias", None, self.bias)]
        nodes += [Node(self.first_output + number, "output", output, None) for number in range(self.outputs)]
        hidden = int(genomes.nodes[agent])
        kinds = genomes.activations[agent, :hidden].tolist()
        nodes += [
            Node(number, "hidden", names[kind].value, None)
            for number, kind in zip(genomes.hidden[agent, :hidden].tolist(), kinds, strict=True)
        ]
        genes = slice(0, int(genomes.genes[agent]))
        columns: list[Any] = [
            field[agent, genes].tolist()
            for field in (
                genomes.innovations, genomes.sources, genomes.targets, genomes.weights, genomes.enabled
            )
        ]
        follows = _followers(columns)
        links = [
            Connection(
                number, source, target, weight, bool(enabled), bool(enabled) and source in follows[target]
            )
            for number, source, target, weight, enabled in zip(*columns, strict=True)
        ]
        return nodes, links

    def prepared(self, genomes: Graphs) -> KernelInputs:
        """Return the genomes in the form of the kernels; the result for the latest `genomes` object is kept.

        Raises:
            Broken: a link ends at a node that the genome lacks, or links form a cycle where nodes are
                computed in order.
        """
        if self._prepared is None or self._prepared[0] is not genomes:
            self._prepared = genomes, self._decoded(genomes)
        return self._prepared[1]

    @property
    def parts(self) -> dict[str, object]:
        """The slots of `rollouts/kernel.py` that this genome kind fills."""
        return {"fill_memory": fill_memory, "fill_outputs": fill_outputs}

    @property
    def special_parts(self) -> dict[str, object] | None:
        """The same slots specialised for this shape; None for several activations or many direct links."""
        values = self.parameters
        if (
            set(values.activations) != {values.output_activation}
            or self.number_of_weights > MOST_SPECIAL_WEIGHTS
        ):
            return None
        return {
            "fill_memory": fill_memory, "fill_outputs": fill_special, "INPUTS": self.first_output,
            "OUTPUTS": self.outputs, "PASSES": self.passes, "ACTIVATION": _number(values.output_activation),
        }

    @cached_property
    def passes(self) -> int:
        """The number of synchronous passes per step; 0 where nodes are computed in order."""
        return self.parameters.activations_per_step or int(self.parameters.recurrent)

    @property
    def passes_parameter(self) -> tuple[str, int | None]:
        """The parameter that sets the number of passes."""
        return "activations_per_step", self.parameters.activations_per_step

    def _decoded(self, genomes: Graphs) -> KernelInputs:
        shape = Shape(
            inputs=self.first_output, outputs=self.outputs, first_hidden=self.first_hidden,
            activation=_number(self.parameters.output_activation), synchronous=self.passes > 0,
            gene_slots=genomes.weights.shape[1], node_slots=genomes.hidden.shape[1],
        )
        programs, widths = decoded(genomes, shape)
        used = programs.activations[: programs.starts[-1]]
        shared = int(used[0]) if len(used) and bool((used == used[0]).all()) else -1
        offsets: Int64Array = np.concatenate([np.zeros(1, np.int64), np.cumsum(widths[::-1])])
        network, rows, scratch_rows, program_rows = layout(
            inputs=self.first_output, outputs=self.outputs, bias=self.bias, positions=len(widths),
            offsets=offsets, passes=self.passes, activation=shared,
        )
        return KernelInputs(
            programs, network, rows=rows, scratch_rows=scratch_rows, program_rows=program_rows
        )


def _range(activation: Activation) -> Range:
    if activation in _UNIT:
        return Range.UNIT
    return Range.SYMMETRIC if activation in _SYMMETRIC else Range.UNBOUNDED


def _number(activation: Activation) -> int:
    return list(Activation).index(activation)


def _followers(columns: list[Any]) -> dict[int, set[int]]:
    """For each node the set of nodes reachable over enabled links, the node itself included."""
    _, sources, targets, _, enabled = columns
    nexts: dict[int, list[int]] = {node: [] for node in [*sources, *targets]}
    for source, target, is_enabled in zip(sources, targets, enabled, strict=True):
        if is_enabled:
            nexts[source].append(target)
    found = {}
    for node in nexts:
        reached, border = {node}, [node]
        while border:
            fresh = set(nexts[border.pop()]) - reached
            reached |= fresh
            border += fresh
        found[node] = reached
    return found
