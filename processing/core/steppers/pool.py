"""The pool of steppers, which step Gymnasium environments, and the distribution of rollouts to them.

A process gets the rollouts of about a second at a time, and reports each when it ends. A process that hangs
is killed, and one that died is replaced. The rollout whose environment was being called fails; the others are
evaluated again in other processes, with the same results.
"""

import atexit
import json
import logging
import math
import os
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator
from functools import cache
from typing import NamedTuple

import numpy as np

from processing.core.children.process import (
    ONE_THREAD,
    QUIET_SECONDS,
    Process,
    exit_text,
    wait_for_any,
)
from processing.core.errors import Broken, Transient
from processing.core.kernels.lanes import LANES
from processing.core.steppers.repeats import Repeats
from processing.core.types import Beat, Failure, Float64Array, RemarkKind, no_beat

log = logging.getLogger(__name__)

#: Most rollouts of one message to a process, and the time that a message should take.
MOST_ROLLOUTS, MESSAGE_SECONDS = 4 * LANES, 1.0
#: Interval at which the parent checks whether a process hangs.
LOOK_SECONDS = 0.25
#: A rollout fails when its process was killed from outside so often.
MOST_TRIES = 3
PROGRAM = "processing.core.steppers.serve"
_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP)
#: Remarks about a rollout: kind and sentence, see `Remark`.
Pairs = tuple[tuple[str, str], ...]


class EpisodeResult(NamedTuple):
    """The result of one rollout."""

    rollout: int
    total: float
    steps: int
    failure: Failure
    reason: str | None
    sums: Float64Array  # of its observations, their squares, and their number; empty where not normalised
    remarks: Pairs = ()
    record: bytes = b""  # see `recording.py`; empty where the task asks for none or the process died


class Task(NamedTuple):
    """The rollouts of one evaluation, and their limits."""

    rollouts: range  # from 0
    setup: bytes  # environment and genome kind, for `stepper.py`
    packed: Callable[[list[int]], bytes]  # makes the message of some rollouts
    processes: int  # at most
    timeout_seconds: float  # an environment that does not answer for so long hangs
    least: int = 0  # so many first rollouts are evaluated even where the turn is over before
    again: tuple[int, ...] = ()  # rollouts that are evaluated twice, see `repeats.py`
    records: bool = False  # whether results carry a record instead of sums; see `recording.py`


class Pool:
    """Steppers that wait for rollouts; each starts when it is first needed, and is replaced when lost."""

    def __init__(self) -> None:
        self.all: list[Process] = []
        self.pace = (b"", 1)  # the last setup, and the number of its rollouts that a message should have
        self._known: dict[int, int] = {}  # by run, its `resumed` when it was last worked on
        self._lock = threading.Lock()

    def evaluate(self, task: Task, *, beat: Beat = no_beat) -> Generator[EpisodeResult]:
        """Yield the results of rollouts in any order; only of the first ones where the turn is over before.

        Args:
            task: the rollouts and their limits.
            beat: called repeatedly while this waits. Once it answers that the turn is over, no more rollouts
                are begun but those before begun ones; an error that it raises ends the rollouts.
        Raises:
            Broken: the processes cannot work at all.
            Transient: no process can be started just now.
        """
        with self._lock:
            yield from _Dispatch(self, task).results(beat)

    def idle(self) -> Process | None:
        """Return a process without rollouts, or None; remove idle ones that have ended by themselves."""
        for process in [process for process in self.all if process.is_gone and not process.jobs]:
            self.end(process)
        return next((process for process in self.all if not process.jobs), None)

    def end(self, process: Process) -> int:
        """End a process, remove it from the pool, and return its exit code."""
        if process in self.all:
            self.all.remove(process)
        return process.end()

    def renew(self, run: int, resumed: int) -> None:
        """End all processes if a run was resumed since its last task here, as modules may have been repaired.

        Args:
            run: number of the run.
            resumed: a number that rises each time the run is resumed.
        """
        if self._known.get(run, 0) != resumed:
            self._known[run] = resumed
            with self._lock:
                self.close()

    def close(self) -> None:
        for process in list(self.all):
            self.end(process)


class _Dispatch:
    """The distribution of the rollouts of one task to processes."""

    def __init__(self, pool: Pool, task: Task) -> None:
        self.pool, self.task = pool, task
        self.waiting, self.tries = deque(task.rollouts), Counter[int]()
        self.begun = 0  # rollouts 0..begun-1 were handed out
        self.repeats = Repeats(len(task.rollouts), task.again)
        setup, size = pool.pace
        self.size = size if setup == task.setup else 1
        self.at_once: dict[Process, tuple[int, float]] = {}  # rollouts of the current message, its start
        self.is_over = False  # whether the turn is

    def results(self, beat: Beat) -> Iterator[EpisodeResult]:
        """Yield the result of each rollout."""
        try:
            self._hand_out()
            while self.at_once:
                wait_for_any(self.at_once, seconds=LOOK_SECONDS)
                for process in list(self.at_once):
                    yield from self._reported(process)
                    yield from self._checked(process)
                self.is_over = beat() or self.is_over
                self._hand_out()
        finally:
            self.pool.pace = (self.task.setup, self.size)
            for process in self.at_once:
                self.pool.end(process)  # its results are no longer needed

    def _hand_out(self) -> None:
        """Give rollouts to processes that have none."""
        if self.waiting and self.is_over:
            last = max(self.begun, self.task.least)
            self.waiting = deque(rollout for rollout in self.waiting if rollout < last)
        while self.waiting and len(self.at_once) < self.task.processes:
            process = self.pool.idle()
            if process is None:
                self.pool.all.append(process := _stepper())
            share = math.ceil(len(self.waiting) / self.task.processes)
            number = min(self.size, share if share <= LANES else max(LANES, share // 2))
            mine = [self.waiting.popleft() for _ in range(number)]
            self.begun = max(self.begun, 1 + max(mine))
            self.repeats.given(mine, process)
            self._give(process, mine)
        while self.repeats and not self.waiting and len(self.at_once) < self.task.processes:
            if not self._hand_out_repeats():
                return

    def _give(self, process: Process, rollouts: list[int]) -> None:
        self.at_once[process] = (len(rollouts), time.monotonic())
        process.take(rollouts, self.task.setup, self.task.packed(rollouts))

    def _hand_out_repeats(self) -> bool:
        """Give a process repeats of another one's rollouts, and return whether to try again.

        Where all others are busy, the repeats wait; where no process is busy, one is started.
        """
        self.repeats.leave_out_unbegun()
        self.pool.idle()
        for process in [process for process in self.pool.all if not process.jobs]:
            if mine := self.repeats.take(process, self.size):
                self._give(process, mine)
                return True
        if self.repeats and not self.at_once:
            try:
                self.pool.all.append(_stepper())
            except Transient as error:
                log.warning("no agent is evaluated a second time: %s", error)
                self.repeats.clear()
        return bool(self.repeats) and not self.at_once

    def _reported(self, process: Process) -> Iterator[EpisodeResult]:
        """Yield the results that a process has sent. Raises Broken where it reports that it cannot work."""
        for message in process.exchange():
            line, _, payload = message.partition(b"\n")
            sums, record = (b"", payload) if self.task.records else (payload, b"")
            fields = json.loads(line)
            if "broken" in fields:
                raise Broken(fields["broken"])
            process.is_proven = True
            if "ready" in fields:
                self.at_once[process] = (len(process.jobs), time.monotonic())
                continue
            process.jobs.discard(fields["rollout"])
            if fields["failure"] == Failure.OUT_OF_MEMORY:
                self.repeats.leave_out(fields["rollout"])
            yield EpisodeResult(
                fields["rollout"], fields["total"], fields["steps"], Failure(fields["failure"]),
                fields["reason"], np.frombuffer(sums, np.float64), _pairs(fields["remarks"]), record,
            )
        if not process.jobs and process in self.at_once:
            self._adapt_size(*self.at_once.pop(process))

    def _adapt_size(self, number: int, since: float) -> None:
        """Adapt the size of messages to the time that one took.

        Args:
            number: rollouts of the message.
            since: when it was sent, in monotonic seconds.
        """
        took = time.monotonic() - since
        if took < MESSAGE_SECONDS / 2:
            self.size = min(MOST_ROLLOUTS, max(self.size, 2 * number))
        elif took > MESSAGE_SECONDS:
            self.size = max(1, min(self.size, number) // 2)

    def _checked(self, process: Process) -> Iterator[EpisodeResult]:
        """End a process that is gone or hangs, and yield its last results and its failures."""
        if not process.jobs:
            return
        if process.is_gone:
            at, code = process.at_work(), self.pool.end(process)
            yield from self._reported(process)
            yield from self._after_exit(process, at, code)
        elif process.is_silent(self.task.timeout_seconds):
            at = process.at_work()
            self.pool.end(process)
            yield from self._reported(process)
            self.size = 1  # other rollouts of a message with a hanging one are reported soon
            if at is None:
                raise Broken(f"A process for environments was silent for {QUIET_SECONDS:g} s.")
            reason = f"Its environment did not answer within {self.task.timeout_seconds:g} s."
            yield from self._failed(process, [at], Failure.TIMEOUT, reason)

    def _after_exit(self, process: Process, at: int | None, code: int) -> Iterator[EpisodeResult]:
        """Handle a process that has ended by itself or was killed from outside.

        The rollout whose environment was being called fails, except where the process was killed from
        outside: then rollouts fail only after MOST_TRIES.

        Args:
            process: the process.
            at: the rollout whose environment was being called, or None.
            code: the exit code.
        """
        outside, ending = -code in _OUTSIDE, exit_text(code)
        log.warning(
            "a process for environments ended (%s); printed in it last: %s", ending,
            process.printed() or "nothing"
        )
        if not process.is_proven and not outside and at is None:
            output = process.last_line()
            if all(map(self.repeats.is_second, process.jobs)):
                log.warning("no agent is evaluated a second time: a process could not start (%s)", output)
                self.repeats.clear()
                process.jobs.clear()
                self.at_once.pop(process, None)
                return
            raise Broken(f"A process for environments could not start ({ending}). {output}".strip())
        self.tries.update(process.jobs if at is None else [at])
        failed = (
            [at] if at is not None and not outside
            else [one for one in process.jobs if self.tries[one] >= MOST_TRIES]
        )
        failure = Failure.WORKER_LOST if outside or at is None else Failure.ENVIRONMENT_ERROR
        reason = f"The process of its environment died ({ending})."
        died = ((RemarkKind.PROCESS_DIED.value, ending),) if failure == Failure.ENVIRONMENT_ERROR else ()
        yield from self._failed(process, failed, failure, reason, died)

    def _failed(
        self, process: Process, rollouts: list[int], failure: Failure, reason: str, remarks: Pairs = ()
    ) -> Iterator[EpisodeResult]:
        """Yield failures of rollouts, and put the other rollouts of their process back.

        Args:
            process: the process, which has ended.
            rollouts: those that fail.
            failure: their failure.
            reason: why they fail, in a sentence.
            remarks: remarks about each.
        """
        for rollout in process.jobs.intersection(rollouts):
            if failure != Failure.ENVIRONMENT_ERROR:
                self.repeats.leave_out(rollout)
            yield EpisodeResult(rollout, math.nan, 0, failure, reason, np.zeros(0), remarks)
        left = sorted(process.jobs.difference(rollouts), reverse=True)
        self.waiting.extendleft(rollout for rollout in left if not self.repeats.is_second(rollout))
        self.repeats.put_back(rollout for rollout in left if self.repeats.is_second(rollout))
        if failure == Failure.TIMEOUT and any(map(self.repeats.is_second, rollouts)):
            self.repeats.clear()  # a second hang is not waited for
        process.jobs.clear()
        self.at_once.pop(process, None)


def _stepper() -> Process:
    """Start a stepper. Raises Transient."""
    return Process(PROGRAM, purpose="environments", **ONE_THREAD)


def _pairs(remarks: list[list[str]]) -> Pairs:
    return tuple((what, sentence) for what, sentence in remarks)


def pool() -> Pool:
    """Return the pool of this process and the current ENVIRONMENT_MODULES; a forked process has its own."""
    return _pool(os.getpid(), os.environ.get("ENVIRONMENT_MODULES", ""))


@cache
def _pool(process: int, modules: str) -> Pool:
    found = Pool()
    atexit.register(lambda: found.close() if os.getpid() == process else None)
    return found
