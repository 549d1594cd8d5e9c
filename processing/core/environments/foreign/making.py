"""The only place that makes Gymnasium environments: by id, with keyword arguments and wrappers.

This module imports Gymnasium. Only separate processes import it, see `probe.py` and
`../../steppers/stepper.py`.
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

#: Added by a wrapper that draws to the seed of its environment, so that the two draw different numbers.
STICKY = 0x5717C4


def made(
    name: str, kwargs: Mapping[str, Any], wrappers: Sequence[Wrapper] = (), *, max_steps: int,
    render_mode: str | None = None,
) -> Any:
    """Make an environment in its wrappers. It has no step limit of its own.

    Args:
        name: its id.
        kwargs: its keyword arguments.
        wrappers: the first innermost.
        max_steps: steps outside all wrappers after which the caller truncates an episode; `TimeAware` needs
            it.
        render_mode: as Gymnasium takes it; None draws nothing.
    Raises:
        ValueError: a wrapper does not fit the environment; the message names it. Any error of the environment
            is raised as it is.
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
    """Put the environment in one wrapper; `max_steps` is the step limit as counted at that wrapper."""
    match wrapper:
        case ours.Grayscale():
            return their.GrayscaleObservation(environment)
        case ours.Resize():
            return Resized(environment, wrapper.shape)
        case ours.FrameStack():
            return their.FrameStackObservation(
                environment, wrapper.stack_size, padding_type=wrapper.padding_type.value
            )
        case ours.Rescale():
            inside = _fractions(environment)
            kind = np.dtype(inside.observation_space.dtype or np.float32).type
            return their.RescaleObservation(inside, kind(wrapper.min_obs), kind(wrapper.max_obs))
        case ours.Delay():
            return their.DelayObservation(environment, wrapper.delay)
        case ours.TimeAware():
            return their.TimeAwareObservation(
                their.TimeLimit(environment, max_steps), flatten=False, normalize_time=True
            )
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
    """Convert integer observations to float32, as rescaling in an integer type would round every number."""
    space = environment.observation_space
    is_whole = isinstance(space, spaces.Box) and np.dtype(space.dtype).kind in "iu"
    return their.DtypeObservation(environment, np.float32) if is_whole else environment


class Sticky(their.StickyAction):
    """Sticky actions drawn from a separate generator, which is seeded at each reset.

    Gymnasium's wrapper draws from the environment's generator. Some environments never seed that, and the
    wrapper would change the environment's own draws.
    """

    _draws = np.random.default_rng(STICKY)

    @property
    def np_random(self) -> np.random.Generator:
        """The generator that decides whether an action is repeated."""
        return self._draws

    @np_random.setter
    def np_random(self, value: np.random.Generator) -> None:
        self._draws = value

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Begin an episode; without a seed the generator keeps its state."""
        if seed is not None:
            self._draws = np.random.default_rng([seed, STICKY])
        return super().reset(seed=seed, options=options)


class Resized(their.TransformObservation):
    """Resized pictures; each new pixel is the mean of the area that it covers, rounded half up.

    Args:
        environment: its observations are uint8, (height, width) or (height, width, channels).
        shape: the new height and width, in pixels.
    Raises:
        TypeError: the observations are no such pictures.
    """

    def __init__(self, environment: Any, shape: tuple[int, ...]) -> None:
        space = environment.observation_space
        if not isinstance(space, spaces.Box) or space.dtype != np.uint8 or len(space.shape) not in (2, 3):
            raise TypeError(f"expected pictures of bytes, got observations of the space {space!s:.100}")
        rows, columns = areas(space.shape[0], shape[0]), areas(space.shape[1], shape[1])
        whole = space.shape[0] * space.shape[1]

        def resized(picture: Any) -> Any:
            planes = np.moveaxis(np.asarray(picture, np.float64).reshape(*space.shape[:2], -1), -1, 0)
            # whole numbers below 2^53: exact in any order
            sums = np.moveaxis(rows @ planes @ columns.T, 0, -1)
            return np.floor((2 * sums + whole) / (2 * whole)).astype(np.uint8).reshape(
                *shape, *space.shape[2:]
            )

        small = spaces.Box(0, 255, (*shape, *space.shape[2:]), np.uint8)
        super().__init__(environment, resized, small)


def areas(before: int, after: int) -> Float64Array:
    """Return how much of each of `before` old pixels in a line each of `after` new pixels covers.

    Returns:
        (after, before) float64 integers, in units of 1 / after of an old pixel; each row sums to `before`.
    """
    left, right = np.arange(before) * after, np.arange(1, before + 1) * after
    first, last = (np.arange(after) * before)[:, None], (np.arange(1, after + 1) * before)[:, None]
    shares: Float64Array = np.maximum(np.minimum(right, last) - np.maximum(left, first), 0).astype(np.float64)
    return shares
