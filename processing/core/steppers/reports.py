"""The results that a stepper sends for the episodes of one message, shortly after they have ended.

Results are held until the states of the global generators have been compared. Where one has moved, the draws
of an episode may depend on the others, and all episodes without a sent result are evaluated again, one at a
time. See `global_generators.py`.
"""

import socket
import time

from processing.core.children.messages import send
from processing.core.steppers import global_generators
from processing.core.steppers.global_generators import GlobalGenerators, Moved

#: Least time between two comparisons, as one takes as long as a short episode. Held results are lost with
#: their process, and their episodes are evaluated again.
HELD_SECONDS = 0.05


class Reports:
    """Results of ended episodes that are sent to the parent."""

    def __init__(self, end: socket.socket) -> None:
        self.end, self.generators = end, GlobalGenerators()
        self.is_careful = False  # generators have moved: episodes run one at a time, each seeded
        self._has_drawn = False  # one of these episodes has moved them
        self._held: list[tuple[int, bytes]] = []  # number and result of each episode
        self._sent, self._sent_at = set[int](), 0.0  # numbers sent for this message, and the time of the last

    def begin(self) -> None:
        """Begin a new message."""
        self.generators.remember()
        self._held, self._sent = [], set()

    def begin_again(self) -> None:
        """Begin the message again, one episode at a time; sent results stay valid, held ones are dropped."""
        self.is_careful, self._held = True, []

    def end_careful(self) -> None:
        """Continue with one episode at a time only if an episode has drawn, as an import draws only once."""
        self.is_careful = self._has_drawn

    def is_sent(self, number: int) -> bool:
        """Return whether the result of an episode of this message was sent."""
        return number in self._sent

    def seed(self, key: int) -> None:
        """Seed the global generators with an episode's address, where episodes run one at a time."""
        if self.is_careful:
            global_generators.seed(key)
            self.generators.remember()

    def has_drawn(self) -> bool:
        """Return whether episodes run one at a time, and the current or an earlier one has drawn."""
        self._has_drawn = self._has_drawn or (self.is_careful and self.generators.have_moved())
        return self.is_careful and self._has_drawn

    def add(self, number: int, message: bytes) -> None:
        """Hold the result of an ended episode."""
        self._held.append((number, message))

    def send(self, *, at_once: bool) -> None:
        """Send the held results, where `at_once` or HELD_SECONDS after the last time.

        Raises:
            Moved: a global generator has moved since the message began, which may have changed the episodes.
            Gone: the connection is closed.
        """
        is_due = at_once or self.is_careful or time.monotonic() - self._sent_at >= HELD_SECONDS
        if not self._held or not is_due:
            return
        if not self.is_careful and self.generators.have_moved():
            raise Moved
        for number, message in self._held:
            send(self.end, message)
            self._sent.add(number)
        self._held, self._sent_at = [], time.monotonic()
