"""Ends a process when its parent ends, for whatever reason.

Parent and child each hold one end of a socket pair. When the parent ends, the operating system closes its
end; the child then reads the end of the stream and exits. In the other direction the child sends one byte
a second, so that the parent can distinguish a stopped child from a busy one.

The module is also a program, `python leash.py FD [--as USER:GROUP] COMMAND …`, for commands that do not use
it. First it sends the parent the command's process number. It kills the command's process group when the
parent or the command ends. It imports only the standard library, so that it starts quickly.
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
    """End this process with its parent from now on, and send a heartbeat every BEAT_SECONDS."""
    die_with_parent()
    threading.Thread(target=_watch, args=(descriptor, lambda: os._exit(1)), name="leash", daemon=True).start()


def die_with_parent() -> None:
    """Ask Linux to kill this process when the thread that started it ends.

    Other systems have no such call; there the socket alone ends the process.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _watch(descriptor: int, on_parent_death: Callable[[], object], greeting: bytes = b"") -> None:
    """Send heartbeats, the first with the greeting; call `on_parent_death` when the other end is closed.

    A parent that died with unread heartbeats resets the connection instead of ending the stream.
    """
    with socket.socket(fileno=descriptor) as line, contextlib.suppress(BrokenPipeError, ConnectionResetError):
        while True:
            with contextlib.suppress(BlockingIOError):
                line.send(b"." + greeting, socket.MSG_DONTWAIT)
                greeting = b""
            readable, _, _ = select.select([line], [], [], BEAT_SECONDS)
            if readable and not line.recv(64):
                break
    on_parent_death()


def main() -> int:
    """Run the command of the arguments and return its exit code, as a shell reports it."""
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
        with contextlib.suppress(ProcessLookupError, PermissionError):  # the group has ended
            os.killpg(child.pid, signal.SIGKILL)

    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    greeting = b"%d." % child.pid
    threading.Thread(
        target=_watch, args=(int(descriptor), end_all, greeting), name="leash", daemon=True
    ).start()
    code = child.wait()
    end_all()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
