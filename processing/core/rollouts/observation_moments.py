"""What was seen, for whoever normalises observations: their mean and variance over all closed generations.

Each agent brings the moments of what it saw; they are pooled when a generation is closed, correctly rounded, so that no order
matters. An observation with a number that is not finite, or so large that its square is not, is not counted.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from processing.core.rollouts.normalization import Normalization
from processing.core.types import Float32Array, Float64Array, State

#: Added to variances, so that what never varies is not blown up.
EPSILON = 1e-8
#: The square of anything larger may be too large for float32.
MOST_SEEN = 1e18
#: Inputs that are pooled at a time, so that little memory is needed.
_BLOCK = 64


def nothing(inputs: int) -> State:
    """Before anything was seen."""
    return {"observations": 0, "mean": np.zeros(inputs), "variance": np.zeros(inputs)}


def normalization(state: State) -> Normalization:
    """What a generation that begins with this state sees its observations by."""
    scale = (1 / np.sqrt(state["variance"] + EPSILON)).astype(np.float32)
    return Normalization(state["mean"].astype(np.float32), scale)


def noted(observation: Float32Array) -> Float64Array:
    """An observation, (I,), its squares, and 1, (2 I + 1,), to be added up; all 0 where it does not count."""
    row = observation.astype(np.float64)
    if not np.all(np.abs(row) <= MOST_SEEN):
        return np.zeros(2 * len(row) + 1)
    return np.concatenate([row, row * row, [1.0]])


def moments(sums: Float64Array) -> Float32Array:
    """Mean, variance and number of what an agent saw, (2 I + 1,), from its sums."""
    number = sums[-1]
    means, squares = np.split(sums[:-1] / max(number, 1.0), 2)
    return np.concatenate([means, np.maximum(squares - means * means, 0), [number]]).astype(np.float32)


def pooled(
    state: Mapping[str, Any], behaviours: Float32Array, failed: Any, *, beat: Callable[[], object]
) -> State:
    """What was seen up to and with a generation, from the moments of its agents, (N, 2 I + 1); those that failed do not count.

    Args:
        failed: (N,) bool; beat: called again and again.
    Source: the law of total variance.
    """
    counts = np.where(failed, 0, behaviours[:, -1].astype(np.float64))
    weights = np.concatenate([[state["observations"]], counts])
    inputs, number = len(state["mean"]), math.fsum(weights.tolist())
    mean, variance = np.zeros(inputs), np.zeros(inputs)
    for first in range(0, inputs, _BLOCK):
        last = min(first + _BLOCK, inputs)
        means, variances = (
            np.vstack([state[name][first:last], np.where(failed[:, None], 0, behaviours[:, at + first : at + last])])
            for name, at in (("mean", 0), ("variance", inputs))
        )
        mean[first:last] = _sums(weights, means) / max(number, 1.0)
        variance[first:last] = _sums(weights, variances + (means - mean[first:last]) ** 2) / max(number, 1.0)
        beat()
    return {"observations": int(number), "mean": mean, "variance": variance}


def _sums(weights: Float64Array, values: Float64Array) -> Float64Array:
    """The weighted sum of each column of (G, B) values, (B,), correctly rounded."""
    return np.array([math.fsum(column) for column in (weights[:, None] * values).T.tolist()])
