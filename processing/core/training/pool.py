"""The children that train, as their parent sees them: networks are handed out one by one, to those free.

A child that was killed from outside is replaced, and its network is trained again, to the same bits. One that
crashes or gives no sign of progress costs the network that it trained.
"""

import atexit
import logging
import os
import signal
import threading
from collections import Counter
from collections.abc import Generator, Iterator
from functools import cache

from processing.core.children.process import (
    ONE_THREAD,
    QUIET_SECONDS,
    Process,
    exit_text,
    wait_for_any,
)
from processing.core.errors import Transient
from processing.core.training.messages import Job, Setup, TrainingResult, failed
from processing.core.training.profile import PINS
from processing.core.types import Beat, Failure

log = logging.getLogger(__name__)

PROGRAM = "processing.core.training.serve"
#: Interval at which the parent checks whether a child hangs, and calls the beat.
LOOK_SECONDS = 0.25
#: A training fails whose child was killed from outside so often.
MOST_TRIES = 5
_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP)


class Pool:
    """Children that wait for networks; each starts when it is first needed, and is replaced when lost."""

    def __init__(self) -> None:
        self.all: list[Process] = []
        self._lock = threading.Lock()

    def train(
        self, jobs: Iterator[Job], setup: Setup, *, processes: int, beat: Beat
    ) -> Generator[TrainingResult]:
        """Train networks, and yield each result as it comes.

        Args:
            jobs: read one by one, whenever a child is free.
            processes: networks that are trained at a time, at most.
            beat: called four times a second. Once it answers that the turn is over, no job is read any more;
                an error that it raises ends the trainings under way.
        Raises:
            Transient: no child can be started, or do its work, on this machine just now.
        """
        with self._lock:
            yield from _Dispatch(self, setup).results(jobs, processes, beat)

    def idle(self) -> Process:
        """Return a child without a job, a new one where there is none. Raises Transient."""
        for process in [process for process in self.all if process.is_gone and not process.jobs]:
            self.end(process)
        found = next((process for process in self.all if not process.jobs), None)
        if found is None:
            found = Process(PROGRAM, purpose="training", **ONE_THREAD, **PINS)
            self.all.append(found)
        return found

    def end(self, process: Process) -> int:
        """End a child, remove it, and return its exit code."""
        if process in self.all:
            self.all.remove(process)
        return process.end()

    def close(self) -> None:
        for process in list(self.all):
            self.end(process)


class _Dispatch:
    """The trainings of one call."""

    def __init__(self, pool: Pool, setup: Setup) -> None:
        self.pool, self.setup = pool, setup.packed()
        self.under_way: dict[Process, Job] = {}
        self.again: list[Job] = []  # whose children were killed
        self.tries = Counter[int]()

    def results(self, jobs: Iterator[Job], processes: int, beat: Beat) -> Iterator[TrainingResult]:
        """Yield the result of each job."""
        is_over = False
        try:
            while True:
                while len(self.under_way) < processes and (job := self._next(jobs, is_over)) is not None:
                    self._give(job)
                if not self.under_way:
                    return
                wait_for_any(self.under_way, seconds=LOOK_SECONDS)
                for process in list(self.under_way):
                    yield from self._reported(process)
                    yield from self._checked(process)
                is_over = beat() or is_over
        finally:
            for process in self.under_way:
                self.pool.end(process)  # its result is no longer needed

    def _next(self, jobs: Iterator[Job], is_over: bool) -> Job | None:
        if self.again:
            return self.again.pop()
        return None if is_over else next(jobs, None)

    def _give(self, job: Job) -> None:
        process = self.pool.idle()
        self.under_way[process] = job
        process.take([job.number], self.setup, job.packed())

    def _reported(self, process: Process) -> Iterator[TrainingResult]:
        """Yield the result that a child has sent. Raises Transient where it reports that it cannot work."""
        for message in process.exchange():
            result = TrainingResult.unpacked(message)
            process.is_proven = True
            self._done(process)
            yield result

    def _done(self, process: Process) -> None:
        process.jobs.clear()
        self.under_way.pop(process, None)

    def _checked(self, process: Process) -> Iterator[TrainingResult]:
        """End a child that is gone or hangs, and yield its last result or its failure."""
        job = self.under_way.get(process)
        if job is None or not (process.is_gone or process.is_silent(job.patience)):
            return
        at, is_gone = process.at_work(), process.is_gone
        code = self.pool.end(process)
        yield from self._reported(process)
        if not process.jobs:
            return
        self._done(process)
        if not is_gone and at is None:
            raise Transient(f"A process that trains was silent for {QUIET_SECONDS:g} s.")
        if not is_gone:
            reason = f"Its training gave no sign of progress for {job.patience:,.0f} s."
            yield failed(job.number, Failure.TIMEOUT, reason)
            return
        yield from self._after_exit(process, job, at, code)

    def _after_exit(self, process: Process, job: Job, at: int | None, code: int) -> Iterator[TrainingResult]:
        """Train a network again whose child was killed from outside, or had not begun it; else it failed."""
        outside, ending = -code in _OUTSIDE, exit_text(code)
        log.warning(
            "a process that trains ended (%s); printed in it last: %s", ending, process.printed() or "nothing"
        )
        if not outside and at is None and not process.is_proven:
            last = process.last_line()
            raise Transient(f"A process that trains could not start ({ending}). {last}".strip())
        self.tries[job.number] += 1
        if (not outside and at is not None) or self.tries[job.number] >= MOST_TRIES:
            reason = f"The process of its training died ({ending})."
            yield failed(job.number, Failure.WORKER_LOST, reason)
        else:
            self.again.append(job)


def pool() -> Pool:
    """Return the pool of this process; a forked process has its own."""
    return _pool(os.getpid())


@cache
def _pool(process: int) -> Pool:
    found = Pool()
    atexit.register(lambda: found.close() if os.getpid() == process else None)
    return found
