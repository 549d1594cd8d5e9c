"""What the classic environments share: where lives start, how rewards are added up, and the mode that follows Gymnasium.

Each environment has one part `dynamics`, in plain arithmetic with its constants as module globals. In lanes the
constants are bound as float32 and sine and cosine are those of `numeric.py`; in the comparison mode the constants stand
as they are and sine and cosine are the library's, so that every operation is one of Gymnasium's, in its order and its
types.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, empty-body, assignment"

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np

from processing.core.criterion import MeanReturn
from processing.core.environments.scenes import Scene
from processing.core.kernels.build import plain
from processing.core.kernels.lanes import LANES, add_up, get, mark_over, put, where_greater
from processing.core.kernels.roles import formula, part
from processing.core.parameters import Parameters
from processing.core.rng import uniform_part
from processing.core.rollouts.actions import fill_choice, fill_commands
from processing.core.types import Float32Array


class World(NamedTuple):
    """What kernels know of an environment."""

    starts: Float32Array  # (2 * floats,) for each number of the state the least start, and how much more it can be
    settings: Float32Array  # (k,) what keyword arguments change; the environment says which


class Compared(NamedTuple):
    """A step as Gymnasium computes it."""

    state: tuple[float, ...]
    observation: Float32Array  # (inputs,)
    reward: float
    terminated: bool


class NoKwargs(Parameters):
    """No keyword arguments."""


class Classic(ABC):
    """One of Gymnasium's classic control environments.

    Args:
        parameters: has `max_steps` (None: as in Gymnasium), `episodes`, `seeds` ("common": all agents of a generation
            meet the same episodes, "fresh": each its own), `kwargs`, those of `Kwargs`, and perhaps `aggregate` and `minimise`.
    """

    gymnasium_id: ClassVar[str]
    limit: ClassVar[int]  # steps, as Gymnasium registers it
    inputs: ClassVar[int]
    outputs: ClassVar[int]
    floats: ClassVar[int]
    starts: ClassVar[Sequence[tuple[float, float]]]  # least and largest of each number of the state
    observed: ClassVar[Sequence[str]]  # what each input says
    does: ClassVar[Sequence[str]]  # what each output does
    scene: ClassVar[Scene]  # how it is drawn
    actions: ClassVar[str]
    criterion: MeanReturn | None
    slots: ClassVar[Mapping[str, object]]  # fill_observation, fill_step, and the constants of the dynamics as float32
    exact: ClassVar[Mapping[str, object]]  # what is bound in the comparison mode
    dynamics: ClassVar[Callable[..., Any]]
    Kwargs: ClassVar[type[Parameters]] = NoKwargs

    judge = "episodes"
    is_random = True
    integers = bits = 0
    plain_seconds = (1.2e-4, 1.2e-6)  # a step in plain Python takes so long, and for each weight

    def __init__(self, parameters: Any) -> None:
        self.parameters = parameters
        self.kwargs: Any = self.Kwargs(**parameters.kwargs)
        self.max_steps = self.limit if parameters.max_steps is None else parameters.max_steps
        self.episodes, self.has_common_episodes = parameters.episodes, parameters.seeds == "common"
        self.aggregate, self.minimise = getattr(parameters, "aggregate", None) or "mean", getattr(parameters, "minimise", False)
        if self.minimise:
            self.criterion = None  # the registry's threshold is one of rewards

    def settings(self) -> tuple[float, ...]:
        """The numbers that keyword arguments change."""
        return ()

    def best_possible(self) -> float | None:
        """An upper bound of the fitness; None where none is known, as of costs."""
        return None if self.minimise else self.best_return()

    @abstractmethod
    def best_return(self) -> float | None:
        """An upper bound of the return of one episode."""

    @classmethod
    def input_labels(cls) -> tuple[str, ...]:
        """What each input says, for people."""
        return tuple(cls.observed)

    @classmethod
    def output_labels(cls) -> tuple[str, ...]:
        """What each output does, for people."""
        return tuple(cls.does)

    @cached_property
    def world(self) -> World:
        """The environment in the form that kernels take."""
        starts = [number for low, high in self.starts for number in (low, high - low)]
        return World(np.array(starts, np.float32), np.array(self.settings(), np.float32))

    @property
    def parts(self) -> dict[str, object]:
        """The slots of `rollout` that this environment fills, and the constants of its dynamics."""
        says = fill_choice if self.actions == "choice" else fill_commands
        return {"fill_start": fill_start, "fill_actions": says, **self.slots}

    def compared(self, state: Sequence[float], action: Any) -> Compared:
        """One step in the comparison mode: bit for bit that of Gymnasium, from a state and an action of its types."""
        *numbers, reward, over = plain(type(self).dynamics, self.exact)(*self.taken(state), action, *self.settings())
        kept = self.kept(numbers)
        return Compared(kept, self.seen(kept), float(reward), bool(over))

    def taken(self, state: Sequence[Any]) -> tuple[float, ...]:
        """The state as Gymnasium computes with it: in float64."""
        return tuple(np.array(state, np.float64))

    def kept(self, state: Sequence[Any]) -> tuple[float, ...]:
        """The state as Gymnasium keeps it: in float64."""
        return tuple(np.array(state, np.float64))

    def seen(self, state: Sequence[Any]) -> Float32Array:
        """The observation of a state as Gymnasium computes it."""
        return np.array(state, np.float32)


def in_lanes(module: Mapping[str, Any]) -> dict[str, object]:
    """The constants of a module, float in capitals, as float32."""
    return {name: np.float32(value) for name, value in module.items() if name.isupper() and type(value) is float}


@formula
def chosen(a, b, yes, no):
    """`where_greater` of single numbers in the comparison mode."""
    return yes if a > b else no


@formula
def powered(x):
    """`square` as Gymnasium's `** 2`, which is the library's power and not always x * x."""
    return x**2


#: What every comparison mode binds.
EXACT: Mapping[str, object] = {
    "where_greater": chosen, "square": powered, "sin": np.sin, "cos": np.cos, "ZERO": 0.0, "ONE": 1.0, "TWO": 2.0,
}


@part
def fill_start(world, work, lane, key):
    """Each number of the state uniform in its range."""
    for row in range(world.starts.size >> 1):
        more = get(world.starts, 2 * row + 1) * uniform_part(key, row)
        put(work.floats, row * LANES + lane, get(world.starts, 2 * row) + more)


@part
def settled(work, reward, over):
    """Add the rewards of a step, mark the lives that it ends; how many."""
    add_up(work.returns, 0, reward)
    return mark_over(work.over, work.alive, over)


@formula
def clipped(x, low, high):
    """x, but at least low and at most high."""
    x = where_greater(x, high, high, x)
    return where_greater(low, x, low, x)
