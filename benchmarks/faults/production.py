"""PostgreSQL, Redis, two web processes, workers and beat, each started again when it dies."""

from pathlib import Path

from api.production.stack import Stack
from benchmarks.faults import processes
from benchmarks.faults.arming import INJECT, VARIABLES, armoury
from benchmarks.faults.broker import Broker
from benchmarks.faults.client import Client

NUMBER_OF_WEB_PROCESSES, NUMBER_OF_WORKERS = 2, 2


class Production:
    """The production processes on this machine; `tick` stands for the restart policy of containers."""

    name = "production"

    def __init__(self, folder: Path, beside: Path, *, workers: int = NUMBER_OF_WORKERS, **variables: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        self.folder, self.beside, self.armoury = folder, beside, armoury(beside)
        logs = folder / "stack" / "log"
        logs.parent.mkdir()
        (beside / "log").mkdir()
        logs.symlink_to(beside / "log")
        injected = {"FAULTS_FOLDER": str(self.armoury), "PYTHONPATH": str(INJECT)}
        self.stack = Stack(
            folder / "stack", web=NUMBER_OF_WEB_PROCESSES, workers=workers,
            variables=VARIABLES | injected | variables, say=self._say,
        )
        self.url, self.client = self.stack.url, Client(self.stack.url)

    @property
    def database_url(self) -> str:
        """Its PostgreSQL."""
        return self.stack.postgresql.url

    def start(self) -> None:
        """It answers when this returns."""
        self.stack.start()

    def stop(self) -> None:
        """Nothing is left."""
        self.stack.remove()

    def tick(self) -> None:
        """What died is started again."""
        self.stack.tick()

    def broker(self) -> Broker:
        """Its Redis."""
        return Broker(self.stack.redis.url)

    def broker_pid(self) -> int:
        """The process of its Redis."""
        return self.stack.redis.pid

    def web(self) -> list[int]:
        """uvicorn's parent and its children."""
        return [] if self.stack.web is None else _family(self.stack.web.pid)

    def workers(self) -> list[int]:
        """Processes that hold leases: the children of each worker's parent."""
        return [pid for parent in self.worker_parents() for pid in processes.descendants(parent)]

    def worker_parents(self) -> list[int]:
        """The parents, one a node."""
        return [child.pid for child in self.stack.workers.values() if child.exit_code is None]

    def everything(self) -> list[int]:
        """All of it, PostgreSQL and Redis too."""
        return [pid for parent in self.stack.processes().values() for pid in _family(parent)]

    def another_database(self, name: str) -> str:
        """An empty one beside its own."""
        return self.stack.postgresql.create(name)

    def _say(self, line: str) -> None:
        with (self.beside / "stack.log").open("a") as log:
            log.write(line + "\n")


def _family(pid: int) -> list[int]:
    return [pid, *processes.descendants(pid)]
