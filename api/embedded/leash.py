"""Ties a process to its parent: it ends when the parent does, however that died.

The parent keeps one end of a socket pair, the child the other. The parent's death closes its end; the child reads the end of
the stream and goes. The other way round, the child sends a byte a second, so that a silent one can be told from a busy one.

Run as a program, `python leash.py FD COMMAND …`, it ties a command that knows nothing of this. It needs only the standard
library, so that it starts at once.
"""

import contextlib
import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable

BEAT_SECONDS = 1.0
LEASH_VARIABLE = "LEASH_FD"
_PR_SET_PDEATHSIG = 1


def tie(descriptor: int) -> None:
    """This process ends with its parent from now on, and sends a beat every second."""
    die_with_parent()
    threading.Thread(target=_watch, args=(descriptor, lambda: os._exit(1)), name="leash", daemon=True).start()


def die_with_parent() -> None:
    """Linux kills this process when the thread that started it ends; other systems rely on the leash alone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _watch(descriptor: int, parted: Callable[[], object]) -> None:
    """Send beats until the other end is closed; then call `parted`.

    A parent that died with unread beats makes the line fail rather than end: both mean that it is gone.
    """
    with socket.socket(fileno=descriptor) as line, contextlib.suppress(BrokenPipeError, ConnectionResetError):
        while True:
            with contextlib.suppress(BlockingIOError):
                line.send(b".", socket.MSG_DONTWAIT)
            readable, _, _ = select.select([line], [], [], BEAT_SECONDS)
            if readable and not line.recv(64):
                break
    parted()


def main() -> int:
    """Run a command on the leash given as the first argument; its exit code."""
    child = subprocess.Popen(sys.argv[2:], preexec_fn=die_with_parent)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    threading.Thread(target=_watch, args=(int(sys.argv[1]), child.kill), name="leash", daemon=True).start()
    return child.wait()


if __name__ == "__main__":
    sys.exit(main())
