"""What the returns of an agent's episodes come to: its fitness."""

from typing import Any, NamedTuple

import numpy as np

from processing.core.environments.foreign.parameters import Aggregate
from processing.core.types import Float64Array, Purpose


class Score(NamedTuple):
    """How returns become fitness."""

    aggregate: Aggregate = Aggregate.MEAN
    is_cost: bool = False  # a return is a cost, and fitness its negative


def score_of(environment: Any, purpose: Purpose) -> Score:
    """How an environment scores its agents; fresh episodes that confirm a champion count by their mean."""
    aggregate = getattr(environment, "aggregate", Aggregate.MEAN) if purpose == Purpose.EPISODE else Aggregate.MEAN
    return Score(aggregate, bool(getattr(environment, "minimise", False)))


def fitness_of(returns: Any, score: Score) -> Float64Array:
    """The fitness of N agents from the returns of their E episodes, (N, E), added in their order; not finite, and nothing else,
    where a return is not finite, or where it is too large for a number.

    The worst episode is the one of the least return, or of the highest cost; the median of an even number is the mean of the two
    in the middle.
    """
    number = returns.shape[1]
    if score.aggregate == Aggregate.MEAN:
        total = np.zeros(returns.shape[0])
        for episode in range(number):
            total += returns[:, episode]
        total /= number
        return 0.0 - total if score.is_cost else total
    values = returns.astype(np.float64)
    ordered = np.sort(0.0 - values if score.is_cost else values, axis=1)
    with np.errstate(over="ignore", invalid="ignore"):
        middle = (ordered[:, (number - 1) // 2] + ordered[:, number // 2]) / 2
    found = ordered[:, 0] if score.aggregate == Aggregate.WORST else middle
    return np.where(np.isfinite(ordered).all(axis=1), found, np.nan)
