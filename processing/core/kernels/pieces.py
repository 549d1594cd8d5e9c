"""Long work is done in pieces of about a quarter of a second, with a beat between them.

A kernel is called for a number of steps and returns when they are used up. Its state lies in arrays, so that
the next call goes on exactly where it stopped. How many steps a piece has follows the time that pieces take,
and changes no bit.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

from processing.core.types import Beat, no_beat

#: The time that a piece should take.
PIECE_SECONDS = 0.25
MOST_STEPS = 2**40

#: The work of one thread: goes on for so many steps, and returns whether nothing is left for the thread.
Work = Callable[[int], bool]


class Pace:
    """The number of steps of a piece; threads that do the same work share it."""

    def __init__(self, steps: int) -> None:
        self.steps = max(1, steps)

    def adapt(self, steps: int, seconds: float) -> None:
        """Adapt the number to the time that a piece of so many steps took."""
        if seconds < PIECE_SECONDS / 2:
            self.steps = min(max(self.steps, 2 * steps), MOST_STEPS)
        elif seconds > PIECE_SECONDS:
            self.steps = max(1, min(self.steps, int(steps * PIECE_SECONDS / seconds)))


_beat: ContextVar[Beat] = ContextVar("beat", default=no_beat)


@contextmanager
def beating(beat: Beat) -> Iterator[None]:
    """Have all `ranges` and `in_pieces` inside this context beat, in this thread.

    So strategies and genome kinds need not be given a beat.
    """
    token = _beat.set(beat)
    try:
        yield
    finally:
        _beat.reset(token)


def ranges(number: int, *, at_first: int, most: int = MOST_STEPS) -> Iterator[tuple[int, int]]:
    """Yield 0..number-1 in pieces: the first index of each, and the one after its last.

    The beat of `beating` is called after each piece; its answer is not used.

    Args:
        at_first: indices in the first piece.
        most: indices in a piece at most, where larger ones would take much memory.
    """
    pace, first = Pace(at_first), 0
    while first < number:
        last, started = min(first + min(pace.steps, most), number), time.monotonic()
        yield first, last
        pace.adapt(last - first, time.monotonic() - started)
        _beat.get()()
        first = last


def in_pieces(work: Work, *, at_first: int) -> None:
    """Do work piece by piece until nothing is left; the beat of `beating` is called after each piece.

    Args:
        at_first: steps of the first piece.
    """
    pace, is_done = Pace(at_first), False
    while not is_done:
        is_done = _has_done_piece(work, pace)
        _beat.get()()


def on_threads(
    begin: Callable[[], Work], threads: int, *, most: int, pace: Pace, beat: Beat,
    is_enough: Callable[[], bool],
) -> None:
    """Do work piece by piece on several threads, until all is done or the turn is over.

    Each thread goes through its own pieces and waits for no other. None works on when this returns or raises.

    Args:
        begin: called once by each thread; the threads share the work by a ticket counter.
        threads: number of threads, the calling one among them.
        most: upper limit of the number of threads.
        pace: steps of a piece.
        beat: called by the calling thread after each of its pieces, and while it waits for the others. It
            answers whether the turn is over, and what it raises ends the work.
        is_enough: whether the work may end now; asked when the turn is over.
    """
    stopped = threading.Event()

    def others_work() -> None:
        work = begin()
        while not stopped.is_set() and not _has_done_piece(work, pace):
            pass

    others: list[Future[None]] = []
    try:
        for _ in range(min(threads, most) - 1):
            others.append(_pool(threads, os.getpid()).submit(others_work))
        _lead(begin(), others, pace, beat, is_enough)
    finally:
        stopped.set()
        wait([each for each in others if not each.cancel()])
    for each in others:
        if not each.cancelled():
            each.result()


def _lead(
    work: Work, others: list[Future[None]], pace: Pace, beat: Beat, is_enough: Callable[[], bool]
) -> None:
    """Do the work of the calling thread, then wait for the others; beat, and return when the turn is over."""
    is_done = is_over = False
    while True:
        if is_done:
            wait(others, PIECE_SECONDS, FIRST_EXCEPTION)
        else:
            is_done = _has_done_piece(work, pace)
        if is_done:  # what has not begun finds nothing left to do
            others = [each for each in others if not each.cancel()]
        is_over = beat() or is_over
        ended = [each for each in others if each.done()]
        if any(each.exception() for each in ended) or (is_done and len(ended) == len(others)):
            return
        if is_over and is_enough():
            return


def _has_done_piece(work: Work, pace: Pace) -> bool:
    """Do a piece, and return whether nothing is left for this thread."""
    steps, started = pace.steps, time.monotonic()
    if work(steps):
        return True
    pace.adapt(steps, time.monotonic() - started)
    return False


@cache
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """The thread pool of this process; a forked child creates its own."""
    return ThreadPoolExecutor(threads, thread_name_prefix="engine")
