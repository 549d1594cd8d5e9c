"""Questions to a process that looks at environments, see `probe.py`. Environments can hang, crash, or say too much."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from typing import Any

from processing.core.errors import Refused

PROBE = "processing.core.environments.foreign.probe"
#: So many look at environments at a time; whoever comes later waits.
MOST_AT_ONCE = 2
#: Of what environments print, so much is kept.
MOST_PRINTED = 10_000

_slots = threading.BoundedSemaphore(MOST_AT_ONCE)


def asked(question: Mapping[str, Any], seconds: float) -> Any:
    """The answer to a question with one answer.

    Raises:
        Refused: the process came to grief, or took too long.
    """
    try:
        with contextlib.closing(answers(question, seconds=seconds, silence=seconds)) as found:
            return next(found)
    except Refused as refused:
        what = question.get("id", f"One of the modules {', '.join(question['modules'])}")
        raise Refused(f"{what} {refused}") from refused


def answers(question: Mapping[str, Any], *, seconds: float, silence: float) -> Generator[Any]:
    """The answers to a question, as they come.

    Args:
        seconds: after so long at all, or so much silence after the first answer, the process is ended.
    Raises:
        Refused: that happened, or it ended by itself; the words go on from what was asked for.
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
    """The process; it and all that it has begun end with this, and after some time by themselves."""
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    with subprocess.Popen(
        [sys.executable, "-m", PROBE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": path, "SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy"}, start_new_session=True,
    ) as probe:
        assert probe.stdin is not None
        try:
            with contextlib.suppress(BrokenPipeError):
                probe.stdin.write(json.dumps({**question, "seconds": seconds}).encode() + b"\n")
                probe.stdin.flush()
            yield probe
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(probe.pid, signal.SIGKILL)


def _lines(probe: "subprocess.Popen[bytes]", deadline: float, silence: float) -> Iterator[Any]:
    assert probe.stdout is not None
    assert probe.stderr is not None
    said, printed, quiet_until = b"", b"", deadline
    poll = select.poll()
    for pipe in (probe.stdout, probe.stderr):
        os.set_blocking(pipe.fileno(), False)
        poll.register(pipe, select.POLLIN)
    while True:
        has_ended = probe.poll() is not None
        said += _read(probe.stdout.fileno())
        printed = (printed + _read(probe.stderr.fileno()))[-MOST_PRINTED:]
        *lines, said = said.split(b"\n")
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
