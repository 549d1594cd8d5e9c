"""The production set-up: PostgreSQL, Redis, web processes, workers and beat, each restarted when it dies."""

import re
from pathlib import Path

from api.production.stack import Stack
from benchmarks.faults import processes
from benchmarks.faults.arming import INJECT, VARIABLES, new_fault_folder
from benchmarks.faults.broker import Broker
from benchmarks.faults.client import Client

NUMBER_OF_WEB_PROCESSES, NUMBER_OF_WORKERS = 2, 2


class Production:
    """The production processes on this machine; `tick` takes the place of the containers' restart policy."""

    name = "production"

    def __init__(
        self, folder: Path, beside: Path, *, workers: int = NUMBER_OF_WORKERS, **variables: str
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        self.folder, self.beside, self.fault_folder = folder, beside, new_fault_folder(beside)
        logs = folder / "stack" / "log"
        logs.parent.mkdir()
        (beside / "log").mkdir()
        logs.symlink_to(beside / "log")
        injected = {"FAULTS_FOLDER": str(self.fault_folder), "PYTHONPATH": str(INJECT)}
        self.stack = Stack(
            folder / "stack", web=NUMBER_OF_WEB_PROCESSES, workers=workers,
            variables=VARIABLES | injected | variables, say=self._say,
        )
        self.url, self.client = self.stack.url, Client(self.stack.url)
        self.ended: list[str] = []

    @property
    def database_url(self) -> str:
        """The URL of its PostgreSQL."""
        return self.stack.postgresql.url

    def start(self) -> None:
        """Start all processes; the server answers when this returns."""
        self.stack.start()

    def stop(self) -> None:
        """End all processes and remove their data."""
        self.stack.remove()

    def tick(self) -> None:
        """Start dead processes again."""
        self.stack.tick()

    def broker(self) -> Broker:
        """Return a connection to its Redis."""
        return Broker(self.stack.redis.url)

    def broker_pid(self) -> int:
        """Return the process id of its Redis."""
        return self.stack.redis.pid

    def web(self) -> list[int]:
        """Return uvicorn's parent process and its children."""
        return [] if self.stack.web is None else _family(self.stack.web.pid)

    def workers(self) -> list[int]:
        """Return the processes that hold leases: the children of each worker's parent."""
        return [pid for parent in self.worker_parents() for pid in processes.descendants(parent)]

    def worker_parents(self) -> list[int]:
        """Return the parent processes, one for each node."""
        return [child.pid for child in self.stack.workers.values() if child.exit_code is None]

    def everything(self) -> list[int]:
        """Return all processes, PostgreSQL and Redis included."""
        return [pid for parent in self.stack.processes().values() for pid in _family(parent)]

    def another_database(self, name: str) -> str:
        """Create an empty database and return its URL."""
        return self.stack.postgresql.create(name)

    def _say(self, line: str) -> None:
        ended = re.search(r" ended with code (\d+)", line)
        if ended and 0 < int(ended[1]) < 128:  # no signal ended it, which is a code from 128 on
            self.ended.append(line)
        with (self.beside / "stack.log").open("a") as log:
            log.write(line + "\n")


def _family(pid: int) -> list[int]:
    return [pid, *processes.descendants(pid)]
