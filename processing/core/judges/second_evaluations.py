"""Some agents are evaluated twice, the second time in another process and in another order.

An environment that depends on more than its seed is found so. One agent in a hundred is chosen, by its
address, and one of generation 0 whatever its size; of 100 or more evaluations about 2 % at most are repeated.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from processing.core import rng
from processing.core.steppers.pool import EpisodeResult
from processing.core.types import Failure, Purpose

#: Chance that an agent is evaluated twice.
PART = 0.01


def chosen(*, seed: int, generation: int, origin: int, number: int, population: int) -> list[int]:
    """Which of the agents origin..origin+number-1 of a generation are evaluated twice, counted from `origin`.

    Whoever evaluates a part of a generation, and however it is cut, the same agents are chosen.

    Args:
        population: agents of the whole generation.
    """
    agents = np.arange(origin, origin + number)
    keys = rng.keys(seed, Purpose.SECOND_EVALUATION, generation, agents)
    is_chosen = rng.uniforms(keys, 1)[:, 0] < PART
    if generation == 0:
        is_chosen |= agents == _first(seed, population)
    return [int(index) for index in np.flatnonzero(is_chosen)]


def _first(seed: int, population: int) -> int:
    """One of generation 0; not its first agent, as before that one nothing was evaluated either time."""
    key = rng.derive(seed, Purpose.SECOND_EVALUATION)
    return 1 + rng.below(key, 1, population - 1) if population > 1 else 0


def difference(firsts: Sequence[EpisodeResult], seconds: Mapping[int, EpisodeResult]) -> str | None:
    """How an agent's episodes ended otherwise the second time, in a sentence; None where all were the same.

    Args:
        firsts: its episodes, in order.
        seconds: the same, by their number among all; those that are missing were not evaluated again.
    """
    for episode, first in enumerate(firsts):
        second = seconds.get(first.rollout)
        if second is not None and _facts(first) != _facts(second):
            told = f"{_words(first)} first, then {_words(second)}"
            if _words(first) == _words(second):
                told += ", but not the same observations"
            return f"episode {episode} gave {told}"
    return None


def _facts(one: EpisodeResult) -> tuple[object, ...]:
    """What must be the same; an episode that failed has no return."""
    if one.failure != Failure.NONE:
        return one.failure, one.steps
    return np.float64(one.total).tobytes(), one.steps, one.failure, one.sums.tobytes()


def _words(one: EpisodeResult) -> str:
    if one.failure != Failure.NONE:
        return f"the failure {one.failure.name} after {one.steps} steps"
    return f"a return of {one.total!r} in {one.steps} steps"
