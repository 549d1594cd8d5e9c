"""What the units of a network say to what they see, for pictures only: close to, but not bit for bit, what counts."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from processing.core.types import Float32Array, Float64Array

_ACTIVATIONS: dict[str, Callable[[Float64Array], Float64Array]] = {
    "identity": lambda x: x,
    "relu": lambda x: np.maximum(x, 0.0),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "sigmoid": lambda x: 1 / (1 + np.exp(-np.clip(x, -60.0, 60.0))),
    "tanh": np.tanh,
    "selu": lambda x: 1.0507 * np.where(x > 0, x, 1.6733 * np.expm1(np.minimum(x, 0.0))),
    "gelu": lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "sin": np.sin,
}


def activity_of(
    layers: Sequence[tuple[Float32Array, Float32Array | None]], activation: str, observations: Sequence[Float64Array]
) -> list[Float64Array]:
    """The values of the inputs and of each hidden layer, one (T, units) array each.

    Args:
        layers: for each layer its weights (inputs, outputs) and its biases (outputs,) or None.
        activation: transfer function of the hidden units.
        observations: T of (inputs,).
    """
    values = np.asarray(observations, np.float64).reshape(len(observations), layers[0][0].shape[0])
    found = [values]
    with np.errstate(all="ignore"):
        for weights, biases in layers[:-1]:
            total = values @ weights.astype(np.float64)
            values = _ACTIVATIONS[activation](total if biases is None else total + biases)
            found.append(values)
    return [np.nan_to_num(values, posinf=1.0, neginf=-1.0) for values in found]
