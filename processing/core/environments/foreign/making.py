"""Environments of Gymnasium are made here and nowhere else: by their id, with keyword arguments and wrappers.

This imports Gymnasium: only processes of environments import it, see `probe.py` and `../../judges/child.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium import wrappers as their

from processing.core.environments.foreign import wrappers as ours
from processing.core.environments.foreign.error_text import error_text
from processing.core.environments.foreign.wrappers import Wrapper, steps_of
from processing.core.types import Float64Array

#: What a wrapper that draws adds to the seed of its environment, so that the two draw different numbers.
STICKY = 0x5717C4


def made(
    name: str, kwargs: Mapping[str, Any], wrappers: Sequence[Wrapper] = (), *, max_steps: int, render_mode: str | None = None,
) -> Any:
    """A new environment in its wrappers, the first innermost. Nothing in it limits its steps.

    Args:
        max_steps: after so many steps outside all wrappers the caller cuts an episode off; for those that see the time.
        render_mode: as Gymnasium takes it; None draws nothing.
    Raises:
        ValueError: a wrapper cannot be put there; it says which. Else whatever the environment raises.
    """
    drawn = {} if render_mode is None else {"render_mode": render_mode}
    environment: Any = gymnasium.make(name, max_episode_steps=-1, disable_env_checker=True, **kwargs, **drawn)
    for place, wrapper in enumerate(wrappers):
        try:
            environment = _wrapped(environment, wrapper, max_steps * steps_of(wrappers[place + 1 :]))
        except Exception as error:
            raise ValueError(f"wrappers[{place}] ({WORDS[type(wrapper)]}): {error_text(error)}") from error
    return environment


def _wrapped(environment: Any, wrapper: Any, max_steps: int) -> Any:
    """The environment in one wrapper; it is cut off after so many steps as they are counted there."""
    match wrapper:
        case ours.Grayscale():
            return their.GrayscaleObservation(environment)
        case ours.Resize():
            return Resized(environment, wrapper.shape)
        case ours.FrameStack():
            return their.FrameStackObservation(environment, wrapper.stack_size, padding_type=wrapper.padding_type.value)
        case ours.Rescale():
            inside = _fractions(environment)
            kind = np.dtype(inside.observation_space.dtype or np.float32).type
            return their.RescaleObservation(inside, kind(wrapper.min_obs), kind(wrapper.max_obs))
        case ours.Delay():
            return their.DelayObservation(environment, wrapper.delay)
        case ours.TimeAware():
            return their.TimeAwareObservation(their.TimeLimit(environment, max_steps), flatten=False, normalize_time=True)
        case ours.FilterParts():
            return their.FilterObservation(environment, wrapper.filter_keys)
        case ours.MaxAndSkip():
            return their.MaxAndSkipObservation(environment, wrapper.skip)
        case ours.RepeatAction():
            return their.RepeatAction(environment, wrapper.num_repeats)
        case ours.StickyActions():
            return Sticky(environment, wrapper.repeat_action_probability, wrapper.repeat_action_duration)
        case ours.DiscretizeAction():
            return their.DiscretizeAction(environment, wrapper.bins, wrapper.multidiscrete)
        case ours.ClipReward():
            return their.ClipReward(environment, wrapper.min_reward, wrapper.max_reward)
    raise AssertionError(f"no case for {wrapper!r}")


WORDS = {kind: name for name, kind in ours.WRAPPERS.items()}


def _fractions(environment: Any) -> Any:
    """The environment with whole numbers as float32: between bounds of whole numbers there would be nothing but these."""
    space = environment.observation_space
    is_whole = isinstance(space, spaces.Box) and np.dtype(space.dtype).kind in "iu"
    return their.DtypeObservation(environment, np.float32) if is_whole else environment


class Sticky(their.StickyAction):
    """Sticky actions that are drawn from a generator of their own, seeded at each reset.

    Gymnasium's draw from the environment's, which some environments never seed, and whose draws would change.
    """

    _draws = np.random.default_rng(STICKY)

    @property
    def np_random(self) -> np.random.Generator:
        """What decides whether an action sticks."""
        return self._draws

    @np_random.setter
    def np_random(self, value: np.random.Generator) -> None:
        self._draws = value

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Begin an episode; without a seed the draws go on."""
        if seed is not None:
            self._draws = np.random.default_rng([seed, STICKY])
        return super().reset(seed=seed, options=options)


class Resized(their.TransformObservation):
    """Pictures of another size; each new pixel is the mean of the area that it covers, rounded to the nearest, half upwards.

    Args:
        shape: height and width.
    Raises:
        TypeError: observations are no pictures of bytes, (height, width) or (height, width, channels).
    """

    def __init__(self, environment: Any, shape: tuple[int, ...]) -> None:
        space = environment.observation_space
        if not isinstance(space, spaces.Box) or space.dtype != np.uint8 or len(space.shape) not in (2, 3):
            raise TypeError(f"expected pictures of bytes, got observations of the space {space!s:.100}")
        rows, columns = areas(space.shape[0], shape[0]), areas(space.shape[1], shape[1])
        whole = space.shape[0] * space.shape[1]

        def resized(picture: Any) -> Any:
            planes = np.moveaxis(np.asarray(picture, np.float64).reshape(*space.shape[:2], -1), -1, 0)
            sums = np.moveaxis(rows @ planes @ columns.T, 0, -1)  # whole numbers below 2^53: exact in any order
            return np.floor((2 * sums + whole) / (2 * whole)).astype(np.uint8).reshape(*shape, *space.shape[2:])

        small = spaces.Box(0, 255, (*shape, *space.shape[2:]), np.uint8)
        super().__init__(environment, resized, small)


def areas(before: int, after: int) -> Float64Array:
    """How much of each of `before` pixels in a row each of `after` covers, (after, before), in pixels of a row of
    `before * after`; each row of it has the sum `before`."""
    left, right = np.arange(before) * after, np.arange(1, before + 1) * after
    first, last = (np.arange(after) * before)[:, None], (np.arange(1, after + 1) * before)[:, None]
    shares: Float64Array = np.maximum(np.minimum(right, last) - np.maximum(left, first), 0).astype(np.float64)
    return shares
