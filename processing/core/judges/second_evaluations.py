"""Some agents are evaluated twice, the second time in another process and in another order.

This finds environments that depend on more than their seed. One agent in a hundred is chosen, by its address,
and one agent of generation 0, whatever the size of the population. Of 100 or more evaluations about 2 % at
most are repeated.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from processing.core import rng
from processing.core.steppers.pool import EpisodeResult
from processing.core.types import Failure, Purpose

#: Chance that an agent is evaluated twice.
SHARE = 0.01


def chosen(*, seed: int, generation: int, origin: int, number: int, population: int) -> list[int]:
    """Choose which of the agents origin..origin+number-1 of a generation are evaluated twice.

    The choice does not depend on how the generation is cut into slices.

    Args:
        seed, generation: the address of the choice, with the purpose SECOND_EVALUATION.
        origin, number: the first agent's index in the generation, and the number of agents.
        population: the number of agents in the whole generation.
    Returns:
        The chosen agents in ascending order, counted from `origin`.
    """
    agents = np.arange(origin, origin + number)
    keys = rng.keys(seed, Purpose.SECOND_EVALUATION, generation, agents)
    is_chosen = rng.uniforms(keys, 1)[:, 0] < SHARE
    if generation == 0:
        is_chosen |= agents == _first(seed, population)
    return [int(index) for index in np.flatnonzero(is_chosen)]


def _first(seed: int, population: int) -> int:
    """Return the index of one agent of generation 0.

    It is not the first agent, if there are others: nothing precedes that one in either evaluation.
    """
    key = rng.derive(seed, Purpose.SECOND_EVALUATION)
    return 1 + rng.below(key, 1, population - 1) if population > 1 else 0


def difference(firsts: Sequence[EpisodeResult], seconds: Mapping[int, EpisodeResult]) -> str | None:
    """Describe in a sentence how an agent's second evaluation differs from its first; None where it does not.

    Args:
        firsts: the results of its episodes, in order.
        seconds: the second results of these episodes, by `rollout`; absent ones were not evaluated again.
    """
    for episode, first in enumerate(firsts):
        second = seconds.get(first.rollout)
        if second is not None and _compared(first) != _compared(second):
            outcome = f"{_result_text(first)} first, then {_result_text(second)}"
            if _result_text(first) == _result_text(second):
                outcome += ", but not the same observations"
            return f"episode {episode} gave {outcome}"
    return None


def _compared(one: EpisodeResult) -> tuple[object, ...]:
    """The values that must be equal in both evaluations; an episode that failed has no return."""
    if one.failure != Failure.NONE:
        return one.failure, one.steps
    return np.float64(one.total).tobytes(), one.steps, one.failure, one.sums.tobytes()


def _result_text(one: EpisodeResult) -> str:
    if one.failure != Failure.NONE:
        return f"the failure {one.failure.name} after {one.steps} steps"
    return f"a return of {one.total!r} in {one.steps} steps"
