"""Checks of a server, made by another process on its machine or in its network."""

import fcntl
import platform
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from api import VERSION, health
from database import selectors
from database.selectors import THERE_SECONDS, HeldStep
from processing import node

#: All checks together have this long to answer.
PATIENCE_SECONDS = 4.0
LONG_SECONDS = 60.0
DISTRIBUTIONS = ("Django", "celery", "numpy", "numba")
MOST_NAMED = 5


class Level(StrEnum):
    """Severity of a finding."""

    OK = "ok"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    level: Level
    name: str
    text: str


def is_embedded() -> bool:
    """Whether the set-up is that of `manage.py up`, whose broker only its own processes can reach."""
    return not settings.REDIS_URL


def findings() -> list[Finding]:
    """The findings of all checks, within PATIENCE_SECONDS even where one hangs.

    The thread of a check that hangs is left behind.
    """
    checks: tuple[tuple[str, Callable[[], Iterator[Finding]]], ...] = (
        ("setup", setup), ("versions", versions), ("broker", broker), ("database", database),
    )
    answers_by_name = {name: _start(check) for name, check in checks}
    deadline = time.monotonic() + PATIENCE_SECONDS
    return [
        finding for name, answers in answers_by_name.items() for finding in _until(deadline, name, answers)
    ]


def setup() -> Iterator[Finding]:
    """Report the set-up, and whether the embedded server runs."""
    store = "SQLite" if connection.vendor == "sqlite" else "PostgreSQL"
    if not is_embedded():
        yield Finding(Level.OK, "setup", f"production: {store}, broker at REDIS_URL")
        return
    runs = embedded_runs()
    state = "running" if runs else "not running; manage.py up starts it"
    yield Finding(
        Level.OK if runs else Level.WARN, "setup", f"embedded in {settings.DATA_FOLDER}: {store}, {state}"
    )


def versions() -> Iterator[Finding]:
    """Report the software of this process, which should be that of the workers."""
    software = [f"{name} {version(name)}" for name in DISTRIBUTIONS]
    yield Finding(
        Level.OK, "versions",
        ", ".join([f"server {VERSION}", f"Python {platform.python_version()}", *software])
    )
    yield Finding(Level.OK, "profile", f"numeric profile {node.profile()}")


def broker() -> Iterator[Finding]:
    """Check that the broker answers.

    An embedded one answers only its own server, which restarts it when it ends.
    """
    if is_embedded():
        text = "the running server's own" if embedded_runs() else "not running, as the server is not"
        yield Finding(Level.OK if embedded_runs() else Level.WARN, "broker", text)
        return
    answer = health.broker()
    yield Finding(
        Level.OK if answer == "ok" else Level.FAIL, "broker", "answers" if answer == "ok" else answer
    )


def database() -> Iterator[Finding]:
    """Check the database and its migrations, and report the workers and steps that it stores."""
    if connection.vendor == "sqlite" and not _exists(str(connection.settings_dict["NAME"])):
        yield Finding(Level.FAIL, "database", "is not there yet; manage.py up creates it")
        return
    started = time.monotonic()
    answer = health.database()
    milliseconds = 1000 * (time.monotonic() - started)
    if answer != "ok":
        yield Finding(Level.FAIL, "database", answer)
        return
    yield Finding(
        Level.OK, "database", f"{connection.vendor} {_server_version()} answers in {milliseconds:.1f} ms"
    )
    missing = health.migrations()
    yield Finding(
        Level.OK if missing == "ok" else Level.FAIL, "migrations", "applied" if missing == "ok" else missing
    )
    if missing == "ok":
        yield from workers()
        yield from steps()


def workers() -> Iterator[Finding]:
    """Report the workers seen lately; warn where their numeric profiles differ."""
    there = selectors.workers(seen_seconds=THERE_SECONDS)
    names = _named([f"{each.row.name} ({each.row.threads} threads)" for each in there])
    if not there:
        yield Finding(Level.FAIL, "workers", f"none was seen within {THERE_SECONDS:g} s; no run goes on")
        return
    yield Finding(Level.OK, "workers", f"{len(there)} there: {names}")
    profiles = sorted({each.row.profile for each in there})
    if len(profiles) > 1:
        yield Finding(
            Level.WARN, "profiles", f"workers of {len(profiles)} numeric profiles: {', '.join(profiles)}"
        )


def steps() -> Iterator[Finding]:
    """Report the steps that wait or are at work, and those that should progress and do not."""
    waiting, held = selectors.waiting(), selectors.held_steps()
    there = bool(selectors.workers(seen_seconds=THERE_SECONDS))
    at_work = [step for step in held if step.left_seconds >= 0]
    counts = f"{waiting.runs} runs and {waiting.slices} slices ready, {len(at_work)} steps at work"
    if there and waiting.oldest_seconds is not None and waiting.oldest_seconds > LONG_SECONDS:
        level = Level.WARN if at_work else Level.FAIL
        why = "all workers are busy" if at_work else "though workers are there and nothing is at work"
        yield Finding(level, "steps", f"{counts}; the oldest waits for {waiting.oldest_seconds:.0f} s, {why}")
    else:
        yield Finding(Level.OK, "steps", counts)
    expired = [step for step in held if step.left_seconds < -LONG_SECONDS]
    if expired and there:
        yield Finding(
            Level.FAIL, "leases", f"ran out over a minute ago and nobody took over: {_steps(expired)}"
        )
    if unserved := selectors.runs_without_workers():
        yield Finding(
            Level.WARN, "profiles",
            f"no worker that is there has the numeric profile of runs {_named(unserved)}"
        )
    if pausing := selectors.steps_in_back_off():
        yield Finding(Level.WARN, "back-off", f"tried again later after failed attempts: {_steps(pausing)}")


def embedded_runs() -> bool:
    """Whether a server holds the lock of the data folder.

    The check holds a shared lock for an instant. A server that starts at that instant finds it locked.
    """
    try:
        with (Path(settings.DATA_FOLDER) / "lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _start(check: Callable[[], Iterator[Finding]]) -> "queue.SimpleQueue[Finding | None]":
    """Start a thread that runs the check; the queue receives its findings one by one, then None."""
    answers: queue.SimpleQueue[Finding | None] = queue.SimpleQueue()

    def look() -> None:
        name = check.__name__
        try:
            for finding in check():
                name = finding.name
                answers.put(finding)
        except (DatabaseError, InterfaceError) as error:
            answers.put(
                Finding(
                    Level.FAIL, "database", f"stopped answering after {name}: {str(error).splitlines()[0]}"
                )
            )
        except Exception as error:
            answers.put(Finding(Level.FAIL, check.__name__, f"could not be looked at after {name}: {error}"))
        finally:
            connection.close()  # this thread's own connection: no other thread can close it
            answers.put(None)

    threading.Thread(target=look, name=f"doctor-{check.__name__}", daemon=True).start()
    return answers


def _until(deadline: float, name: str, answers: "queue.SimpleQueue[Finding | None]") -> Iterator[Finding]:
    while True:
        try:
            finding = answers.get(timeout=max(deadline - time.monotonic(), 0.01))
        except queue.Empty:
            yield Finding(Level.FAIL, name, f"does not answer within {PATIENCE_SECONDS:g} s")
            return
        if finding is None:
            return
        yield finding


def _server_version() -> str:
    return ".".join(map(str, connection.get_database_version()))


def _exists(name: str) -> bool:
    return name.startswith(("file:", ":memory:")) or Path(name).exists()


def _steps(steps: list[HeldStep]) -> str:
    return _named([f"{each.name} ({each.attempts} attempts)" for each in steps])


def _named(names: list[str] | list[int]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(map(str, names[:MOST_NAMED])) + more
