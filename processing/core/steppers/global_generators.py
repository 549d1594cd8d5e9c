"""The process-wide generators `random` and `numpy.random`, which some environments draw from.

The draws of an episode from them depend on what its process did before. Such episodes are evaluated one at a
time, with both generators seeded from the episode's address before the environment is made or reset, so that
they are reproducible.
"""

import pickle
import random

import numpy as np

from processing.core import rng
from processing.core.errors import Transient

#: The seed before the operator's modules are imported: a module that draws on import gets the same numbers in
#: every process.
AT_IMPORT = 0


class Moved(Transient):
    """The state of a global generator has changed since a message began."""


class GlobalGenerators:
    """Detects draws from a global generator by comparing states. A comparison takes about 60 microseconds."""

    def __init__(self) -> None:
        self._state = _state()

    def remember(self) -> None:
        """Store the current states as the reference."""
        self._state = _state()

    def have_moved(self) -> bool:
        """Return whether a state differs from the reference."""
        return _state() != self._state


def seed(key: int) -> None:
    """Seed both generators.

    Args:
        key: address of an episode, 64 bits.
    """
    random.seed(rng.draw(key, 1))
    np.random.seed(rng.draw(key, 2) >> 32)


def _state() -> tuple[object, bytes]:
    return random.getstate(), pickle.dumps(np.random.get_state(legacy=False))
