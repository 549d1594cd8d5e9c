"""The processes in which environments of Gymnasium are stepped, and how lives are shared out among them.

Each gets some lives at a time, about a second's worth, and tells of each when it ends. One that hangs is killed, one that died
is replaced; the life whose environment was at work fails, and the others are lived again elsewhere, to the same bits.
"""

import atexit
import json
import logging
import math
import os
import select
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator
from functools import cache
from typing import NamedTuple

import numpy as np

from processing.core.errors import Broken, Transient
from processing.core.kernels.lanes import LANES
from processing.core.steppers.process import QUIET_SECONDS, Process, exit_text
from processing.core.steppers.repeats import Repeats
from processing.core.types import Failure, Float64Array, Noticed

log = logging.getLogger(__name__)

#: Lives that a process gets at a time, at most, and the time that they are to take.
MOST_LIVES, MESSAGE_SECONDS = 4 * LANES, 1.0
#: So often the parent looks whether a process hangs.
LOOK_SECONDS = 0.25
#: A life whose process was killed from outside is lived again so often.
MOST_TRIES = 3
_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP)
#: What was noticed of a life: a kind and a sentence each, see `Remark`.
Pairs = tuple[tuple[str, str], ...]


class EpisodeResult(NamedTuple):
    """What became of one life."""

    rollout: int
    total: float
    steps: int
    failure: Failure
    reason: str | None
    sums: Float64Array  # of its observations, their squares, and their number; empty where nobody asked
    remarks: Pairs = ()  # what was noticed, and a sentence
    record: bytes = b""  # all that happened, where the task asked for that; empty where the process died


class Task(NamedTuple):
    """Lives to live."""

    rollouts: range  # from 0
    setup: bytes  # environment and genome kind, for `child.py`
    packed: Callable[[list[int]], bytes]  # the message that some lives are lived from
    processes: int  # at most
    timeout_seconds: float  # an environment that does not answer for so long has hung
    least: int = 0  # with `seconds`: so many of the first lives are lived whatever happens
    seconds: float = math.inf  # after so long, no more lives are begun
    again: tuple[int, ...] = ()  # lives that are lived twice, see `repeats.py`
    records: bool = False  # what is told of each life besides is a record of it; see `recording.py`


class Pool:
    """Processes that wait for lives; each starts when it is first needed, and again when it was lost."""

    def __init__(self) -> None:
        self.all: list[Process] = []
        self.pace = (b"", 1)  # the last setup, and lives of it that took no longer than a message should
        self._known: dict[int, int] = {}  # of runs, how often they were resumed when they were last worked on
        self._lock = threading.Lock()

    def evaluate(self, task: Task, *, beat: Callable[[], object] = lambda: None) -> Generator[EpisodeResult]:
        """What becomes of each life, in any order; where time was too short, of the first ones only.

        Args:
            beat: called again and again while this waits; what it raises ends the lives.
        Raises:
            Broken: the processes cannot work at all.
            Transient: none can be started just now.
        """
        with self._lock:
            yield from _Sharing(self, task).ended(beat)

    def idle(self) -> Process | None:
        """A process that has nothing to do; None where there is none."""
        for child in [child for child in self.all if child.is_gone and not child.rollouts]:
            self.end(child)  # it has waited for too long
        return next((child for child in self.all if not child.rollouts), None)

    def end(self, child: Process) -> int:
        """End a process; how it ended."""
        if child in self.all:
            self.all.remove(child)
        return child.end()

    def renew(self, run: int, resumed: int) -> None:
        """End all processes where a run was resumed since it was last worked on here: what they have imported may
        be mended.

        Args:
            run: its number; resumed: a number that rises each time.
        """
        if self._known.get(run, 0) != resumed:
            self._known[run] = resumed
            with self._lock:
                self.close()

    def close(self) -> None:
        """End all processes."""
        for child in list(self.all):
            self.end(child)


class _Sharing:
    """The lives of one task on their way through the processes."""

    def __init__(self, pool: Pool, task: Task) -> None:
        self.pool, self.task = pool, task
        self.waiting, self.tries = deque(task.rollouts), Counter[int]()
        self.begun = 0  # lives 0..begun-1 were handed out
        self.repeats = Repeats(len(task.rollouts), task.again)
        setup, size = pool.pace
        self.size = size if setup == task.setup else 1
        self.at_once: dict[Process, tuple[int, float]] = {}  # lives of the message that it works on, and since when
        self.ends_at = time.monotonic() + task.seconds

    def ended(self, beat: Callable[[], object]) -> Iterator[EpisodeResult]:
        """What becomes of each life."""
        try:
            self._hand_out()
            while self.at_once:
                self._wait()
                for child in list(self.at_once):
                    yield from self._told(child)
                    yield from self._looked_after(child)
                beat()
                self._hand_out()
        finally:
            self.pool.pace = (self.task.setup, self.size)
            for child in self.at_once:
                self.pool.end(child)  # nobody waits for its lives any more

    def _hand_out(self) -> None:
        """Give lives to those that have none."""
        if self.waiting and time.monotonic() >= self.ends_at:
            last = max(self.begun, self.task.least)
            self.waiting = deque(rollout for rollout in self.waiting if rollout < last)
        while self.waiting and len(self.at_once) < self.task.processes:
            child = self.pool.idle()
            if child is None:
                self.pool.all.append(child := Process())
            share = math.ceil(len(self.waiting) / self.task.processes)
            number = min(self.size, share if share <= LANES else max(LANES, share // 2))
            mine = [self.waiting.popleft() for _ in range(number)]
            self.begun = max(self.begun, 1 + max(mine))
            self.repeats.given(mine, child)
            self._give(child, mine)
        while self.repeats and not self.waiting and len(self.at_once) < self.task.processes:
            if not self._hand_out_repeats():
                return

    def _give(self, child: Process, rollouts: list[int]) -> None:
        self.at_once[child] = (len(rollouts), time.monotonic())
        child.take(rollouts, self.task.setup, self.task.packed(rollouts))

    def _hand_out_repeats(self) -> bool:
        """Give a process lives that another one lived the first time; whether there may be more to hand out.

        Where all others are at work, they are waited for; where there are none, one is started.
        """
        self.repeats.leave_out_unbegun()
        self.pool.idle()
        for child in [child for child in self.pool.all if not child.rollouts]:
            if mine := self.repeats.take(child, self.size):
                self._give(child, mine)
                return True
        if self.repeats and not self.at_once:
            try:
                self.pool.all.append(Process())
            except Transient as error:
                log.warning("no agent is evaluated a second time: %s", error)
                self.repeats.clear()
        return bool(self.repeats) and not self.at_once

    def _wait(self) -> None:
        """Until somebody has something to say, or to take, or it is time to look after them."""
        poll = select.poll()
        for child in self.at_once:
            for source in child.sources():
                poll.register(source, select.POLLIN)
            if child.wire.has_unsent:
                poll.register(child.wire, select.POLLIN | select.POLLOUT)
        poll.poll(LOOK_SECONDS * 1_000)

    def _told(self, child: Process) -> Iterator[EpisodeResult]:
        """What a process has said of its lives since the last time. Raises Broken where it cannot work."""
        for message in child.exchange():
            line, _, payload = message.partition(b"\n")
            sums, record = (b"", payload) if self.task.records else (payload, b"")
            said = json.loads(line)
            if "broken" in said:
                raise Broken(said["broken"])
            child.is_proven = True
            if "ready" in said:
                self.at_once[child] = (len(child.rollouts), time.monotonic())
                continue
            child.rollouts.discard(said["rollout"])
            if said["failure"] == Failure.OUT_OF_MEMORY:
                self.repeats.leave_out(said["rollout"])
            yield EpisodeResult(
                said["rollout"], said["total"], said["steps"], Failure(said["failure"]), said["reason"],
                np.frombuffer(sums, np.float64), _pairs(said["remarks"]), record,
            )
        if not child.rollouts and child in self.at_once:
            self._paced(*self.at_once.pop(child))

    def _paced(self, number: int, since: float) -> None:
        """Make the next messages longer or shorter, as one of so many lives took since then."""
        took = time.monotonic() - since
        if took < MESSAGE_SECONDS / 2:
            self.size = min(MOST_LIVES, max(self.size, 2 * number))
        elif took > MESSAGE_SECONDS:
            self.size = max(1, min(self.size, number) // 2)

    def _looked_after(self, child: Process) -> Iterator[EpisodeResult]:
        """Deal with what one that is gone has left, and end one that hangs."""
        if not child.rollouts:
            return
        if child.is_gone:
            at, code = child.at_work(), self.pool.end(child)
            yield from self._told(child)
            yield from self._lost(child, at, code)
        elif child.is_silent(self.task.timeout_seconds):
            at = child.at_work()
            self.pool.end(child)
            yield from self._told(child)
            self.size = 1  # so that what ends beside one that hangs is told
            if at is None:
                raise Broken(f"A process for environments was silent for {QUIET_SECONDS:g} s.")
            reason = f"Its environment did not answer within {self.task.timeout_seconds:g} s."
            yield from self._failed(child, [at], Failure.TIMEOUT, reason)

    def _lost(self, child: Process, at: int | None, code: int) -> Iterator[EpisodeResult]:
        """The life that was at work when its process ended by itself has failed; where somebody killed it, nobody has."""
        outside, words = -code in _OUTSIDE, exit_text(code)
        log.warning("a process for environments ended (%s); printed in it last: %s", words, child.printed() or "nothing")
        if not child.is_proven and not outside and at is None:
            said = child.last_line()
            if all(map(self.repeats.is_second, child.rollouts)):
                log.warning("no agent is evaluated a second time: a process could not start (%s)", said)
                self.repeats.clear()
                child.rollouts.clear()
                self.at_once.pop(child, None)
                return
            raise Broken(f"A process for environments could not start ({words}). {said}".strip())
        self.tries.update(child.rollouts if at is None else [at])
        failed = [at] if at is not None and not outside else [one for one in child.rollouts if self.tries[one] >= MOST_TRIES]
        failure = Failure.WORKER_LOST if outside or at is None else Failure.ENVIRONMENT_ERROR
        reason = f"The process of its environment died ({words})."
        died = ((Noticed.PROCESS_DIED.value, words),) if failure == Failure.ENVIRONMENT_ERROR else ()
        yield from self._failed(child, failed, failure, reason, died)

    def _failed(
        self, child: Process, rollouts: list[int], failure: Failure, reason: str, remarks: Pairs = ()
    ) -> Iterator[EpisodeResult]:
        """These lives have failed; the others of their process wait again."""
        for rollout in child.rollouts.intersection(rollouts):
            if failure != Failure.ENVIRONMENT_ERROR:
                self.repeats.leave_out(rollout)
            yield EpisodeResult(rollout, math.nan, 0, failure, reason, np.zeros(0), remarks)
        left = sorted(child.rollouts.difference(rollouts), reverse=True)
        self.waiting.extendleft(rollout for rollout in left if not self.repeats.is_second(rollout))
        self.repeats.put_back(rollout for rollout in left if self.repeats.is_second(rollout))
        if failure == Failure.TIMEOUT and any(map(self.repeats.is_second, rollouts)):
            self.repeats.clear()  # one that hangs the second time has shown enough
        child.rollouts.clear()
        self.at_once.pop(child, None)


def _pairs(remarks: list[list[str]]) -> Pairs:
    return tuple((what, sentence) for what, sentence in remarks)


def pool() -> Pool:
    """The processes of this one, which know the operator's modules; a forked one has its own."""
    return _pool(os.getpid(), os.environ.get("ENVIRONMENT_MODULES", ""))


@cache
def _pool(process: int, modules: str) -> Pool:
    found = Pool()
    atexit.register(lambda: found.close() if os.getpid() == process else None)
    return found
