"""Processes of this machine, by their numbers, as the system itself knows them."""

import contextlib
import os
import signal
from pathlib import Path


def descendants(parent: int) -> list[int]:
    """All processes below one."""
    found, waiting = [], [parent]
    while waiting:
        for task in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                children = [int(child) for child in task.read_text().split()]
                found += children
                waiting += children
    return found


def command_line(pid: int) -> list[str]:
    """The arguments that a process was started with; none where it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]
    except OSError:
        return []


def variable(pid: int, name: str) -> str | None:
    """A variable of the environment that a process was started with."""
    try:
        entries = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return None
    values = [entry.partition(b"=")[2].decode() for entry in entries if entry.startswith(name.encode() + b"=")]
    return values[0] if values else None


def condition(pid: int) -> str:
    """One letter: R, S and D live, T is stopped; Z where it is dead, collected or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (OSError, IndexError):
        return "Z"


def is_gone(pid: int) -> bool:
    """Whether it runs no more."""
    return condition(pid) == "Z"


def send(pid: int, what: signal.Signals) -> bool:
    """Whether there was a process to send the signal to."""
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        return False
    return True
