"""The two set-ups of the server, embedded and production, behind one interface."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Protocol

from benchmarks.faults import processes
from benchmarks.faults.archive import Archive
from benchmarks.faults.arming import VARIABLES, environment_of, new_fault_folder
from benchmarks.faults.broker import Broker
from benchmarks.faults.client import Client
from benchmarks.faults.production import Production

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 40.0
#: Variables by which a process works with a server's database and broker.
OF_A_SERVER = ("DATA_FOLDER", "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "NUMBER_OF_WORKERS")


class SetUp(Protocol):
    """A running server into which faults can be injected."""

    name: str
    folder: Path
    beside: Path
    fault_folder: Path  # where faults are armed, see `inject/`
    url: str
    client: Client
    database_url: str
    ended: list[str]  # processes that ended by themselves with an error, since the row began

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def tick(self) -> None: ...
    def broker(self) -> Broker: ...
    def broker_pid(self) -> int: ...
    def web(self) -> list[int]: ...
    def workers(self) -> list[int]: ...
    def worker_parents(self) -> list[int]: ...
    def everything(self) -> list[int]: ...
    def another_database(self, name: str) -> str: ...


class Embedded:
    """`manage.py up` as a real process; `tick` starts it again where it was killed."""

    name = "embedded"

    def __init__(self, folder: Path, beside: Path, *, workers: int = 2, **variables: str) -> None:
        self.folder, self.beside, self.number_of_workers = folder, beside, workers
        self.fault_folder = new_fault_folder(beside)
        self.variables = VARIABLES | variables
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = Client(self.url)
        self.database_url = f"sqlite://{folder / 'data' / 'evolution.sqlite3'}"
        self.process: subprocess.Popen[bytes] | None = None
        self.ended: list[str] = []

    def start(self) -> None:
        """Start the server; it answers when this returns."""
        self._spawn()
        deadline = time.monotonic() + START_SECONDS
        while not self.client.is_up():
            if time.monotonic() > deadline:
                raise RuntimeError(f"the server did not start: {self._log()}")
            self.tick()
            time.sleep(0.05)

    def stop(self) -> None:
        """End all processes; the folder stays."""
        if self.process is None:
            return
        children = processes.descendants(self.process.pid)
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        self.process.kill()
        self.process.wait()
        for pid in children:
            processes.send(pid, signal.SIGKILL)

    def tick(self) -> None:
        """Start the server again where it is gone, as an init system would."""
        code = None if self.process is None else self.process.poll()
        if code is not None:
            if code > 0:  # no signal ended it
                self.ended.append(f"the server ended with code {code}: {self._log()}")
            self._spawn()

    def broker(self) -> Broker:
        """Return a connection to its broker, which is valid until that process ends."""
        arguments = processes.command_line(self.broker_pid())
        return Broker(f"redis+socket://{arguments[arguments.index('--unixsocket') + 1]}") \
            if "--unixsocket" in arguments else Broker(f"redis+socket://{self._socket()}")

    def broker_pid(self) -> int:
        """Return the process id of Valkey itself, not of the process that supervises it."""
        found = [pid for pid in self._children() if "valkey" in Path(_program(pid)).name]
        if not found:
            raise ProcessLookupError("there is no broker just now")
        return found[0]

    def web(self) -> list[int]:
        """Return the parent process, as the web server is a thread of it."""
        return [] if self.process is None else [self.process.pid]

    def workers(self) -> list[int]:
        """Return the processes that hold leases."""
        return [pid for pid in self._children() if "work" in processes.command_line(pid)]

    def worker_parents(self) -> list[int]:
        """Return the same as `workers`: its workers have no children."""
        return self.workers()

    def everything(self) -> list[int]:
        return [*self.web(), *self._children()]

    def another_database(self, name: str) -> str:
        """Return the URL of an empty database; SQLite creates the file when it is opened."""
        return f"sqlite://{name}"

    def _socket(self) -> str:
        for pid in self.workers():
            url = processes.variable(pid, "REDIS_URL")
            if url:
                return url.removeprefix("redis+socket://")
        raise ProcessLookupError("there is no worker just now")

    def _children(self) -> list[int]:
        return [] if self.process is None else processes.descendants(self.process.pid)

    def _spawn(self) -> None:
        environment = environment_of(self.variables, self.fault_folder) | {
            "DATA_FOLDER": str(self.folder / "data")
        }
        for name in ("DATABASE_URL", "REDIS_URL"):
            environment.pop(name, None)
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.beside / "up.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable, "manage.py", "up", "--port", str(self.port), "--workers",
                    str(self.number_of_workers)
                ],
                cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )

    def _log(self) -> str:
        return (self.beside / "up.log").read_text()[-600:]


def free_port() -> int:
    """Return a port on which no process listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment_of_server(setup: SetUp) -> dict[str, str]:
    """Return the environment of a process that works with the set-up's database and broker.

    Raises:
        ProcessLookupError: there is no worker just now, whose variables these are.
    """
    parents = setup.worker_parents()
    if not parents:
        raise ProcessLookupError("there is no worker just now")
    known = {name: processes.variable(parents[0], name) for name in OF_A_SERVER}
    return {**os.environ, **{name: value for name, value in known.items() if value is not None}}


def archive_of(setup: SetUp) -> Archive:
    """Return a new connection to the set-up's database."""
    return Archive(setup.database_url)


def start(name: str, folder: Path, beside: Path, *, workers: int = 2, **variables: str) -> Any:
    """Start the set-up of that name, with its data in `folder` and its logs in `beside`."""
    if name == "embedded":
        setup: Any = Embedded(folder, beside, workers=workers, **variables)
    else:
        setup = Production(folder, beside, workers=workers, **variables)
    setup.start()
    return setup


def _program(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""
