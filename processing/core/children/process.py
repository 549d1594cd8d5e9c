"""The parent's view of a child process: its start, its messages, its output, and its end."""

import contextlib
import mmap
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping

from processing.core.children.messages import NO_JOB, Channel
from processing.core.children.subprocesses import kill_session, variables
from processing.core.errors import Transient

#: Linear algebra in a child uses the one core that it has.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
#: Time limit between two jobs, in which a child starts and compiles.
QUIET_SECONDS = 600.0
#: Bytes kept of the end of what a child prints.
MOST_PRINTED = 10_000
#: Time in which a process that has closed its end must exit by itself.
_GRACE_SECONDS = 1.0


class Process:
    """A process that waits for jobs, which are numbers from 0.

    It leads a session of its own, so that processes that it starts end with it. Its program begins with
    `serving.connected`.

    Raises:
        Transient: the machine cannot start a process just now.
    """

    def __init__(self, program: str, *, purpose: str, **variables: str) -> None:
        """Args:
            program: the module that it runs.
            purpose: what it is for, for the message where it cannot be started.
            variables: environment variables.
        """
        with contextlib.ExitStack() as undo:
            try:
                self._start(undo, program, variables)
            except OSError as error:
                raise Transient(f"No process for {purpose} could be started: {error}") from error
            self._ends = undo.pop_all()
        self.jobs: set[int] = set()
        self.is_proven = False  # it has sent a message
        self.setup = b""
        self._printed = b""
        self._has_output = True
        self._marks_seen, self._moved_at = (NO_JOB, 0), time.monotonic()
        self._arrived: list[bytes] = []
        self.code: int | None = None  # exit code

    def _start(self, undo: contextlib.ExitStack, program: str, more: Mapping[str, str]) -> None:
        with contextlib.ExitStack() as passing:
            ours, theirs = socket.socketpair()
            undo.callback(ours.close)
            passing.callback(theirs.close)
            lifetime, their_lifetime = socket.socketpair()
            undo.callback(lifetime.close)
            passing.callback(their_lifetime.close)
            self._output, printing = os.pipe()
            undo.callback(os.close, self._output)
            passing.callback(os.close, printing)
            os.set_blocking(self._output, False)
            marks = passing.enter_context(tempfile.TemporaryFile())
            marks.truncate(16)
            self._map = mmap.mmap(marks.fileno(), 16)
            self._marks = undo.enter_context(memoryview(self._map).cast("q"))
            self._marks[0] = NO_JOB
            passed = (theirs.fileno(), their_lifetime.fileno(), marks.fileno())
            is_main = threading.current_thread() is threading.main_thread()
            self.process = subprocess.Popen(
                [sys.executable, "-m", program, *map(str, passed), str(int(is_main))], pass_fds=passed,
                env=variables(**more), stdin=subprocess.DEVNULL, stdout=printing, stderr=printing,
                start_new_session=True,
            )
        self.channel = Channel(ours)

    def take(self, jobs: list[int], setup: bytes, message: bytes) -> None:
        """Send jobs to the process, after the setup where that is new.

        Args:
            jobs: their numbers.
            setup: what they have in common, as its program reads it.
            message: the jobs as its program reads them.
        """
        self.jobs, self._moved_at = set(jobs), time.monotonic()
        if setup != self.setup:
            self.setup = setup
            self.channel.post(b"S" + setup)
        self.channel.post(b"W" + message)

    def exchange(self) -> list[bytes]:
        """Send and receive without blocking, and return the messages that have arrived."""
        self._drain()
        arrived, self._arrived = self._arrived, []
        return arrived + (self.channel.exchange() if self.code is None else [])

    @property
    def is_gone(self) -> bool:
        """Whether the process has ended or closed its connection; a fork may still hold the connection."""
        return self.channel.is_gone or self.process.poll() is not None

    def sources(self) -> list[int]:
        """Return the file descriptors to poll: its messages, and what it prints."""
        return [self.channel.fileno(), *([self._output] if self._has_output else [])]

    def at_work(self) -> int | None:
        """Return the job that it works on; None between two jobs."""
        job = NO_JOB if self.code is not None else self._marks[0]
        return None if job == NO_JOB else int(job)

    def is_silent(self, seconds: float) -> bool:
        """Return whether it has given no sign of progress on a job for longer than this.

        Between two jobs the limit is QUIET_SECONDS. The marks are compared at each call of this method.
        """
        now, seen = time.monotonic(), (self._marks[0], self._marks[1])
        if seen != self._marks_seen:
            self._marks_seen, self._moved_at = seen, now
        return (
            bool(self.jobs)
            and now - self._moved_at > (QUIET_SECONDS if seen[0] == NO_JOB else seconds)
        )

    def end(self) -> int:
        """Kill the process and the processes that it started, and return its exit code.

        `exchange` still returns the messages that arrived before.
        """
        if self.code is not None:
            return self.code
        if self.process.poll() is None and self.channel.is_gone:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(_GRACE_SECONDS)
        kill_session(self.process.pid)
        code = self.process.wait()
        self._arrived += self.channel.exchange()
        self._drain()
        self.code = code
        self._ends.close()
        self._map.close()
        return code

    def printed(self) -> str:
        """Return the end of what it printed."""
        return self._printed.decode("utf-8", "replace").strip()

    def last_line(self) -> str:
        """Return the last line that it printed."""
        return (self.printed().splitlines() or [""])[-1][:MOST_PRINTED]

    def _drain(self) -> None:
        """Read the output, so that the pipe never blocks the process, and keep its end."""
        try:
            while self._has_output and self.code is None and (chunk := os.read(self._output, 1 << 16)):
                self._printed = (self._printed + chunk)[-MOST_PRINTED:]
                if len(chunk) < 1 << 16:
                    return
            self._has_output = False
        except BlockingIOError:
            return


def wait_for_any(processes: Iterable[Process], *, seconds: float) -> None:
    """Wait until one of the processes sends, prints or can receive, at most so many seconds."""
    poll = select.poll()
    for process in processes:
        for source in process.sources():
            poll.register(source, select.POLLIN)
        if process.channel.has_unsent:
            poll.register(process.channel, select.POLLIN | select.POLLOUT)
    poll.poll(seconds * 1_000)


def exit_text(code: int) -> str:
    """Return the exit code of a process, or the name of the signal that ended it."""
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"
