"""What ties a process for environments to its parent, and what environments begin to that process."""

import contextlib
import ctypes
import os
import signal
import socket
import sys
import threading
from typing import NoReturn

_PR_SET_PDEATHSIG = 1


def end_with_parent(leash: int, *, dies_with_thread: bool) -> None:
    """End with the parent, however that died: it holds the other end of the leash. A call that never lets other threads run
    is ended by the system where that can."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if dies_with_thread:
        _die_with_parent()

    def watch() -> None:
        with socket.socket(fileno=leash) as line, contextlib.suppress(OSError):
            line.recv(1)
        end()

    threading.Thread(target=watch, name="leash", daemon=True).start()


def forget_in_forks(*files: int) -> None:
    """What an environment forks has no part in what is said here, and ends with this process where the system can do that.

    The system ends it with the thread that forked it, so that is asked for where that is the thread that lives longest.
    """
    of_main: list[bool] = []

    def look() -> None:
        of_main[:] = [threading.current_thread() is threading.main_thread()]

    def forget() -> None:
        for file in files:
            with contextlib.suppress(OSError):
                os.close(file)
        if of_main[0]:
            _die_with_parent()

    os.register_at_fork(before=look, after_in_child=forget)


def end() -> NoReturn:
    """End this process, and all that environments have begun in it."""
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
