"""Gymnasium wrappers that need no code, as documents name them: `{"type": "frame_stack", "stack_size": 4}`.

Wrappers are applied in the order of the list, the first innermost, so that networks receive the observations
of the last. This module does not import Gymnasium; `making.py` applies wrappers.

Not offered: wrappers without an effect, as observations are flattened and outputs scaled to the bounds of
actions anyway (FlattenObservation, ReshapeObservation, DtypeObservation, RescaleAction); those that leave
actions without bounds (ClipAction); those that need code (the Transform… wrappers); and those that depend on
previous episodes (NormalizeObservation, NormalizeReward: see `normalize_observations`).
"""

from collections.abc import Sequence
from enum import StrEnum
from math import prod
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from processing.core.parameters import Parameters, parameter

#: Most wrappers of one environment.
MOST_WRAPPERS = 10
#: Limits of the product over all wrappers: of stacked observations, and of steps for one action.
MOST_STACKED, MOST_REPEATED = 100, 100
#: Largest bound to which observations are rescaled or rewards clipped.
MOST_BOUND = 1e6

Pixels = Annotated[int, Field(ge=1, le=1_000)]
Part = Annotated[str, Field(min_length=1, max_length=200)]


class Padding(StrEnum):
    """What stands in a stack before an episode has so many observations."""

    RESET = "reset"
    ZERO = "zero"


class Wrapper(Parameters):
    """The base class of all wrappers."""

    keeps_observations: ClassVar[bool] = True  # each number keeps its meaning
    keeps_actions: ClassVar[bool] = True
    keeps_returns: ClassVar[bool] = True  # the registered reward threshold keeps its meaning
    resets_completely: ClassVar[bool] = True  # a reset restores the initial state

    @property
    def steps(self) -> int:
        """The largest number of inner steps for one outer step."""
        return 1


class Grayscale(Wrapper):
    """Pictures lose their colours: of red, green and blue, one number stays for each pixel
    (GrayscaleObservation).
    """

    keeps_observations = False
    type: Literal["grayscale"] = parameter(meaning="Pictures lose their colours.")


class Resize(Wrapper):
    """Pictures get another size: each new pixel is the mean of the area that it covers (as ResizeObservation,
    which needs OpenCV; ours is computed in whole numbers, rounded to the nearest, so that no machine gives
    other bits)."""

    keeps_observations = False
    type: Literal["resize"] = parameter(meaning="Pictures get another size.")
    shape: tuple[Pixels, ...] = parameter(
        meaning="Height and width.", unit="pixels", min_length=2, max_length=2,
        source="84 and 84 in Mnih et al. 2015; 42 and 42 are common where networks are small",
    )


class FrameStack(Wrapper):
    """Networks see the last observations together, the newest last (FrameStackObservation)."""

    keeps_observations = False
    type: Literal["frame_stack"] = parameter(meaning="Networks see the last observations together.")
    stack_size: int = parameter(
        4, meaning="How many.", unit="observations", ge=2, le=100, source="Mnih et al. 2015"
    )
    padding_type: Padding = parameter(
        Padding.RESET, meaning="What stands there at first: the first observation again and again, or zeros."
    )


class Rescale(Wrapper):
    """Observations with bounds are scaled from these to others (RescaleObservation); whole numbers become
    fractions.
    """

    type: Literal["rescale"] = parameter(meaning="Observations are scaled to other bounds.")
    min_obs: float = parameter(0.0, meaning="The new lower bound.", ge=-MOST_BOUND, le=MOST_BOUND)
    max_obs: float = parameter(1.0, meaning="The new upper bound.", ge=-MOST_BOUND, le=MOST_BOUND)

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if not self.min_obs < self.max_obs:
            raise ValueError("min_obs below max_obs")
        return self


class Delay(Wrapper):
    """Networks see what was observed some steps ago, and zeros before that (DelayObservation)."""

    type: Literal["delay"] = parameter(meaning="Networks see what was observed some steps ago.")
    delay: int = parameter(meaning="How long ago.", unit="steps", ge=1, le=1_000)


class TimeAware(Wrapper):
    """Networks also see how much of the episode has passed, from 0 to 1 at its last step
    (TimeAwareObservation).
    """

    keeps_observations = False
    type: Literal["time_aware"] = parameter(meaning="Networks also see the time.")


class FilterParts(Wrapper):
    """Of a Dict observation some parts stay, for wrappers around this one (FilterObservation); see also
    `observe`.
    """

    keeps_observations = False
    type: Literal["filter"] = parameter(meaning="Some parts of a Dict observation stay.")
    filter_keys: tuple[Part, ...] = parameter(
        meaning="Their names.", unit="parts", min_length=1, max_length=100
    )


class MaxAndSkip(Wrapper):
    """Each action is taken for some steps, whose rewards are added; networks see the larger of the last two
    observations in each number (MaxAndSkipObservation)."""

    resets_completely = False  # its buffer still holds old observations where an episode ends early
    type: Literal["max_and_skip"] = parameter(
        meaning="Each action is taken for some steps; flickering is evened out."
    )
    skip: int = parameter(4, meaning="How many.", unit="steps", ge=2, le=100, source="Mnih et al. 2015")

    @property
    def steps(self) -> int:
        """The number of repetitions of an action."""
        return self.skip


class RepeatAction(Wrapper):
    """Each action is taken for some steps, whose rewards are added; networks see the last observation
    (RepeatAction).
    """

    type: Literal["repeat_action"] = parameter(meaning="Each action is taken for some steps.")
    num_repeats: int = parameter(meaning="How many.", unit="steps", ge=2, le=100)

    @property
    def steps(self) -> int:
        """The number of repetitions of an action."""
        return self.num_repeats


class StickyActions(Wrapper):
    """At each step the last action may be taken again instead of the new one (StickyAction); drawn from the
    episode's seed.
    """

    type: Literal["sticky_actions"] = parameter(
        meaning="The last action may be taken again instead of the new one."
    )
    repeat_action_probability: float = parameter(
        0.25, meaning="How likely that is.", ge=0.0, lt=1.0, source="Machado et al. 2018, section 5.2"
    )
    repeat_action_duration: int = parameter(1, meaning="For how long then.", unit="steps", ge=1, le=100)


class DiscretizeAction(Wrapper):
    """Networks choose among fixed values of actions that are numbers with bounds (DiscretizeAction)."""

    keeps_actions = False
    type: Literal["discretize_action"] = parameter(meaning="Networks choose among fixed values of actions.")
    bins: int = parameter(meaning="Values of each number.", unit="values", ge=2, le=1_000)
    multidiscrete: bool = parameter(
        False, meaning="Whether each number is chosen by itself; else one of all combinations is chosen."
    )


class ClipReward(Wrapper):
    """Rewards beyond bounds are cut off at them (ClipReward); what solves the environment by its registry
    then says nothing.
    """

    keeps_returns = False
    type: Literal["clip_reward"] = parameter(meaning="Rewards beyond bounds are cut off.")
    min_reward: float | None = parameter(
        -1.0, meaning="The least reward; null for none.", ge=-MOST_BOUND, le=MOST_BOUND,
        source="Mnih et al. 2015"
    )
    max_reward: float | None = parameter(
        1.0, meaning="The largest reward; null for none.", ge=-MOST_BOUND, le=MOST_BOUND,
        source="Mnih et al. 2015"
    )

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        low, high = self.min_reward, self.max_reward
        if low is None and high is None:
            raise ValueError("a number for min_reward or max_reward, or for both")
        if low is not None and high is not None and not low < high:
            raise ValueError("min_reward below max_reward")
        return self


#: The wrappers by their names in documents. A new one needs a class above, entries here and in `AnyWrapper`,
#: and a case in `making.py`.
WRAPPERS: dict[str, type[Wrapper]] = {
    "grayscale": Grayscale, "resize": Resize, "frame_stack": FrameStack, "rescale": Rescale, "delay": Delay,
    "time_aware": TimeAware, "filter": FilterParts, "max_and_skip": MaxAndSkip, "repeat_action": RepeatAction,
    "sticky_actions": StickyActions, "discretize_action": DiscretizeAction, "clip_reward": ClipReward,
}

AnyWrapper = Annotated[
    Grayscale | Resize | FrameStack | Rescale | Delay | TimeAware | FilterParts | MaxAndSkip | RepeatAction
    | StickyActions | DiscretizeAction | ClipReward,
    Field(discriminator="type"),
]
_LIST: TypeAdapter[list[AnyWrapper]] = TypeAdapter(list[AnyWrapper])


def wrappers_of(values: str) -> list[Wrapper]:
    """Return the wrappers of a JSON list."""
    return list(_LIST.validate_json(values))


def as_values(wrappers: Sequence[Wrapper] | None) -> list[dict[str, Any]]:
    """Return wrappers as JSON values."""
    return [each.model_dump(mode="json") for each in wrappers or ()]


def observations_of(wrappers: Sequence[Wrapper]) -> int:
    """Return how many observations the wrappers stack together."""
    return prod(each.stack_size for each in wrappers if isinstance(each, FrameStack))


def steps_of(wrappers: Sequence[Wrapper]) -> int:
    """Return the largest number of environment steps for one step outside all wrappers."""
    return prod(each.steps for each in wrappers)
