"""Mean and variance of the observations of all closed generations, for judges that normalise observations.

Each agent returns the moments of its observations. They are pooled when a generation is closed, with
correctly rounded sums, so that the order does not matter. An observation with a number that is not finite, or
so large that its square is not, is not counted.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from processing.core.rollouts.normalization import Normalization
from processing.core.types import Float32Array, Float64Array, State

#: Added to variances, so that constant inputs are not scaled without bound.
EPSILON = 1e-8
#: The square of anything larger may be too large for float32.
MOST_SEEN = 1e18
#: Number of inputs that are pooled at a time; it bounds memory.
_BLOCK = 64


def nothing(inputs: int) -> State:
    """Return the state before the first observation: count 0, mean and variance 0.

    Args:
        inputs: I, the number of inputs.
    Returns:
        "observations": int; "mean" and "variance": (I,) float64 each.
    """
    return {"observations": 0, "mean": np.zeros(inputs), "variance": np.zeros(inputs)}


def normalization(state: State) -> Normalization:
    """Return the normalisation for a generation that begins with this state; I float32 means and scales."""
    scale = (1 / np.sqrt(state["variance"] + EPSILON)).astype(np.float32)
    return Normalization(state["mean"].astype(np.float32), scale)


def observation_terms(observation: Float32Array) -> Float64Array:
    """Return the terms of an observation for the sums of `moments`.

    Args:
        observation: (I,) float32.
    Returns:
        (2 I + 1,) float64: the observation, its squares, and 1; all 0 where it is not counted.
    """
    row = observation.astype(np.float64)
    if not np.all(np.abs(row) <= MOST_SEEN):
        return np.zeros(2 * len(row) + 1)
    return np.concatenate([row, row * row, [1.0]])


def moments(sums: Float64Array) -> Float32Array:
    """Return the moments of an agent's observations.

    Args:
        sums: (2 I + 1,) float64, the sum of the agent's `noted` terms.
    Returns:
        (2 I + 1,) float32: means, variances (>= 0), and the number of observations.
    """
    number = sums[-1]
    means, squares = np.split(sums[:-1] / max(number, 1.0), 2)
    return np.concatenate([means, np.maximum(squares - means * means, 0), [number]]).astype(np.float32)


def pooled(
    state: Mapping[str, Any], behaviours: Float32Array, failed: Any, *, beat: Callable[[], object]
) -> State:
    """Return the state after a generation: the moments of all observations so far.

    Args:
        state: the state before the generation; see `nothing`.
        behaviours: (N, 2 I + 1) float32, the `moments` of each agent.
        failed: (N,) bool; agents that failed are not counted.
        beat: called after every block of inputs, to report progress.
    Source: the law of total variance.
    """
    counts = np.where(failed, 0, behaviours[:, -1].astype(np.float64))
    weights = np.concatenate([[state["observations"]], counts])
    inputs, number = len(state["mean"]), math.fsum(weights.tolist())
    mean, variance = np.zeros(inputs), np.zeros(inputs)
    for first in range(0, inputs, _BLOCK):
        last = min(first + _BLOCK, inputs)
        means, variances = (
            np.vstack(
                [state[name][first:last], np.where(failed[:, None], 0, behaviours[:, at + first : at + last])]
            )
            for name, at in (("mean", 0), ("variance", inputs))
        )
        mean[first:last] = _sums(weights, means) / max(number, 1.0)
        variance[first:last] = _sums(weights, variances + (means - mean[first:last]) ** 2) / max(number, 1.0)
        beat()
    return {"observations": int(number), "mean": mean, "variance": variance}


def _sums(weights: Float64Array, values: Float64Array) -> Float64Array:
    """The weighted sum of each column: weights (G,), values (G, B), result (B,); each correctly rounded."""
    return np.array([math.fsum(column) for column in (weights[:, None] * values).T.tolist()])
