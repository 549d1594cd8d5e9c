"""Whether this worker was told to stop. One byte, shared with the processes that are forked after this was imported."""

import mmap

from processing.core.errors import Transient

_asked = mmap.mmap(-1, 1)


class Stopping(Transient):
    """The worker was told to stop; what it had begun is handed back."""


def ask() -> None:
    """Stop at the next sign of progress."""
    _asked[0] = 1


def check() -> None:
    """Raises Stopping where that was asked for."""
    if _asked[0]:
        raise Stopping
