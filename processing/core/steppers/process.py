"""One process in which environments are stepped, as its parent sees it: how it starts, what it says, and how it ends."""

import contextlib
import mmap
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from processing.core.errors import Transient
from processing.core.steppers.messages import Channel

CHILD = "processing.core.steppers.serve"
NOBODY = -1
#: What a process may take between two calls of an environment: it starts and compiles.
QUIET_SECONDS = 600.0
#: Of what environments print, so much is kept.
MOST_PRINTED = 10_000
#: One that has closed its end has so long to go by itself.
_GRACE_SECONDS = 1.0


class Process:
    """A process that waits for lives.

    It is the first of a session of its own, so that whatever environments begin in it ends with it.

    Raises:
        Transient: the machine starts no process just now.
    """

    def __init__(self) -> None:
        with contextlib.ExitStack() as undo:
            try:
                self._start(undo)
            except OSError as error:
                raise Transient(f"No process for environments could be started: {error}") from error
            self._ends = undo.pop_all()
        self.rollouts: set[int] = set()
        self.is_proven = False  # it has said something
        self.setup = b""
        self._printed = b""
        self._has_output = True
        self._seen, self._seen_at = (NOBODY, 0), time.monotonic()
        self._arrived: list[bytes] = []
        self.code: int | None = None  # how it ended

    def _start(self, undo: contextlib.ExitStack) -> None:
        with contextlib.ExitStack() as passing:
            ours, theirs = socket.socketpair()
            undo.callback(ours.close)
            passing.callback(theirs.close)
            leash, their_leash = socket.socketpair()
            undo.callback(leash.close)
            passing.callback(their_leash.close)
            self._output, said = os.pipe()
            undo.callback(os.close, self._output)
            passing.callback(os.close, said)
            os.set_blocking(self._output, False)
            marks = passing.enter_context(tempfile.TemporaryFile())
            marks.truncate(16)
            self._map = mmap.mmap(marks.fileno(), 16)
            self._marks = undo.enter_context(memoryview(self._map).cast("q"))
            self._marks[0] = NOBODY
            passed = (theirs.fileno(), their_leash.fileno(), marks.fileno())
            is_main = threading.current_thread() is threading.main_thread()
            self.process = subprocess.Popen(
                [sys.executable, "-m", CHILD, *map(str, passed), str(int(is_main))], pass_fds=passed, env=environment(),
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
            )
        self.wire = Channel(ours)

    def take(self, rollouts: list[int], setup: bytes, message: bytes) -> None:
        """Begin to live these lives."""
        self.rollouts, self._seen_at = set(rollouts), time.monotonic()
        if setup != self.setup:
            self.setup = setup
            self.wire.post(b"S" + setup)
        self.wire.post(b"W" + message)

    def exchange(self) -> list[bytes]:
        """What it has said since the last time; nothing here waits."""
        self._drain()
        arrived, self._arrived = self._arrived, []
        return arrived + (self.wire.exchange() if self.code is None else [])

    @property
    def is_gone(self) -> bool:
        """Whether it is not there any more; another process may still hold its end of the wire."""
        return self.wire.is_gone or self.process.poll() is not None

    def sources(self) -> list[int]:
        """What can be waited for: its words, and what its environments print."""
        return [self.wire.fileno(), *([self._output] if self._has_output else [])]

    def at_work(self) -> int | None:
        """The life whose environment is being called; None between two calls."""
        rollout = NOBODY if self.code is not None else self._marks[0]
        return None if rollout == NOBODY else int(rollout)

    def is_silent(self, seconds: float) -> bool:
        """Whether nothing has moved for so long."""
        now, seen = time.monotonic(), (self._marks[0], self._marks[1])
        if seen != self._seen:
            self._seen, self._seen_at = seen, now
        return bool(self.rollouts) and now - self._seen_at > (QUIET_SECONDS if seen[0] == NOBODY else seconds)

    def end(self) -> int:
        """End the process and all that it has begun; how it ended. What it has said before can still be had."""
        if self.code is not None:
            return self.code
        if self.process.poll() is None and self.wire.is_gone:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(_GRACE_SECONDS)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        code = self.process.wait()
        self._arrived += self.wire.exchange()
        self._drain()
        self.code = code
        self._ends.close()
        self._map.close()
        return code

    def printed(self) -> str:
        """The end of what was printed in it."""
        return self._printed.decode("utf-8", "replace").strip()

    def last_line(self) -> str:
        """The last line that was printed in it."""
        return (self.printed().splitlines() or [""])[-1][:MOST_PRINTED]

    def _drain(self) -> None:
        """Keep the end of what was printed, so that nothing waits to print."""
        try:
            while self._has_output and self.code is None and (part := os.read(self._output, 1 << 16)):
                self._printed = (self._printed + part)[-MOST_PRINTED:]
                if len(part) < 1 << 16:
                    return
            self._has_output = False
        except BlockingIOError:
            return


def environment() -> dict[str, str]:
    """The same modules, one thread, no screen and no sound."""
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    return os.environ | {
        "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
        "SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy",
    }


def exit_text(code: int) -> str:
    """How a process ended."""
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"
