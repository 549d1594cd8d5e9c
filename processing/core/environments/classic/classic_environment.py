"""The base class of the classic environments: initial states, returns, and comparison with Gymnasium.

Each environment has one part `dynamics`, written in plain arithmetic with its constants as module globals. In
lanes the constants are float32 and sine and cosine come from `numeric.py`. In the comparison mode the
constants keep their types and sine and cosine come from the library, so that every operation is one of
Gymnasium's, in its order and with its types.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, empty-body, assignment"

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np

from processing.core.concern import Asked, Concern
from processing.core.criterion import MeanReturn
from processing.core.environments.acting_checks import acting_warnings
from processing.core.environments.scenes import Scene
from processing.core.kernels.build import plain
from processing.core.kernels.lanes import LANES, add_up, get, mark_over, put, where_greater
from processing.core.kernels.roles import formula, part
from processing.core.parameters import Parameters
from processing.core.problem import CompiledEnvironment, Facts, View
from processing.core.rng import uniform_part
from processing.core.rollouts.actions import fill_choice, fill_commands
from processing.core.rollouts.network_kind import NetworkKind
from processing.core.types import Float32Array
from processing.core.value_text import shown


class World(NamedTuple):
    """The arrays that kernels read."""

    starts: Float32Array  # (2 * floats,) least initial value and width of its range, by number of the state
    settings: Float32Array  # (k,) constants set by keyword arguments, see `Classic.settings`


class ComparedStep(NamedTuple):
    """The result of a step in the comparison mode, equal to Gymnasium's."""

    state: tuple[float, ...]
    observation: Float32Array  # (inputs,)
    reward: float
    terminated: bool


class NoKwargs(Parameters):
    """The keyword arguments of an environment that has none."""


class Classic(CompiledEnvironment):
    """One of Gymnasium's classic control environments.

    Args:
        parameters: has `max_steps` (None: Gymnasium's limit), `episodes`, `seeds` ("common": all agents of a
            generation get the same episodes, "fresh": each agent gets its own), `kwargs` for `Kwargs`, and
            optionally `aggregate` and `minimise`.
    """

    gymnasium_id: ClassVar[str]
    limit: ClassVar[int]  # steps of an episode, as Gymnasium registers it
    starts: ClassVar[Sequence[tuple[float, float]]]  # least and largest initial value of each number
    observed: ClassVar[Sequence[str]]  # name of each input
    does: ClassVar[Sequence[str]]  # name of each output
    scene: ClassVar[Scene]  # how it is drawn
    solution: ClassVar[MeanReturn | None]  # the criterion for returns
    # fill_observation, fill_step, and the constants of the dynamics as float32
    slots: ClassVar[Mapping[str, object]]
    exact: ClassVar[Mapping[str, object]]  # bindings of the comparison mode
    dynamics: ClassVar[Callable[..., Any]]
    Kwargs: ClassVar[type[Parameters]] = NoKwargs

    view = View.SIGNALS
    judge = "episodes"
    is_registered = True
    is_random = True
    integers = bits = 0
    parameters: Any
    plain_seconds = (1.2e-4, 1.2e-6)  # seconds in plain Python for each step, and in addition for each weight

    def __init__(self, parameters: Any) -> None:
        self.parameters = parameters
        self.kwargs: Any = self.Kwargs(**parameters.kwargs)
        self.max_steps = self.limit if parameters.max_steps is None else parameters.max_steps
        self.episodes, self.has_common_episodes = parameters.episodes, parameters.seeds == "common"
        self.aggregate, self.minimise = parameters.aggregate or "mean", bool(parameters.minimise)

    @property
    def criterion(self) -> MeanReturn | None:
        """The mean return that Gymnasium registers; None where costs are sought, or nothing is registered."""
        return None if self.minimise else self.solution

    @classmethod
    def of(cls, parameters: Any, facts: Facts | None) -> "Classic":
        """Return the environment; nothing is looked up."""
        return cls(parameters)

    def settings(self) -> tuple[float, ...]:
        """Return the constants that keyword arguments set, in the order that the kernel reads them."""
        return ()

    def best_possible(self) -> float | None:
        """Return an upper bound of the fitness; None where none is known, as for costs."""
        return None if self.minimise else self.best_return()

    def warnings(self, asked: Asked, genome: NetworkKind) -> list[Concern]:
        """Warn of parameters without effect, and of episodes too long for the criterion."""
        return [*acting_warnings(self, genome), *(self._limit_warnings() if asked.stop.solved else ())]

    def _limit_warnings(self) -> list[Concern]:
        """Warn of a step limit above Gymnasium's, with which the criterion's return is easily had."""
        criterion, best = self.criterion, self.best_possible()
        if criterion is None or best is None or criterion.threshold > best:
            return []
        usual = type(self)(self.parameters.model_copy(update={"max_steps": None}))
        usual_best = usual.best_return()
        if usual_best is None or usual_best >= best:
            return []
        expected = (
            f"{usual.max_steps}, as this environment is solved by a return of {criterion.threshold:g} in "
            "episodes of that length"
        )
        return [Concern(("max_steps",), expected, shown(self.max_steps))]

    @abstractmethod
    def best_return(self) -> float | None:
        """Return an upper bound of the return of one episode; None where none is known."""

    @classmethod
    def input_labels(cls) -> tuple[str, ...]:
        """Return the name of each input for display."""
        return tuple(cls.observed)

    @classmethod
    def output_labels(cls) -> tuple[str, ...]:
        """Return the name of each output for display."""
        return tuple(cls.does)

    @cached_property
    def world(self) -> World:
        """The arrays that kernels read."""
        starts = [number for low, high in self.starts for number in (low, high - low)]
        return World(np.array(starts, np.float32), np.array(self.settings(), np.float32))

    @property
    def parts(self) -> dict[str, object]:
        """The slots of `rollouts/kernel.py` that this environment fills, and constants of its dynamics."""
        fill_actions = fill_choice if self.actions == "choice" else fill_commands
        return {"fill_start": fill_start, "fill_actions": fill_actions, **self.slots}

    def compared(self, state: Sequence[float], action: Any) -> ComparedStep:
        """Compute one step in the comparison mode, bit for bit as Gymnasium does.

        Args:
            state: (floats,) in Gymnasium's types.
            action: as Gymnasium takes it.
        """
        *numbers, reward, over = plain(type(self).dynamics, self.exact)(
            *self.taken(state), action, *self.settings()
        )
        kept = self.kept(numbers)
        return ComparedStep(kept, self.seen(kept), float(reward), bool(over))

    def taken(self, state: Sequence[Any]) -> tuple[float, ...]:
        """Return the state in the types that Gymnasium computes with: float64."""
        return tuple(np.array(state, np.float64))

    def kept(self, state: Sequence[Any]) -> tuple[float, ...]:
        """Return the state in the types that Gymnasium stores: float64."""
        return tuple(np.array(state, np.float64))

    def seen(self, state: Sequence[Any]) -> Float32Array:
        """Return the observation of a state as Gymnasium computes it, (inputs,) float32."""
        return np.array(state, np.float32)


def in_lanes(module: Mapping[str, Any]) -> dict[str, object]:
    """Return the constants of a module (floats with names in capitals) as float32."""
    return {
        name: np.float32(value) for name, value in module.items() if name.isupper() and type(value) is float
    }


@formula
def chosen(a, b, yes, no):
    """Return `yes` where a > b, else `no`: `where_greater` for scalars in the comparison mode."""
    return yes if a > b else no


@formula
def powered(x):
    """Return x ** 2: `square` as Gymnasium computes it; the library's power is not always x * x."""
    return x**2


#: Bindings that the comparison modes of all environments share.
EXACT: Mapping[str, object] = {
    "where_greater": chosen, "square": powered, "sin": np.sin, "cos": np.cos, "ZERO": 0.0, "ONE": 1.0,
    "TWO": 2.0,
}


@part
def fill_start(world, work, lane, key):
    """Draw each number of the initial state uniformly from its range."""
    for row in range(world.starts.size >> 1):
        more = get(world.starts, 2 * row + 1) * uniform_part(key, row)
        put(work.floats, row * LANES + lane, get(world.starts, 2 * row) + more)


@part
def settled(work, reward, over):
    """Add the rewards of a step to the returns, mark the episodes that it ends, and return their number."""
    add_up(work.returns, 0, reward)
    return mark_over(work.over, work.alive, over)


@formula
def clipped(x, low, high):
    """Return x clipped to [low, high]."""
    x = where_greater(x, high, high, x)
    return where_greater(low, x, low, x)
