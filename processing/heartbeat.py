"""Signs of progress that keep the lease and the process, and the end of a turn.

No thread beats by itself. The code that works on a step calls the heartbeat between small pieces of work, so
a step that hangs loses its lease to another worker, and its process ends by a deadline that even a hung
interpreter keeps.
"""

import contextlib
import faulthandler
import math
import sys
import threading
import time
from collections.abc import Callable
from enum import Enum, auto
from types import TracebackType

from django.conf import settings

from database import services
from database.errors import NO_ANSWER, Fenced
from database.services import SliceClaim
from processing import node, stopping
from processing.core.kernels.build import while_compiling


class StepEnd(Enum):
    """How the work on a step ended."""

    GOES_ON = auto()  # the run may have further steps
    TURN_OVER = auto()  # its time was used up
    DONE = auto()  # nothing is left to do
    FAILED = auto()  # by an error, which was recorded
    LOST = auto()  # another worker holds the step, or the run was cancelled


#: The lease is extended at most this often, as a fraction of its length.
EXTEND_AFTER = 0.25
#: The state of the run is looked at so often.
LOOK_AFTER_SECONDS = 1.0
#: During a long step a worker writes its counts so often, which shows that it is there.
REPORT_AFTER_SECONDS = 5.0
#: The deadline is moved at most this often, as a fraction of its length; each time costs a thread.
POSTPONE_AFTER = 0.05


class Heartbeat:
    """The heartbeat of one step; a context manager, outside of which no deadline runs."""

    def __init__(
        self, extend: Callable[[float], None], is_to_pause: Callable[[], bool] = lambda: False, *,
        until: float = math.inf,
    ) -> None:
        """Take what it needs.

        Args:
            extend: extends the lease to so many seconds from now, or raises Fenced.
            is_to_pause: looks whether somebody asked the run to pause, or raises Fenced.
            until: when the turn is over, by the monotonic clock.
        """
        self.extend, self.is_to_pause, self.until = extend, is_to_pause, until
        self.is_over, self.thread = False, threading.get_ident()
        self.answers_for: SliceClaim | None = None  # of several steps, the one that errors are recorded under
        self.extended_at = self.looked_at = time.monotonic()
        self.reported_at = time.monotonic()
        self.postponed_at = -math.inf

    def __enter__(self) -> "Heartbeat":
        self._postpone_end()
        self.open = contextlib.ExitStack()
        self.open.enter_context(while_compiling(self.while_compiling))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.open.close()
        faulthandler.cancel_dump_traceback_later()

    def while_compiling(self) -> None:
        """Keep the lease and the process while a kernel compiles.

        A lost lease is raised by the next beat after it.
        """
        self._postpone_end()
        if threading.get_ident() == self.thread:  # other threads have no connection to the database
            with contextlib.suppress(Fenced, *NO_ANSWER):
                self._extend()

    def __call__(self) -> bool:
        """Report progress.

        Returns:
            Whether the turn is over: its time is up, or the run is to be paused.
        Raises:
            Fenced: the lease was lost, or the run was cancelled.
            Stopping: the worker is to stop.
        """
        stopping.check()
        self._postpone_end()
        self._extend()
        now = time.monotonic()
        if now - self.reported_at > REPORT_AFTER_SECONDS:
            node.flush_counts()
            self.reported_at = now
        if now - self.looked_at > LOOK_AFTER_SECONDS:
            self._look()
            self.looked_at = now
        return self.is_over or now >= self.until

    def _look(self) -> None:
        """Look whether the run is to be paused; where the database does not answer, look again later."""
        try:
            self.is_over = self.is_to_pause() or self.is_over
        except NO_ANSWER:
            services.renew_connection()

    def watch(self, extend: Callable[[float], None], is_to_pause: Callable[[], bool]) -> None:
        """Keep other leases than before: those of steps that are done beside each other."""
        self.extend, self.is_to_pause = extend, is_to_pause

    def answer_for(self, claim: SliceClaim) -> None:
        """Let errors be recorded under this claim, in place of the one that the work began with."""
        self.answers_for = claim

    def extended(self) -> None:
        """Record that a commit has extended the lease."""
        self.extended_at = time.monotonic()
        self._postpone_end()

    def _extend(self) -> None:
        now = time.monotonic()
        if now - self.extended_at > EXTEND_AFTER * settings.LEASE_SECONDS:
            self.extend(settings.LEASE_SECONDS)
            self.extended_at = now

    def _postpone_end(self) -> None:
        """Move the deadline after which the process ends, with a traceback of every thread."""
        seconds, now = settings.SILENCE_SECONDS or 2 * settings.LEASE_SECONDS, time.monotonic()
        if now - self.postponed_at < POSTPONE_AFTER * seconds:
            return
        self.postponed_at = now
        faulthandler.dump_traceback_later(max(seconds, 1.0), exit=True, file=sys.__stderr__ or 2)
