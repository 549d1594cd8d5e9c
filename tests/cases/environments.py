"""Small environments, each of a shape that people have trouble with.

ENVIRONMENT_MODULES=tests.cases.environments.
"""

import os
import random
import time

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete


class Plain(gymnasium.Env):
    """Five steps of reward 1."""

    observation_space = Box(-1, 1, (2,), np.float32)
    action_space = Discrete(2)
    steps = 0

    def observation(self):
        return np.zeros(2, np.float32)

    def reward(self, action):
        return 1.0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return self.observation(), {}

    def step(self, action):
        self.steps += 1
        return self.observation(), self.reward(action), self.steps >= 5, False, {}


class OldReset(Plain):
    """The interface before Gym 0.26: reset gives the observation alone."""

    def reset(self, *, seed=None, options=None):
        return super().reset(seed=seed)[0]


class OldSeed(Plain):
    """The interface before Gym 0.26: reset takes no seed."""

    def reset(self):
        return self.observation(), {}


class OldStep(Plain):
    """The interface before Gym 0.26: step gives four things."""

    def step(self, action):
        observation, reward, terminated, _, info = super().step(action)
        return observation, reward, terminated, info


class ArrayReward(Plain):
    """A reward that is an array."""

    def reward(self, action):
        return np.array([1.5])


class NanObservation(Plain):
    """Observations that are not numbers."""

    def observation(self):
        return np.array([np.nan, 0.5], np.float32)


class Shrinks(Plain):
    """Its third step gives another observation."""

    def observation(self):
        return np.zeros(2 if self.steps < 3 else 1, np.float32)


class Raises(Plain):
    """An environment with a bug."""

    def step(self, action):
        raise RuntimeError("the simulator is not there")


class GlobalRandom(Plain):
    """Draws from the global generators instead of its own."""

    def observation(self):
        return np.array([random.random(), np.random.rand()], np.float32)

    def reward(self, action):
        return random.random() + np.random.rand()


class OwnRandom(Plain):
    """Draws from its own generator, as it should."""

    def observation(self):
        return self.np_random.random(2).astype(np.float32)

    def reward(self, action):
        return float(self.np_random.random() + action)


class SeldomGlobal(OwnRandom):
    """Draws from a global generator where its own says so."""

    def reward(self, action):
        return np.random.rand() if self.np_random.random() > 0.97 else float(action)


class Counter(Plain):
    """Rewards grow with the episodes that its class has seen: a module's state."""

    episodes = 0

    def reset(self, *, seed=None, options=None):
        Counter.episodes += 1
        return super().reset(seed=seed)

    def reward(self, action):
        return float(Counter.episodes)


class Clock(Plain):
    """Rewards are read from a clock."""

    def reward(self, action):
        return time.perf_counter()


class File(Plain):
    """Ends earlier for every episode that a file has counted."""

    def reset(self, *, seed=None, options=None):
        with open(os.environ["CASES_FILE"], "a+", encoding="utf-8") as file:
            file.write("x")
            self.last = 3 + file.tell()
        return super().reset(seed=seed)

    def step(self, action):
        observation, reward, _, truncated, info = super().step(action)
        return observation, reward, self.steps >= self.last, truncated, info


for each in (
    OldReset, OldSeed, OldStep, ArrayReward, NanObservation, Shrinks, Raises, GlobalRandom, OwnRandom,
    SeldomGlobal, Counter, Clock, File,
):
    gymnasium.register(f"cases/{each.__name__}-v0", entry_point=each, max_episode_steps=500)
