"""The generators that a whole process shares, `random` and `numpy.random`: some environments draw from them.

Where one has moved, what an episode drew depends on what else its process did before. Such episodes are
evaluated one at a time, with both generators seeded from the episode's address before the environment is made
or reset, so that they depend on nothing else.
"""

import pickle
import random

import numpy as np

from processing.core import rng
from processing.core.errors import Transient

#: The key that a process begins with, before it imports the operator's modules: one that draws while it is
#: imported gets the same numbers in every process.
AT_IMPORT = 0


class Moved(Transient):
    """A global generator is no longer where it was when a batch began."""


class GlobalGenerators:
    """Whether one of them has moved since they were last looked at. Looking takes about 60 microseconds."""

    def __init__(self) -> None:
        self._state = _state()

    def remember(self) -> None:
        """What moves from here on has moved."""
        self._state = _state()

    def have_moved(self) -> bool:
        """Whether one has moved."""
        return _state() != self._state


def seed(key: int) -> None:
    """Both generators stand where this address, a 64-bit key, puts them."""
    random.seed(rng.draw(key, 1))
    np.random.seed(rng.draw(key, 2) >> 32)


def _state() -> tuple[object, bytes]:
    return random.getstate(), pickle.dumps(np.random.get_state(legacy=False))
