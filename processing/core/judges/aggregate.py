"""The fitness of an agent, from the returns of its episodes."""

from typing import Any, NamedTuple

import numpy as np

from processing.core.environments.foreign.parameters import Aggregate
from processing.core.problem import Environment
from processing.core.types import Failure, Float64Array, Purpose, UInt8Array


class Score(NamedTuple):
    """How returns become fitness."""

    aggregate: Aggregate = Aggregate.MEAN
    is_cost: bool = False  # a return is a cost, and fitness its negative


def score_of(environment: Environment, purpose: Purpose) -> Score:
    """Return how an environment scores its agents.

    Episodes for another purpose than EPISODE, such as those that confirm a champion, count by their mean.

    Args:
        environment: its `aggregate` and `minimise` are read.
        purpose: what the episodes are evaluated for.
    """
    aggregate = Aggregate(environment.aggregate) if purpose == Purpose.EPISODE else Aggregate.MEAN
    return Score(aggregate, environment.minimise)


def fitness_of(returns: Any, score: Score) -> Float64Array:
    """Return the fitness of N agents, from the returns of their episodes.

    The mean adds the returns of an agent in the order of its episodes. The worst episode is the one with the
    least return, or with the highest cost. The median of an even number of episodes is the mean of the two in
    the middle.

    Args:
        returns: (N, E) float64, E >= 1; NaN and infinities are allowed.
        score: how the returns of an agent are combined.
    Returns:
        (N,) float64. An entry is not finite exactly where a return of the agent is not finite, or where the
        result is too large for float64.
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


def split_failures(fitness: Float64Array) -> tuple[Float64Array, UInt8Array]:
    """Separate agents that have a fitness from those that failed.

    Args:
        fitness: (N,) float64; not finite where an agent failed.
    Returns:
        (N,) float64, NaN where an agent failed; (N,) uint8, its `Failure`.
    """
    finite = np.isfinite(fitness)
    failures = np.where(finite, Failure.NONE, Failure.NON_FINITE_FITNESS).astype(np.uint8)
    return np.where(finite, fitness, np.nan), failures
