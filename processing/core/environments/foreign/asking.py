"""Requests to a process that inspects environments, see `probe.py`.

The process is separate because environments can hang, crash, or print without end.
"""

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from typing import Any

from processing.core.children.subprocesses import kill_session, variables
from processing.core.errors import Refused

PROBE = "processing.core.environments.foreign.probe"
#: Processes that inspect environments at the same time; further requests wait.
MOST_AT_ONCE = 2
#: Bytes kept of the end of an environment's output.
MOST_PRINTED = 10_000

_slots = threading.BoundedSemaphore(MOST_AT_ONCE)


def asked(question: Mapping[str, Any], seconds: float) -> Any:
    """Return the answer to a question that has one answer.

    Args:
        question: as `probe.py` reads it.
        seconds: time limit.
    Raises:
        Refused: the process failed or exceeded the time limit.
    """
    try:
        with contextlib.closing(answers(question, seconds=seconds, silence=seconds)) as found:
            return next(found)
    except Refused as refused:
        what = question.get("id", f"One of the modules {', '.join(question['modules'])}")
        raise Refused(f"{what} {refused}") from refused


def answers(question: Mapping[str, Any], *, seconds: float, silence: float) -> Generator[Any]:
    """Yield the answers to a question as they arrive.

    Args:
        question: as `probe.py` reads it.
        seconds: time limit for all answers, including the wait for a free slot.
        silence: time limit between two answers, from the first answer on.
    Raises:
        Refused: a limit was exceeded, or the process ended by itself; the message is the predicate of a
            sentence whose subject is what the question names.
    """
    deadline = time.monotonic() + seconds
    if not _slots.acquire(timeout=seconds):
        raise Refused("could not be looked at yet, as others are. Try again later.")
    try:
        with _started(question, seconds) as probe:
            yield from _lines(probe, deadline, silence)
    finally:
        _slots.release()


@contextlib.contextmanager
def _started(question: Mapping[str, Any], seconds: float) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the process with a question; on exit it is killed with all processes that it started.

    It also ends by itself shortly after `seconds`.
    """
    with subprocess.Popen(
        [sys.executable, "-m", PROBE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=variables(), start_new_session=True,
    ) as probe:
        assert probe.stdin is not None
        try:
            with contextlib.suppress(BrokenPipeError):
                probe.stdin.write(json.dumps({**question, "seconds": seconds}).encode() + b"\n")
                probe.stdin.flush()
            yield probe
        finally:
            kill_session(probe.pid)


def _lines(probe: "subprocess.Popen[bytes]", deadline: float, silence: float) -> Iterator[Any]:
    assert probe.stdout is not None
    assert probe.stderr is not None
    received, printed, quiet_until = b"", b"", deadline
    poll = select.poll()
    for pipe in (probe.stdout, probe.stderr):
        os.set_blocking(pipe.fileno(), False)
        poll.register(pipe, select.POLLIN)
    while True:
        has_ended = probe.poll() is not None
        received += _read(probe.stdout.fileno())
        printed = (printed + _read(probe.stderr.fileno()))[-MOST_PRINTED:]
        *lines, received = received.split(b"\n")
        for line in lines:
            yield json.loads(line)
            quiet_until = time.monotonic() + silence
        if has_ended and not lines:
            words = printed.decode("utf-8", "replace").replace("\0", "\ufffd").strip().splitlines()
            last = (words or [f"exit code {probe.returncode}"])[-1]
            raise Refused(f"could not be looked at: {last:.200}")
        left = min(deadline, quiet_until) - time.monotonic()
        if left <= 0:
            raise Refused("took too long to be looked at.")
        poll.poll(1_000 * min(left, 0.1))


def _read(pipe: int) -> bytes:
    try:
        return os.read(pipe, 1 << 20)
    except BlockingIOError:
        return b""
