"""Environments of an operator: spaces of all kinds, and some that hang, crash or cannot be used. Named in
ENVIRONMENT_MODULES.
"""

import copy
import os
import signal
import threading
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

KWARGS = {
    "Wide-v0": {"width": {"type": "integer", "default": 2, "min": 1, "max": 6}},
    "Listed-v0": {
        "weights": {"type": "numbers", "default": [1], "min": 0, "max": 2, "max_length": 3},
        "rows": {"type": "texts", "default": None, "max_length": 2},
    },
}


class World(gymnasium.Env[Any, Any]):
    """Ten steps of draws from its spaces; the reward is what the action adds up to."""

    observation_space: Any = spaces.Box(-1, 1, (2,))
    action_space: Any = spaces.Discrete(2)

    def __init__(self) -> None:
        self.observation_space = copy.deepcopy(self.observation_space)  # each draws from its own

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.observation_space.seed(seed)
        self.age = 0
        return self.observation_space.sample(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        assert self.action_space.contains(action), action
        self.age += 1
        reward = float(np.sum(np.asarray(action, np.float64)))
        return self.observation_space.sample(), reward, self.age >= 10, False, {}


class Mixed(World):
    """Every space of observations in one; an action of three choices."""

    observation_space = spaces.Dict({
        "where": spaces.Tuple((spaces.Discrete(3, start=5), spaces.Box(-2, 2, (2, 2), np.float64))),
        "what": spaces.MultiDiscrete([[2, 3], [4, 2]]), "flags": spaces.MultiBinary([2, 2]),
    })
    action_space = spaces.MultiDiscrete([2, 3, 2], start=[0, 1, -1])


class Switches(World):
    """Actions are switches."""

    observation_space = spaces.MultiBinary(4)
    action_space = spaces.MultiBinary(3)


class Levers(World):
    """Actions are numbers, with bounds of their own."""

    observation_space = spaces.Discrete(4, start=1)
    action_space = spaces.Box(np.array([[-3.0, 0.0]]), np.array([[5.0, 1.0]]), dtype=np.float64)


class Shifted(World):
    """The first action is not number 0."""

    action_space = spaces.Discrete(3, start=-4)


class Hanging(World):
    """Some episodes never go on."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if self.age == 4 and action == 1:
            threading.Event().wait()
        return super().step(action)


class Crashing(World):
    """Some episodes end in an exception."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if self.age == 4 and action == 1:
            raise RuntimeError("the bridge is gone")
        return super().step(action)


class Hungry(World):
    """Some episodes need more memory than there is."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if self.age == 4 and action == 1:
            raise MemoryError("no room for a bridge")
        return super().step(action)


class Priceless(World):
    """Some steps are paid beyond all numbers."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        seen, reward, *rest = super().step(action)
        return seen, np.nan if self.age == 5 and action == 1 else reward, *rest  # type: ignore[return-value]


class Dying(World):
    """Some episodes take their process with them."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if self.age == 4 and action == 1:
            os.kill(os.getpid(), signal.SIGSEGV)
        return super().step(action)


class Panic(BaseException):
    """What is no Exception."""


class Panicking(World):
    """Some episodes end in what is no Exception."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if self.age == 4 and action == 1:
            raise Panic("the bridge is gone")
        return super().step(action)


class WordlessError(Exception):
    """It cannot be told."""

    def __str__(self) -> str:
        raise ValueError


class Wordless(World):
    """Some episodes end in an exception without words."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if self.age == 4 and action == 1:
            raise WordlessError
        return super().step(action)


class Garbled(World):
    """Some episodes end in words that no database takes."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if self.age == 4 and action == 1:
            raise RuntimeError("the \0 bridge \udcff is gone")
        return super().step(action)


class Ambiguous(World):
    """Some episodes end and do not end."""

    def step(self, action: Any) -> Any:
        observation, reward, *ends, told = super().step(action)
        return (
            observation, reward, np.array([False, False]) if self.age == 5 and action == 1 else ends[0],
            ends[1], told
        )


class Forking(World):
    """Some episodes take their process with them, but not the one that it has begun."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if self.age == 4 and action == 1:
            if os.fork() == 0:
                threading.Event().wait(60)
                os._exit(0)
            os._exit(3)
        return super().step(action)


class Printing(World):
    """It says much."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        os.write(1, b"Hello. " * 20_000)
        return super().step(action)


class Slow(World):
    """Every step takes a twentieth of a second."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        threading.Event().wait(0.05)
        return super().step(action)


class Slower(World):
    """Every step takes two fifths of a second, an episode 4 seconds."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        threading.Event().wait(0.4)
        return super().step(action)


class Failing(World):
    """No episode begins."""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        raise RuntimeError("there is no bridge")


class Killed(World):
    """Some episodes end as if somebody had killed their process."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if self.age == 4 and action == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().step(action)


class Rare(World):
    """One in twenty-five episodes never begins."""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        observation, told = super().reset(seed=seed)
        if observation[0] > 0.92:
            threading.Event().wait()
        return observation, told


class Stuck(World):
    """No episode goes on."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        threading.Event().wait()
        return super().step(action)


class Blinded(World):
    """In some steps nothing is seen on one side."""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        return np.array([900.0, 5.0]), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        _, *rest = super().step(action)
        return np.array([1100.0, np.inf if self.age % 3 == 1 else 5.0]), *rest


class Narrow(World):
    """Its bounds are no float32 numbers."""

    action_space = spaces.Box(-0.1, 0.1, (2,), np.float64)


class Counting(World):
    """Its bounds are as far as they can be."""

    action_space = spaces.Box(np.iinfo(np.int64).min, np.iinfo(np.int64).max, (2,), np.int64)


class Counted(World):
    """What it takes fills 32 bits."""

    action_space = spaces.Box(0, 2**32 - 1, (2,), np.uint32)


class Numbered(World):
    """Parts of its observations have numbers, no names."""

    observation_space = spaces.Dict({1: spaces.Discrete(2), 2: spaces.Discrete(3)})


class Paired(World):
    """Parts of its observations have pairs for names."""

    observation_space = spaces.Dict({(1, 2): spaces.Discrete(2)})


class Drifting(World):
    """What is seen is far from 0, and never twice the same."""

    observation_space = spaces.Box(np.array([900.0, -1e-3]), np.array([1100.0, 1e-3]), dtype=np.float64)


class Talking(World):
    """Observations are words."""

    observation_space = spaces.Text(5)


class Endless(World):
    """Actions are numbers without bounds."""

    action_space = spaces.Box(-np.inf, np.inf, (1,))


class Painted(World):
    """Observations are large pictures."""

    observation_space = spaces.Box(0, 255, (400, 400, 3), np.uint8)


class Spoken(World):
    """Observations have parts that no network can take."""

    observation_space = spaces.Dict({
        "image": spaces.Box(0, 255, (4, 5, 3), np.uint8), "mission": spaces.Text(5),
        "direction": spaces.Discrete(4), "poster": spaces.Box(0, 255, (400, 400, 3), np.uint8),
        "words": spaces.Sequence(spaces.Discrete(3)),
    })


class Shown(World):
    """Observations are small pictures; the environment never seeds its generator."""

    observation_space = spaces.Box(0, 255, (10, 12, 3), np.uint8)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        self.observation_space.seed(seed)
        self.age = 0
        return self.observation_space.sample(), {}


class Listed(World):
    """It takes lists."""

    def __init__(self, weights: Any = (1.0,), rows: Any = ("ab",)) -> None:
        self.observation_space = spaces.Box(-1, 1, (len(weights) + len(rows),))


class Wide(World):
    """As wide as one likes."""

    def __init__(self, width: int = 2) -> None:
        self.observation_space = spaces.Box(-1, 1, (width,))


class Shy(World):
    """It takes an argument, and nothing says so."""

    def __init__(self, size: int = 3, render_mode: str | None = None) -> None:
        self.observation_space = spaces.Box(-1, 1, (size,))


for _kind in (
    Mixed, Switches, Levers, Shifted, Hanging, Crashing, Dying, Drifting, Talking, Endless, Painted, Wide,
    Panicking, Wordless, Garbled, Ambiguous, Forking, Printing, Slow, Failing, Stuck, Blinded, Narrow,
    Counting, Counted, Numbered, Paired, Killed, Rare, Hungry, Priceless, Shy, Spoken, Shown, Listed,
    Slower,
):
    gymnasium.register(f"{_kind.__name__}-v0", entry_point=_kind)
gymnasium.register("Worth-v3", entry_point=World, max_episode_steps=7, reward_threshold=2)
gymnasium.register("strange/Mixed-v0", entry_point=Mixed)
