"""Faults that a process injects into itself: armed by a file, injected once, by the first process there.

`$FAULTS_FOLDER/armed.json` holds `{"do": …, "at": …, "after": n, "sql": …, "role": …}`:
    do      kill, stop (this process, by its own signal), raise (an OperationalError),
            drop (the connection is lost)
    at      statement, transaction (a statement inside one), commit (before it), committed (after it);
            left out, any of them
    after   how many such points are passed first
    sql     a text that the statement contains; left out, any statement
    role    the processes that may inject it: worker where it is left out
The process that injects it renames the file to `fired.json`.

Two further files of that folder stay where they are:
    crasher.json    `{"seed": …, "agent": …}`: the process that evaluates that agent dies of SIGSEGV
    messages.json   `{"lost": …, "late": …, "late_seconds": …, "copies": …, "seed": …}`: messages are lost or
                    late with these probabilities; of the others come copies, among earlier messages
`FAULTS_SLOW_SECONDS` makes every agent take that much longer.
"""

import json
import os
import random
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

FOLDER = os.environ.get("FAULTS_FOLDER", "")
SLOW_SECONDS = float(os.environ.get("FAULTS_SLOW_SECONDS", "0"))

_passed: dict[str, int] = {}
_sent: list[Any] = []
_direct: dict[str, Any] | None = None


def arm(fault: dict[str, Any] | None) -> None:
    """Arm a fault for this process alone; its points are counted from now on."""
    global _direct
    _direct = fault
    _passed.clear()


def is_armed() -> bool:
    """Whether the fault of this process alone is still to come."""
    return _direct is not None


def point(kind: str, connection: Any, sql: str = "") -> None:
    """Inject the fault that is armed for this point: before a database call, or after a commit."""
    fault, name = _direct, "direct"
    if fault is None:
        fault = _read("armed.json")
        if fault is None or not _plays(fault.get("role", "worker")):
            return
        name = fault["name"]
    at = fault.get("at")
    if (
        at is not None and at != kind
        and not (at == "transaction" and kind == "statement" and connection.in_atomic_block)
    ):
        return
    if fault.get("sql", "") not in sql:
        return
    _passed[name] = _passed.get(name, 0) + 1
    if _passed[name] <= fault.get("after", 0):
        return
    if fault is _direct:
        arm(None)
    elif not _claim(fault, kind, sql):
        return
    _do(fault["do"], connection)


def _do(what: str, connection: Any) -> None:
    if what in ("kill", "stop"):
        os.kill(os.getpid(), signal.SIGKILL if what == "kill" else signal.SIGSTOP)
        return
    from django.db import OperationalError

    if what == "drop" and connection.vendor == "postgresql":
        connection.connection.close()
    raise OperationalError("the connection was lost (injected)")


def _read(name: str) -> dict[str, Any] | None:
    if not FOLDER:
        return None
    try:
        with open(f"{FOLDER}/{name}") as file:
            found: dict[str, Any] = json.load(file)
            return found
    except (FileNotFoundError, ValueError):
        return None


def _claim(fault: dict[str, Any], kind: str, sql: str) -> bool:
    """Return whether this process is the one that injects the fault; if so, record where."""
    record = f"{FOLDER}/fired-{os.getpid()}"
    try:
        os.rename(f"{FOLDER}/armed.json", record)
    except FileNotFoundError:
        return False
    with open(record, "w") as file:
        json.dump({"name": fault["name"], "pid": os.getpid(), "kind": kind, "sql": sql[:200]}, file)
    os.rename(record, f"{FOLDER}/fired.json")
    return True


def _plays(role: str) -> bool:
    if role == "worker":
        return "worker" in sys.argv or "work" in sys.argv
    return role == "any"


def mend_sleep() -> None:
    """Replace `time.sleep` under libfaketime, where a sleep until a monotonic instant fails (EINVAL)."""
    if os.environ.get("FAKETIME"):
        time.sleep = lambda seconds: select.select((), (), (), seconds) and None  # type: ignore[assignment]


def _statements(module: ModuleType) -> None:
    wrapper = module.CursorWrapper
    for name in ("execute", "executemany"):
        setattr(wrapper, name, _statement(getattr(wrapper, name)))


def _statement(real: Any) -> Any:
    def call(self: Any, sql: Any, *arguments: Any, **named: Any) -> Any:
        point("statement", self.db, str(sql))
        return real(self, sql, *arguments, **named)

    return call


def _commits(module: ModuleType) -> None:
    real = module.BaseDatabaseWrapper._commit

    def commit(self: Any) -> None:
        point("commit", self)
        real(self)
        point("committed", self)

    module.BaseDatabaseWrapper._commit = commit


def _copies(module: ModuleType) -> None:
    real = module.copy_rows

    def copy_rows(table: str, *arguments: Any, **named: Any) -> Any:
        point("statement", module.connection, f"COPY {table}")
        return real(table, *arguments, **named)

    module.copy_rows = copy_rows


def _episodes(module: ModuleType) -> None:
    real = module.Episodes.evaluate

    def evaluate(
        self: Any, genomes: Any, *, seed: int, first: int = 0, last: int | None = None, origin: int = 0,
        **named: Any
    ) -> Any:
        end = len(genomes) if last is None else last
        crasher = _read("crasher.json")
        if crasher and crasher["seed"] == seed and origin + first <= crasher["agent"] < origin + end:
            signal.signal(signal.SIGSEGV, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGSEGV)
            time.sleep(5)
        if SLOW_SECONDS:
            for _ in range(first, end):
                time.sleep(SLOW_SECONDS)
                (named.get("beat") or bool)()
        return real(self, genomes, seed=seed, first=first, last=last, origin=origin, **named)

    module.Episodes.evaluate = evaluate


def _messages(module: ModuleType) -> None:
    real = module.Channel._put

    def put(self: Any, queue: str, message: Any, **named: Any) -> None:
        storm = _read("messages.json")
        if not storm or queue != "evolution":
            real(self, queue, message, **named)
            return
        chance = random.Random(f"{storm['seed']} {os.getpid()} {time.monotonic_ns()}")
        fate = chance.random()
        if fate < storm["lost"]:
            _count("lost")
        elif fate < storm["lost"] + storm["late"]:
            client, key = self._create_client(), self._q_for_pri(queue, 0)  # the channel is closed by then
            _later(storm["late_seconds"], lambda: client.lpush(key, json.dumps(message)))
        else:
            for each in _doubled(message, storm["copies"], chance):
                real(self, queue, each, **named)

    module.Channel._put = put


def _later(seconds: float, deliver: Callable[[], object]) -> None:
    """Deliver a message in some seconds; it is lost where the process ends before."""
    def late() -> None:
        deliver()
        _count("late")

    timer = threading.Timer(seconds, late)
    timer.daemon = True
    timer.start()


def _doubled(message: Any, copies: int, chance: random.Random) -> list[Any]:
    """Return copies of a message, among which earlier ones of this process come again."""
    earlier = chance.sample(_sent, min(3, len(_sent)))
    _sent.append(message)
    del _sent[:-20]
    batch = [message] * copies + earlier
    chance.shuffle(batch)
    _count("doubled")
    _count("out of order", int(any(each is not message for each in batch[batch.index(message) + 1:])))
    return batch


def _count(name: str, number: int = 1) -> None:
    with open(f"{FOLDER}/{name}", "a") as file:
        file.write("." * number)


PATCHES = {
    "django.db.backends.utils": _statements,
    "django.db.backends.base.base": _commits,
    "database.copying": _copies,
    "processing.core.judges.episodes": _episodes,
    "kombu.transport.redis": _messages,
}
