"""What a process says of the episodes of one message, a short while after they have ended.

They are held back until the global generators were looked at: where one has moved, what an episode drew may
depend on the others, and those that were not told of yet are evaluated again, one at a time. See
`global_generators.py`.
"""

import socket
import time

from processing.core.steppers import global_generators
from processing.core.steppers.global_generators import GlobalGenerators, Moved
from processing.core.steppers.messages import send

#: Looking takes as long as many an episode, so that it is done no more often. What was held back is lost with
#: its process, and evaluated again.
HELD_SECONDS = 0.05


class Reports:
    """Episodes that have ended, on their way to whoever asked for them."""

    def __init__(self, end: socket.socket) -> None:
        self.end, self.generators = end, GlobalGenerators()
        self.is_careful = False  # generators were seen to move: episodes one at a time, each seeded
        self._has_drawn = False  # one of those was seen to move them
        self._held: list[tuple[int, bytes]] = []  # number and what is said of it
        self._sent, self._sent_at = set[int](), 0.0  # numbers of this message

    def begin(self) -> None:
        """A new message."""
        self.generators.remember()
        self._held, self._sent = [], set()

    def begin_again(self) -> None:
        """The same message, one episode at a time; those that were sent are done."""
        self.is_careful, self._held = True, []

    def end_careful(self) -> None:
        """Go on like that only where an episode was seen to draw: what is imported for one draws once."""
        self.is_careful = self._has_drawn

    def is_sent(self, number: int) -> bool:
        """Whether an episode of this message was told of."""
        return number in self._sent

    def seed(self, key: int) -> None:
        """Where episodes are evaluated one at a time, put the generators where this address, a key, says."""
        if self.is_careful:
            global_generators.seed(key)
            self.generators.remember()

    def has_drawn(self) -> bool:
        """Whether episodes are evaluated one at a time, and the one that ends now, or one before, has drawn."""
        self._has_drawn = self._has_drawn or (self.is_careful and self.generators.have_moved())
        return self.is_careful and self._has_drawn

    def add(self, number: int, message: bytes) -> None:
        """An episode has ended."""
        self._held.append((number, message))

    def send(self, *, at_once: bool) -> None:
        """Tell of the episodes that have ended, where that was held back for long enough.

        Raises:
            Moved: a global generator has moved since the message began, which may have changed them.
            Gone: nobody is there any more.
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
