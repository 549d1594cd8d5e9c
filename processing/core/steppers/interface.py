"""The interface of environments: checks of the values that they return, and messages for wrong ones.

The interface is Gymnasium's, which is that of Gym from 0.26 on. The earlier one is recognised: `reset()` took
no seed and returned only the observation, `step()` returned four values. A value is refused only where it
could not be used.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from processing.core.environments.foreign.error_text import error_text
from processing.core.environments.foreign.spaces import Reader
from processing.core.errors import Refused
from processing.core.number_text import counted
from processing.core.types import Float32Array
from processing.core.value_text import storable

MAKE, RESET, STEP = "gymnasium.make()", "reset()", "step()"
_OLD = "this is the interface of Gym before 0.26; since then it"
_STEP_RULE = "observation, reward, terminated, truncated, info"


class NotAsAgreed(Refused):
    """An environment returned a wrong value; the message names the call and both values."""


def read_reset(given: Any, reader: Reader, row: Float32Array) -> None:
    """Write the observation that `reset()` returned to a row of inputs.

    Args:
        given: the returned value.
        reader: converts observations.
        row: (I,) float32, overwritten.
    Raises:
        NotAsAgreed: it is not a pair of an observation of the space and an info.
    """
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise NotAsAgreed(f"reset() gave {_description(given)}: {_OLD} gives observation, info.")
    try:
        read_observation(given[0], reader, row, RESET)
    except NotAsAgreed:
        if isinstance(given[1], Mapping):
            raise
        message = f"reset() gave {_description(given)} and no info: {_OLD} gives observation, info."
        raise NotAsAgreed(message) from None


def read_step(given: Any) -> tuple[Any, float, bool]:
    """Return observation and reward of a step, and whether the episode is over.

    Args:
        given: the value that `step()` returned.
    Raises:
        NotAsAgreed: it does not have five values with a number as reward and booleans as ends.
    """
    try:
        observation, reward, terminated, truncated, _ = given
    except (TypeError, ValueError):
        raise NotAsAgreed(_step_text(given)) from None
    try:
        is_over = bool(terminated) or bool(truncated)
    except ValueError:
        ends = f"{_description(terminated)} as terminated and {_description(truncated)} as truncated"
        raise NotAsAgreed(f"step() gave {ends}: each must be true or false.") from None
    try:
        return observation, float(reward), is_over
    except (TypeError, ValueError, OverflowError):
        raise NotAsAgreed(f"step() gave {_description(reward)} as the reward: it must be a number.") from None


def read_observation(observation: Any, reader: Reader, row: Float32Array, call: str) -> None:
    """Write an observation to a row of inputs.

    Args:
        observation: as the environment returned it.
        reader: converts observations.
        row: (I,) float32, overwritten.
        call: the call that returned it, for the message.
    Raises:
        NotAsAgreed: it is not a value of the space.
    """
    try:
        reader.fill(observation, row)
    except (ValueError, TypeError, KeyError, IndexError) as error:
        message = f"{call} gave an observation that is not one of its space: {error_text(error)}"
        raise NotAsAgreed(message) from None


def reason_of(call: str, error: BaseException) -> str:
    """Return why an episode failed: the call and its error, or only the message of a `Refused`."""
    if isinstance(error, Refused):
        return storable(str(error))
    text = error_text(error)
    if call == RESET and isinstance(error, TypeError) and "unexpected keyword argument 'seed'" in text:
        return storable(f"reset() takes no seed: {_OLD} takes seed and options. It raised {text}")
    return storable(f"{call} raised {text}")


def not_finite_text(call: str, steps: int, row: Float32Array) -> str:
    """Describe the first number of an observation that is not finite.

    Args:
        call: the call that returned it.
        steps: steps of the episode so far, 0 after the reset.
        row: (I,) float32 with a number that is not finite.
    """
    place = int(np.flatnonzero(~np.isfinite(row))[0])
    when = f"{call} of step {steps}" if steps else call
    return f"{when} gave {row[place]} as number {place} of the observation, counted from 0"


def _step_text(given: Any) -> str:
    if isinstance(given, tuple | list) and len(given) == 4:
        return f"step() gave 4 values: {_OLD} gives {_STEP_RULE}."
    return f"step() gave {_description(given)}: it must give {_STEP_RULE}."


def _description(given: Any) -> str:
    """Return a short description of a returned value."""
    if isinstance(given, np.ndarray):
        return f"an array of the shape {given.shape}" if given.ndim else f"an array that holds {given!s:.40}"
    if isinstance(given, tuple | list):
        return counted(len(given), "value")
    if isinstance(given, bool | int | float | np.generic):
        return f"{given!s:.40}"
    return "None" if given is None else f"a value of the type {type(given).__name__:.60}"
