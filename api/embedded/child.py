"""A child process that ends with its parent: started, monitored and ended by it, see `leash.py`."""

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

#: A child that has sent no heartbeat for this long is stopped or hung, and is replaced.
SILENCE_SECONDS = 10.0
_GREETING_BYTES = 64  # kept of what is received first, which holds the process number
#: How long the leash may take to end its process group.
ENDING_SECONDS = 3.0
#: Signals of a crash in compiled code, as opposed to a kill from outside.
CRASH_SIGNALS = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE})


class Child:
    """One child process.

    Create it in the main thread: Linux kills the process when the thread that started it ends.
    """

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], *, wrapped: bool, log: Path,
        owner: tuple[int, int] | None = None, folder: Path | None = None,
    ) -> None:
        """Start `command` in `folder`, with its output appended to `log`.

        Args:
            wrapped: run the command through `leash.py`; other commands call `leash.end_with_parent`.
            owner: user and group ids that a wrapped command runs as; None for this process's own.
        """
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
        """The command's process number; `leash.py` sends that of a wrapped command.

        Raises:
            ProcessLookupError: the command did not start.
        """
        if not self.wrapped:
            return self.process.pid
        while self.greeting.count(b".") < 2:
            select.select([self.line], [], [], ENDING_SECONDS)
            if not self._receive():
                raise ProcessLookupError(f"{self.name} did not start")
        return int(self.greeting.split(b".")[1])

    @property
    def exit_code(self) -> int | None:
        """The exit code; None while the process runs, -n where signal n ended it."""
        return self.process.poll()

    @property
    def has_crashed(self) -> bool:
        """Whether a signal of CRASH_SIGNALS ended the process."""
        code = self.exit_code
        return code is not None and -code in CRASH_SIGNALS

    def is_silent(self) -> bool:
        """Whether no heartbeat has arrived for SILENCE_SECONDS."""
        while self._receive():
            self.received_at = time.monotonic()
        return time.monotonic() - self.received_at > SILENCE_SECONDS

    def ask_to_end(self) -> None:
        """Send SIGTERM and return at once."""
        if self.exit_code is None:
            self.process.terminate()

    def end_by(self, how: signal.Signals, *, patience: float) -> None:
        """Send the command this signal, and wait for its end; kill it after `patience` seconds."""
        if self.exit_code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, how)
        self.end(patience=patience)

    def end(self, *, patience: float = 0.0) -> None:
        """Wait `patience` seconds for the process to end by itself, then kill its process group."""
        self.is_ended = True
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self._let_go()
            with contextlib.suppress(ProcessLookupError, PermissionError):  # it has ended meanwhile
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.line.close()

    def _receive(self) -> bool:
        """Read what the child has sent; return whether there was anything."""
        try:
            received = self.line.recv(4096)
        except (BlockingIOError, ConnectionResetError):
            return False
        if len(self.greeting) < _GREETING_BYTES:
            self.greeting += received
        return bool(received)

    def _let_go(self) -> None:
        """Close the socket, upon which a wrapping leash kills its whole process group, and wait for that."""
        self.line.close()
        if self.wrapped:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(ENDING_SECONDS)
