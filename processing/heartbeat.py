"""Signs of progress: they keep the lease, and they keep the process alive.

There is no thread that beats by itself. Whoever works on a step calls the beat between small parts of it, so a step
that hangs loses its lease to another worker, and its process ends by a deadline that even a hung interpreter keeps.
"""

import contextlib
import faulthandler
import math
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType

from django.conf import settings

from database.errors import NO_ANSWER, Fenced
from processing import node, stopping
from processing.core.kernels.build import while_compiling

#: The lease is extended at most this often, as a part of its length.
EXTEND_AFTER = 0.25
#: A worker that is at one step for long says so often that it is there.
REPORT_AFTER_SECONDS = 5.0
#: The end is put off at most this often, as a part of the silence that it ends; each time costs a thread.
POSTPONE_AFTER = 0.05


class Heartbeat:
    """The heartbeat of one step; a context, outside of which no deadline runs."""

    def __init__(self, extend: Callable[[float], None]) -> None:
        """`extend` makes the lease last so many seconds from now, or raises Fenced."""
        self.extend, self.thread = extend, threading.get_ident()
        self.extended_at = time.monotonic()
        self.reported_at = time.monotonic()
        self.postponed_at = -math.inf

    def __enter__(self) -> "Heartbeat":
        self._postpone_end()
        self.open = contextlib.ExitStack()
        self.open.enter_context(while_compiling(self.while_compiling))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.open.close()
        faulthandler.cancel_dump_traceback_later()

    def while_compiling(self) -> None:
        """A compiler goes on; what there is to say of a lost lease is said when it is done."""
        self._postpone_end()
        if threading.get_ident() == self.thread:  # others have no connection to the database
            with contextlib.suppress(Fenced, *NO_ANSWER):
                self._extend()

    def __call__(self) -> None:
        """There was progress. Raises Fenced where the lease was lost, Stopping where the worker is to stop."""
        stopping.check()
        self._postpone_end()
        self._extend()
        now = time.monotonic()
        if now - self.reported_at > REPORT_AFTER_SECONDS:
            node.flush_counts()
            self.reported_at = now

    def extended(self) -> None:
        """A commit has extended the lease."""
        self.extended_at = time.monotonic()
        self._postpone_end()

    def _extend(self) -> None:
        now = time.monotonic()
        if now - self.extended_at > EXTEND_AFTER * settings.LEASE_SECONDS:
            self.extend(settings.LEASE_SECONDS)
            self.extended_at = now

    def _postpone_end(self) -> None:
        """Without another sign of progress the process ends, saying where every thread was."""
        seconds, now = settings.SILENCE_SECONDS or 2 * settings.LEASE_SECONDS, time.monotonic()
        if now - self.postponed_at < POSTPONE_AFTER * seconds:
            return
        self.postponed_at = now
        faulthandler.dump_traceback_later(max(seconds, 1.0), exit=True, file=sys.__stderr__ or 2)
