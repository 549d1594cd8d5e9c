"""The activity of a network's units, for pictures only: nearly, but not exactly, the evaluated values."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from processing.core.genomes.computation import Computation, Layers
from processing.core.sums import in_order
from processing.core.types import Float64Array

_ACTIVATIONS: dict[str, Callable[[Float64Array], Float64Array]] = {
    "identity": lambda x: x,
    "relu": lambda x: np.maximum(x, 0.0),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "sigmoid": lambda x: 1 / (1 + np.exp(-np.clip(x, -60.0, 60.0))),
    "tanh": np.tanh,
    "selu": lambda x: 1.0507 * np.where(x > 0, x, 1.6733 * np.expm1(np.minimum(x, 0.0))),
    "gelu": lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "sin": np.sin,
    "steep_sigmoid": lambda x: 1 / (1 + np.exp(-np.clip(4.924273 * x, -60.0, 60.0))),
    "gaussian": lambda x: np.exp(-(x**2)),
    "abs": np.abs,
    "step": lambda x: np.where(x > 0, 1.0, 0.0),
}


def activity_of(
    layers: Layers, activation: str, observations: Sequence[Float64Array]
) -> list[Float64Array]:
    """Return the values of the inputs and of each hidden layer.

    Args:
        layers: at least one.
        activation: transfer function of the hidden units.
        observations: T arrays (inputs,).
    Returns:
        For the inputs and each hidden layer a (T, units) float64 array; NaN becomes 0, infinities ±1.
    """
    values = np.asarray(observations, np.float64).reshape(len(observations), layers[0][0].shape[0])
    found = [values]
    with np.errstate(all="ignore"):
        for weights, biases in layers[:-1]:
            total = values @ weights.astype(np.float64)
            values = _ACTIVATIONS[activation](total if biases is None else total + biases)
            found.append(values)
    return [np.nan_to_num(values, posinf=1.0, neginf=-1.0) for values in found]


def activity_of_units(computation: Computation, observations: Sequence[Float64Array]) -> list[Float64Array]:
    """Return the values of the inputs and of all units.

    Args:
        computation: that of a network; where it has a memory, the first observation is that of an episode's
            start.
        observations: T arrays (inputs,).
    Returns:
        (T, inputs) and (T, units) float64, the units in their order; NaN becomes 0, infinities ±1.
    """
    inputs = np.asarray(observations, np.float64).reshape(len(observations), computation.inputs)
    found = np.zeros((len(observations), len(computation.units)))
    values: dict[int, float] = {}
    with np.errstate(all="ignore"):
        for step, observation in enumerate(inputs.tolist()):
            values.update(enumerate(observation))
            for _ in range(computation.passes or 1):
                known = dict(values) if computation.passes else values
                for unit in computation.units:
                    total = unit.bias + in_order(
                        known.get(source, 0.0) * weight for source, weight in unit.links
                    )
                    values[unit.number] = float(_ACTIVATIONS[unit.activation](np.float64(total)))  # type: ignore[arg-type]
            found[step] = [values[unit.number] for unit in computation.units]
    return [np.nan_to_num(values, posinf=1.0, neginf=-1.0) for values in (inputs, found)]
