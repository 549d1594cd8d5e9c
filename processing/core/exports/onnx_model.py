"""A network as an ONNX model of standard operators, for a batch of observations, in float32.

Feed-forward networks take `observation` (batch, inputs) and return `outputs` (batch, outputs). Networks with
passes have a memory: they also take a `state` (batch, units), the values of all units, which is 0 at the
start of an episode, and return a `next_state`.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from processing.core.genomes.computation import Computation, Layers, Unit, levels_of
from processing.core.rollouts.normalization import MOST_DEVIATIONS, Normalization

#: Versions of the operator set and of the file format; runtimes since 2022 read both.
OPSET, IR_VERSION = 17, 8
#: The limits of `numeric.py`: arguments are clipped here as there, so that outputs that are equal there are
#: equal here too.
_SINE_LIMIT, _TANH_CLIP, _EXP_RANGE = 2.0**20, 7.90531110763549805, (-87.0, 88.0)


def onnx_of_dense(
    layers: Layers, activation: str, metadata: Mapping[str, str], normalization: Normalization | None = None,
    *, squashing: str = "identity",
) -> bytes:
    """Return the model of fully connected layers, with a Gemm for each.

    Args:
        layers: at least one.
        activation, squashing: transfer functions of the hidden units and of the outputs.
        metadata: texts that the file contains.
        normalization: how observations are normalised first; None where they are not.
    """
    graph = _Graph()
    values = _normalized(graph, normalization)
    for place, (weights, biases) in enumerate(layers):
        inputs = [values, graph.constant(weights), *([] if biases is None else [graph.constant(biases)])]
        values = graph.add("Gemm", *inputs)
        values = graph.activated(values, activation if place < len(layers) - 1 else squashing)
    graph.name(values, "outputs")
    return graph.model({"observation": layers[0][0].shape[0]}, {"outputs": layers[-1][0].shape[1]}, metadata)


def onnx_of(
    computation: Computation, metadata: Mapping[str, str], normalization: Normalization | None = None
) -> bytes:
    """Return the model of any network, with a MatMul for the units of a level that have the same activation.

    Args:
        metadata: texts that the file contains.
        normalization: how observations are normalised first; None where they are not.
    Raises:
        Refused: the links of a network without passes form a cycle.
    """
    graph = _Graph()
    sizes, normalized = {"observation": computation.inputs}, _normalized(graph, normalization)
    if computation.passes is None:
        values, places = _in_order(graph, computation, normalized)
        chosen = [places[number] for number in computation.outputs]
        graph.name(graph.add("Gather", values, graph.indices(chosen), axis=1), "outputs")
        return graph.model(sizes, {"outputs": len(computation.outputs)}, metadata)
    values, units = "state", computation.units
    for _ in range(computation.passes):
        values = _one_pass(graph, computation, normalized, values)
    graph.name(values, "next_state")
    numbers = [unit.number for unit in units]
    chosen = [numbers.index(number) for number in computation.outputs]
    graph.name(graph.add("Gather", "next_state", graph.indices(chosen), axis=1), "outputs")
    sizes, outputs = sizes | {"state": len(units)}, {
        "outputs": len(computation.outputs), "next_state": len(units)
    }
    return graph.model(
        sizes, outputs, dict(metadata) | {"state": "0 at the start of an episode, then next_state"}
    )


def _normalized(graph: "_Graph", normalization: Normalization | None) -> str:
    """The observation as the network receives it."""
    if normalization is None:
        return "observation"
    away = graph.add("Sub", "observation", graph.constant(normalization.mean[None]))
    scaled = graph.add("Mul", away, graph.constant(normalization.scale[None]))
    return graph.cut(scaled, -float(MOST_DEVIATIONS), float(MOST_DEVIATIONS))


def _in_order(graph: "_Graph", computation: Computation, normalized: str) -> tuple[str, dict[int, int]]:
    """All values in one tensor, those of the inputs first; and the column of each number in it."""
    values, places = normalized, {number: number for number in range(computation.inputs)}
    for level in levels_of(computation.units):
        found = [values]
        for units in _alike(level):
            found.append(_computed(graph, values, places, units))
            for unit in units:
                places[unit.number] = len(places)
        values = graph.add("Concat", *found, axis=1)
    return values, places


def _one_pass(graph: "_Graph", computation: Computation, normalized: str, state: str) -> str:
    """The next state: all units, computed from the observation and the previous state."""
    values = graph.add("Concat", normalized, state, axis=1)
    places = {number: number for number in range(computation.inputs)}
    places |= {unit.number: computation.inputs + place for place, unit in enumerate(computation.units)}
    groups = _alike(computation.units)
    after = graph.add("Concat", *(_computed(graph, values, places, units) for units in groups), axis=1)
    order = [unit.number for units in groups for unit in units]
    return graph.add(
        "Gather", after, graph.indices([order.index(unit.number) for unit in computation.units]), axis=1
    )


def _alike(units: Sequence[Unit]) -> list[list[Unit]]:
    """The units in groups with the same activation."""
    ranked = sorted(units, key=lambda unit: unit.activation)
    return [list(group) for _, group in groupby(ranked, key=lambda unit: unit.activation)]


def _computed(graph: "_Graph", values: str, places: Mapping[int, int], units: Sequence[Unit]) -> str:
    """The values of units with the same activation, (batch, units)."""
    sources = sorted({places[source] for unit in units for source, _ in unit.links})
    biases = graph.constant(np.array([[unit.bias for unit in units]], np.float32))
    if not sources:  # a constant for each row of the batch
        sources = [0]
    weights, rows = np.zeros((len(sources), len(units)), np.float32), {
        place: row for row, place in enumerate(sources)
    }
    for column, unit in enumerate(units):
        for source, weight in unit.links:
            weights[rows[places[source]], column] += np.float32(weight)
    gathered = graph.add("Gather", values, graph.indices(sources), axis=1)
    total = graph.add("Add", graph.add("MatMul", gathered, graph.constant(weights)), biases)
    return graph.activated(total, units[0].activation)


class _Graph:
    """The named operators and constants of a model."""

    def __init__(self) -> None:
        self.operators: list[Any] = []
        self.constants: list[Any] = []

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator and return the name of its output."""
        name = f"{operator.lower()}_{len(self.operators)}"
        self.operators.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def name(self, value: str, name: str) -> None:
        """Give a value the name of an output of the model."""
        self.operators.append(helper.make_node("Identity", [value], [name]))

    def constant(self, array: NDArray[Any]) -> str:
        """Add an array as a constant and return its name."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def number(self, value: float) -> str:
        """Add a float32 number as a constant and return its name."""
        return self.constant(np.array(value, np.float32))

    def indices(self, places: Sequence[int]) -> str:
        """Add int64 indices as a constant and return its name."""
        return self.constant(np.array(places, np.int64))

    def activated(self, x: str, activation: str) -> str:
        """Add the operators of an activation and return the name of their output."""
        match activation:
            case "identity":
                return x
            case "relu" | "abs":
                return self.add(activation.capitalize(), x)
            case "tanh":
                return self.add("Tanh", self.cut(x, -_TANH_CLIP, _TANH_CLIP))
            case "sigmoid":
                return self._sigmoid(x)
            case "leaky_relu":
                return self.add("LeakyRelu", x, alpha=0.01)
            case "selu":
                return self.add("Selu", x)
            case "steep_sigmoid":
                return self._sigmoid(self.add("Mul", x, self.number(4.924273)))
            case "gaussian":
                return self._exp(self.add("Neg", self.add("Mul", x, x)))
            case "step":
                return self.add("Cast", self.add("Greater", x, self.number(0.0)), to=TensorProto.FLOAT)
            case "sin":
                is_small = self.add("Less", self.add("Abs", x), self.number(_SINE_LIMIT))
                return self.add("Where", is_small, self.add("Sin", x), self.number(0.0))
            case _:
                assert activation == "gelu", f"no operators for the activation {activation}"
                return self._gelu(x)

    def cut(self, x: str, low: float, high: float) -> str:
        """Clip a value to [low, high]."""
        return self.add("Clip", x, self.number(low), self.number(high))

    def _exp(self, x: str) -> str:
        return self.add("Exp", self.cut(x, *_EXP_RANGE))

    def _sigmoid(self, x: str) -> str:
        """1 / (1 + e^-x); the runtimes' own sigmoids are inexact near 0 and 1, where outputs are compared."""
        return self.add(
            "Div", self.number(1.0), self.add("Add", self._exp(self.add("Neg", x)), self.number(1.0))
        )

    def _gelu(self, x: str) -> str:
        """x / 2 (1 + tanh(0.79788 (x + 0.044715 x^3))), the tanh form."""
        cube = self.add("Mul", self.add("Mul", self.add("Mul", x, x), x), self.number(0.044715))
        inner = self.add("Mul", self.add("Add", x, cube), self.number(0.7978845608028654))
        twice = self.add("Add", self.add("Tanh", inner), self.number(1.0))
        return self.add("Mul", self.add("Mul", x, self.number(0.5)), twice)

    def model(
        self, inputs: Mapping[str, int], outputs: Mapping[str, int], metadata: Mapping[str, str]
    ) -> bytes:
        """Return the checked model with these inputs and outputs, each (batch, size)."""
        given, found = (
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", size])
                for name, size in sizes.items()
            ]
            for sizes in (inputs, outputs)
        )
        graph = helper.make_graph(self.operators, "network", given, found, self.constants)
        model = helper.make_model(
            graph, producer_name="neuroevolution", ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)]
        )
        helper.set_model_props(model, dict(metadata))
        onnx.checker.check_model(model)
        data: bytes = model.SerializeToString()
        return data
