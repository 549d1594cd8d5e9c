"""Ties a process to its parent: it ends when the parent does, however that died.

The parent keeps one end of a socket pair, the child the other. The parent's death closes its end; the child reads the end of
the stream and goes. The other way round, the child sends a byte a second, so that a silent one can be told from a busy one.

Run as a program, `python leash.py FD [--as USER:GROUP] COMMAND …`, it ties a command that knows nothing of this, and all that
the command starts: nobody of its process group outlives it. The first thing it tells the parent is the command's process number.
It needs only the standard library, so that it starts at once.
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


def end_with_parent(descriptor: int) -> None:
    """This process ends with its parent from now on, and sends a beat every second."""
    die_with_parent()
    threading.Thread(target=_watch, args=(descriptor, lambda: os._exit(1)), name="leash", daemon=True).start()


def die_with_parent() -> None:
    """Linux kills this process when the thread that started it ends; other systems rely on the leash alone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _watch(descriptor: int, parted: Callable[[], object], greeting: bytes = b"") -> None:
    """Send a beat and the greeting, then beats until the other end is closed; then call `parted`.

    A parent that died with unread beats makes the line fail rather than end: both mean that it is gone.
    """
    with socket.socket(fileno=descriptor) as line, contextlib.suppress(BrokenPipeError, ConnectionResetError):
        while True:
            with contextlib.suppress(BlockingIOError):
                line.send(b"." + greeting, socket.MSG_DONTWAIT)
                greeting = b""
            readable, _, _ = select.select([line], [], [], BEAT_SECONDS)
            if readable and not line.recv(64):
                break
    parted()


def main() -> int:
    """Run a command on the leash given as the first argument; its exit code, as a shell would tell it."""
    descriptor, *command = sys.argv[1:]
    user = group = None
    if command[0] == "--as":
        user, group = map(int, command[1].split(":"))
        command = command[2:]
    child = subprocess.Popen(
        command, preexec_fn=die_with_parent, start_new_session=True, user=user, group=group,
        extra_groups=None if user is None else [],
    )

    def end_all() -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody is left
            os.killpg(child.pid, signal.SIGKILL)

    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    greeting = b"%d." % child.pid
    threading.Thread(target=_watch, args=(int(descriptor), end_all, greeting), name="leash", daemon=True).start()
    code = child.wait()
    end_all()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
