"""The processes in which environments of Gymnasium are stepped, as their parent sees them.

Each gets some lives at a time and tells of each when it ends. One that hangs is killed, one that died is replaced; the life
whose environment was at work fails, and the others are lived again elsewhere, to the same bits.
"""

import atexit
import contextlib
import json
import math
import mmap
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from functools import cache
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple

import numpy as np

from processing.core.errors import Broken
from processing.core.lanes import LANES
from processing.core.types import Failure, Float64Array

CHILD = "processing.core.judges.child"
NOBODY = -1
#: Lives that a process gets at a time.
MOST_LIVES = 4 * LANES
#: So often the parent looks whether a process hangs.
LOOK_SECONDS = 0.25
#: What a process may take between two calls of an environment: it starts and compiles.
QUIET_SECONDS = 600.0
#: A life whose process was killed from outside is lived again so often.
MOST_TRIES = 3
_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP)


class Ended(NamedTuple):
    """What became of one life."""

    life: int
    total: float
    steps: int
    failure: Failure
    reason: str | None
    sums: Float64Array  # of its observations and their squares; empty where nobody asked


class Children:
    """A number of processes; each starts when it is first needed, and again when it was lost."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._all: list[_Child] = []
        self._lock = threading.Lock()

    def live(
        self, lives: range, setup: bytes, packed: Callable[[list[int]], bytes], *, seconds: float,
        beat: Callable[[], object] = lambda: None,
    ) -> Iterator[Ended]:
        """What becomes of each life, in any order.

        Args:
            setup: environment and genome kind, for `child.py`.
            packed: the message that some lives are lived from.
            seconds: an environment that does not answer for so long has hung.
            beat: called again and again while this waits; what it raises ends the lives.
        Raises:
            Broken: the processes cannot work at all.
        """
        with self._lock:
            waiting, tries = deque(lives), Counter[int]()
            try:
                while waiting or any(child.lives for child in self._all):
                    self._hand_out(waiting, setup, packed)
                    busy: dict[Any, _Child] = {child.connection: child for child in self._all if child.lives}
                    for connection in wait(list(busy), LOOK_SECONDS):
                        yield from busy[connection].told()
                    for child in busy.values():
                        yield from self._looked_after(child, waiting, tries, seconds)
                    beat()
            finally:
                for child in [child for child in self._all if child.lives]:
                    self._end(child)

    def _hand_out(self, waiting: deque[int], setup: bytes, packed: Callable[[list[int]], bytes]) -> None:
        """Give lives to those that have none."""
        while waiting:
            child = next((child for child in self._all if not child.lives), None)
            if child is None:
                if len(self._all) >= self.number:
                    return
                self._all.append(child := _Child())
            share = math.ceil(len(waiting) / self.number)
            number = min(MOST_LIVES, share if share <= LANES else max(LANES, share // 2))
            mine = [waiting.popleft() for _ in range(number)]
            child.take(mine, setup, packed(mine))

    def _looked_after(
        self, child: "_Child", waiting: deque[int], tries: "Counter[int]", seconds: float
    ) -> Iterator[Ended]:
        """End a process that hangs, and deal with what one that is gone has left."""
        if child.is_gone:
            at, how = child.at_work(), self._end(child)
            yield from child.told()
            outside = how is not None and -how in _OUTSIDE
            if not child.is_proven and not outside and at is None:
                raise Broken(f"A process for environments could not start ({_words(how)}); its log says why.")
            tries.update(child.lives if at is None else [at])
            failed = [at] if at in child.lives and not outside else [one for one in child.lives if tries[one] >= MOST_TRIES]
            failure = Failure.WORKER_LOST if outside or at is None else Failure.ENVIRONMENT_ERROR
            reason = f"The process of its environment died ({_words(how)})."
        elif child.is_silent(seconds):
            at = child.at_work()
            self._end(child)
            yield from child.told()
            if at is None:
                raise Broken(f"a process for environments was silent for {QUIET_SECONDS:g} s")
            failed, failure, reason = [at], Failure.TIMEOUT, f"Its environment did not answer within {seconds:g} s."
        else:
            return
        for life in failed:
            if life in child.lives:
                yield Ended(life, math.nan, 0, failure, reason, np.zeros(0))
        waiting.extendleft(sorted(child.lives - set(failed), reverse=True))
        child.lives.clear()

    def _end(self, child: "_Child") -> int | None:
        """End a process; how it ended, None where it did not go."""
        self._all.remove(child)
        return child.end()

    def close(self) -> None:
        """End all processes."""
        for child in list(self._all):
            self._end(child)


class _Child:
    """One process."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self._leash, leash = socket.socketpair()
        with tempfile.TemporaryFile() as marks:
            marks.truncate(16)
            self._map = mmap.mmap(marks.fileno(), 16)
            self._marks = memoryview(self._map).cast("q")
            self._marks[0] = NOBODY
            passed = (theirs.fileno(), leash.fileno(), marks.fileno())
            is_main = threading.current_thread() is threading.main_thread()
            self.process = subprocess.Popen(
                [sys.executable, "-m", CHILD, *map(str, passed), str(int(is_main))], pass_fds=passed, env=_environment(),
                stdin=subprocess.DEVNULL,
            )
        theirs.close()
        leash.close()
        self.connection = Connection(ours.detach())
        self.lives: set[int] = set()
        self.is_gone = self.is_proven = False
        self._setup = self._message = b""  # a message waits until the process is ready for it, so that nobody waits to send
        self._seen, self._seen_at = (NOBODY, 0), time.monotonic()

    def take(self, lives: list[int], setup: bytes, message: bytes) -> None:
        """Begin to live these lives."""
        self.lives, self._seen_at = set(lives), time.monotonic()
        self._message = b"W" + message
        if setup == self._setup:
            self._send(self._message)
            return
        self._setup = setup
        self._send(b"S" + setup)

    def told(self) -> Iterator[Ended]:
        """What it has said of its lives since the last time. Raises Broken where it cannot work."""
        try:
            while self.lives and self.connection.poll():
                line, _, sums = self.connection.recv_bytes().partition(b"\n")
                said = json.loads(line)
                if "broken" in said:
                    raise Broken(f"A process for environments could not start: {said['broken']}")
                self.is_proven = True
                if "ready" in said:
                    self._send(self._message)
                    continue
                self.lives.discard(said["life"])
                yield Ended(
                    said["life"], said["total"], said["steps"], Failure(said["failure"]), said["reason"],
                    np.frombuffer(sums, np.float64),
                )
        except (EOFError, OSError):
            self.is_gone = True

    def _send(self, message: bytes) -> None:
        try:
            self.connection.send_bytes(message)
        except OSError:
            self.is_gone = True

    def at_work(self) -> int | None:
        """The life whose environment is being called; None between two calls."""
        life = self._marks[0]
        return None if life == NOBODY else int(life)

    def is_silent(self, seconds: float) -> bool:
        """Whether nothing has moved for so long."""
        now, seen = time.monotonic(), (self._marks[0], self._marks[1])
        if seen != self._seen:
            self._seen, self._seen_at = seen, now
        return bool(self.lives) and now - self._seen_at > (QUIET_SECONDS if seen[0] == NOBODY else seconds)

    def end(self) -> int | None:
        """End the process; how it ended."""
        if self.process.poll() is None and self.is_gone:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1.0)
        self.process.kill()
        code = self.process.wait()
        self._leash.close()
        return code


def _environment() -> dict[str, str]:
    """The same modules, one thread, no screen and no sound."""
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    return os.environ | {
        "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
        "SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy",
    }


def _words(code: int | None) -> str:
    if code is None or code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"


def children(number: int) -> Children:
    """The processes of this one, which know the operator's modules; a forked one has its own."""
    return _children(number, os.getpid(), os.environ.get("ENVIRONMENT_MODULES", ""))


@cache
def _children(number: int, process: int, modules: str) -> Children:
    found = Children(number)
    atexit.register(lambda: found.close() if os.getpid() == process else None)
    return found
