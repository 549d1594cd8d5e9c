"""Whether this worker is to stop: one byte, shared with the processes that are forked after this import."""

import mmap

from processing.core.errors import Transient

_asked = mmap.mmap(-1, 1)


class Stopping(Transient):
    """The worker is to stop; the step that it had begun is handed back."""


def ask() -> None:
    """Ask the processes of this worker to stop at their next heartbeat."""
    _asked[0] = 1


def check() -> None:
    """Raise Stopping where this worker is to stop."""
    if _asked[0]:
        raise Stopping
