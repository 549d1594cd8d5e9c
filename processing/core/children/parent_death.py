"""How a child ends with its parent, and how processes that it starts end with it."""

import contextlib
import ctypes
import os
import signal
import socket
import sys
import threading
from typing import NoReturn

_PR_SET_PDEATHSIG = 1


def end_with_parent(lifetime: int, *, dies_with_thread: bool) -> None:
    """End this process when its parent ends, in whatever way, and ignore SIGINT.

    A thread waits for the end of the socket. On Linux the kernel can also kill the process, even in a call
    that blocks all threads.

    Args:
        lifetime: file descriptor of a socket whose other end only the parent holds.
        dies_with_thread: whether the kernel kills this process when the parent's thread that started it ends.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if dies_with_thread:
        _die_with_parent()

    def watch() -> None:
        with socket.socket(fileno=lifetime) as line, contextlib.suppress(OSError):
            line.recv(1)
        end()

    threading.Thread(target=watch, name="leash", daemon=True).start()


def close_in_forks(*files: int) -> None:
    """Close file descriptors in processes that this one forks; on Linux those also end with this process.

    The kernel kills a fork when the thread that forked it ends, so it is asked to only in forks of the main
    thread.
    """
    is_main_thread: list[bool] = []

    def look() -> None:
        is_main_thread[:] = [threading.current_thread() is threading.main_thread()]

    def close_files() -> None:
        for file in files:
            with contextlib.suppress(OSError):
                os.close(file)
        if is_main_thread[0]:
            _die_with_parent()

    os.register_at_fork(before=look, after_in_child=close_files)


def end() -> NoReturn:
    """End this process and its process group, with the processes that were started in it."""
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
