"""What environments must give when they are called, and what is said where they give something else.

The rule is Gymnasium's, that of Gym from 0.26 on. The interface before that is recognised: `reset()` took no
seed and gave the observation alone, `step()` gave four things. Only what would fail anyway gets words here.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from processing.core.environments.foreign.error_text import cut, error_text
from processing.core.environments.foreign.spaces import Reader
from processing.core.errors import Refused
from processing.core.types import Float32Array

MAKE, RESET, STEP = "gymnasium.make()", "reset()", "step()"
_OLD = "this is the interface of Gym before 0.26; since then it"
_STEP_RULE = "observation, reward, terminated, truncated, info"


class NotAsAgreed(Refused):
    """An environment gave what it must not give: the words name the call, the rule, and what it gave."""


def read_reset(given: Any, reader: Reader, row: Float32Array) -> None:
    """Write the observation that `reset()` gave to a row of inputs. Raises NotAsAgreed."""
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise NotAsAgreed(f"reset() gave {_told(given)}: {_OLD} gives observation, info.")
    try:
        read_observation(given[0], reader, row, RESET)
    except NotAsAgreed:
        if isinstance(given[1], Mapping):
            raise
        told = f"reset() gave {_told(given)} and no info: {_OLD} gives observation, info."
        raise NotAsAgreed(told) from None


def read_step(given: Any) -> tuple[Any, float, bool]:
    """Observation and reward of a step, and whether the episode is over. Raises NotAsAgreed."""
    try:
        observation, reward, terminated, truncated, _ = given
    except (TypeError, ValueError):
        raise NotAsAgreed(_step_words(given)) from None
    try:
        is_over = bool(terminated) or bool(truncated)
    except ValueError:
        ends = f"{_told(terminated)} as terminated and {_told(truncated)} as truncated"
        raise NotAsAgreed(f"step() gave {ends}: each must be true or false.") from None
    try:
        return observation, float(reward), is_over
    except (TypeError, ValueError, OverflowError):
        raise NotAsAgreed(f"step() gave {_told(reward)} as the reward: it must be a number.") from None


def read_observation(observation: Any, reader: Reader, row: Float32Array, call: str) -> None:
    """Write an observation that this call gave to a row of inputs. Raises NotAsAgreed."""
    try:
        reader.fill(observation, row)
    except (ValueError, TypeError, KeyError, IndexError) as error:
        told = f"{call} gave an observation that is not one of its space: {error_text(error)}"
        raise NotAsAgreed(told) from None


def reason_of(call: str, error: BaseException) -> str:
    """Why an episode failed: the call, and what it gave or raised; what we refuse is said as it is."""
    if isinstance(error, Refused):
        return cut(str(error))
    words = error_text(error)
    if call == RESET and isinstance(error, TypeError) and "unexpected keyword argument 'seed'" in words:
        return cut(f"reset() takes no seed: {_OLD} takes seed and options. It raised {words}")
    return cut(f"{call} raised {words}")


def not_finite_words(call: str, steps: int, row: Float32Array) -> str:
    """Where an observation, (I,), has its first number that is not finite.

    Args:
        call: what gave it; steps: those of the episode so far, 0 after the reset.
    """
    place = int(np.flatnonzero(~np.isfinite(row))[0])
    when = f"{call} of step {steps}" if steps else call
    return f"{when} gave {row[place]} as number {place} of the observation, counted from 0"


def _step_words(given: Any) -> str:
    if isinstance(given, tuple | list) and len(given) == 4:
        return f"step() gave 4 values: {_OLD} gives {_STEP_RULE}."
    return f"step() gave {_told(given)}: it must give {_STEP_RULE}."


def _told(given: Any) -> str:
    """What was given, in a few words."""
    if isinstance(given, np.ndarray):
        return f"an array of the shape {given.shape}" if given.ndim else f"an array that holds {given!s:.40}"
    if isinstance(given, tuple | list):
        return f"{len(given)} value{'' if len(given) == 1 else 's'}"
    if isinstance(given, bool | int | float | np.generic):
        return f"{given!s:.40}"
    return "None" if given is None else f"a value of the type {type(given).__name__:.60}"
