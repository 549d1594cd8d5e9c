"""Processes of this machine by their ids, read from /proc."""

import contextlib
import os
import signal
from pathlib import Path


def descendants(parent: int) -> list[int]:
    """Return the ids of all descendants of a process."""
    found, waiting = [], [parent]
    while waiting:
        children = children_of(waiting.pop())
        found += children
        waiting += children
    return found


def children_of(parent: int) -> list[int]:
    """Return the ids of the processes that one started itself; none where it has ended, or ends meanwhile."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{parent}/task").iterdir():
            with contextlib.suppress(OSError):
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def command_line(pid: int) -> list[str]:
    """Return the arguments that a process was started with; none where it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]
    except OSError:
        return []


def variable(pid: int, name: str) -> str | None:
    """Return a variable of the environment that a process was started with; None where there is none."""
    try:
        entries = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return None
    values = [
        entry.partition(b"=")[2].decode() for entry in entries if entry.startswith(name.encode() + b"=")
    ]
    return values[0] if values else None


def condition(pid: int) -> str:
    """Return the state letter: R, S and D run, T is stopped, Z is dead, collected or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (OSError, IndexError):
        return "Z"


def is_gone(pid: int) -> bool:
    """Whether a process has ended."""
    return condition(pid) == "Z"


def send(pid: int, what: signal.Signals) -> bool:
    """Send a signal; return whether there was a process to send it to."""
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        return False
    return True
