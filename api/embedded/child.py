"""A child process on a leash: started, watched, and ended by its parent."""

import contextlib
import os
import select
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
_GREETING = 64  # bytes, of which the first tell the process number
#: So long may the leash take to end what it holds.
ENDING_SECONDS = 3.0
#: Signals that a crash of compiled code ends in, rather than somebody's kill.
CRASH_SIGNALS = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE})


class Child:
    """One child. Start it from the main thread: Linux ties its life to the thread that started it."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], *, wrapped: bool, log: Path,
        owner: tuple[int, int] | None = None, folder: Path | None = None,
    ) -> None:
        """Start `command` in `folder`; `wrapped` where it does not hold the leash itself, and then as `owner`, user and group."""
        self.name, self.wrapped, self.greeting, self.is_ended = name, wrapped, b"", False
        self.line, far_end = socket.socketpair()
        self.line.setblocking(False)
        descriptor = far_end.fileno()
        if wrapped:
            identity = () if owner is None else ("--as", f"{owner[0]}:{owner[1]}")
            command = (sys.executable, "-S", "-E", leash.__file__, str(descriptor), *identity, *command)
        with far_end, log.open("ab") as output:
            self.process = subprocess.Popen(
                command, env={**environment, leash.LEASH_VARIABLE: str(descriptor)}, pass_fds=(descriptor,),
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                cwd=folder,
            )
        self.started_at = self.received_at = time.monotonic()

    @property
    def pid(self) -> int:
        """The command's process number; a wrapped one's is told by the leash."""
        if not self.wrapped:
            return self.process.pid
        while self.greeting.count(b".") < 2:
            select.select([self.line], [], [], ENDING_SECONDS)
            if not self._receive():
                raise ProcessLookupError(f"{self.name} did not start")
        return int(self.greeting.split(b".")[1])

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
        while self._receive():
            self.received_at = time.monotonic()
        return time.monotonic() - self.received_at > SILENCE_SECONDS

    def ask_to_end(self) -> None:
        """Send the terminate signal."""
        if self.exit_code is None:
            self.process.terminate()

    def end_by(self, how: signal.Signals, *, patience: float) -> None:
        """The command gets this signal, and is gone when this returns."""
        if self.exit_code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, how)
        self.end(patience=patience)

    def end(self, *, patience: float = 0.0) -> None:
        """It is gone when this returns; it may take `patience` seconds to go by itself."""
        self.is_ended = True
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self._let_go()
            with contextlib.suppress(ProcessLookupError, PermissionError):  # it has just gone
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.line.close()

    def _receive(self) -> bool:
        """Whether there was something to be heard."""
        try:
            received = self.line.recv(4096)
        except (BlockingIOError, ConnectionResetError):
            return False
        if len(self.greeting) < _GREETING:
            self.greeting += received
        return bool(received)

    def _let_go(self) -> None:
        """A leash whose other end is closed ends what it holds, whatever that has started meanwhile."""
        self.line.close()
        if self.wrapped:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(ENDING_SECONDS)
