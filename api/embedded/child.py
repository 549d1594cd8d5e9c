"""A child process on a leash: started, watched, and ended by its parent."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from api.embedded import leash

#: A child that sent no beat for so long is stopped or hung, and is replaced.
SILENCE_SECONDS = 10.0
#: Signals that a crash of compiled code ends in, rather than somebody's kill.
CRASH_SIGNALS = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE})


class Child:
    """One child. Start it from the main thread: Linux ties its life to the thread that started it."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], *, wrapped: bool, log: Path) -> None:
        """Start `command`; `wrapped` where it does not hold the leash itself."""
        self.name = name
        self.line, far_end = socket.socketpair()
        self.line.setblocking(False)
        descriptor = far_end.fileno()
        if wrapped:
            command = (sys.executable, "-S", "-E", leash.__file__, str(descriptor), *command)
        with far_end, log.open("ab") as output:
            self.process = subprocess.Popen(
                command, env={**environment, leash.LEASH_VARIABLE: str(descriptor)}, pass_fds=(descriptor,),
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )
        self.started_at = self.heard_at = time.monotonic()

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number where one ended it."""
        return self.process.poll()

    @property
    def has_crashed(self) -> bool:
        """Whether compiled code brought it down."""
        code = self.exit_code
        return code is not None and -code in CRASH_SIGNALS

    def is_silent(self) -> bool:
        """Whether it has sent no beat for too long."""
        try:
            while self.line.recv(4096):
                self.heard_at = time.monotonic()
        except (BlockingIOError, ConnectionResetError):
            pass
        return time.monotonic() - self.heard_at > SILENCE_SECONDS

    def ask_to_end(self) -> None:
        """Send the terminate signal."""
        if self.exit_code is None:
            self.process.terminate()

    def end(self, *, patience: float = 0.0) -> None:
        """It is gone when this returns; it may take `patience` seconds to go by itself."""
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # it has just gone
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.line.close()
