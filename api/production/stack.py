"""PostgreSQL, Redis, web, workers and beat on this machine, with the commands of production.

A process that ends by itself is started again.
"""

import http.client
import logging
import os
import socket
import sys
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path

from api.embedded.child import Child
from api.embedded.trouble import Trouble
from api.production.postgresql import PostgreSQL
from api.production.programs import free_port, kept_secret
from api.production.redis import Redis

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "127.0.0.1"
START_SECONDS = 60.0
#: Workers finish their generation and release its lease, and web processes finish their requests.
STOP_SECONDS = 8.0
#: A process that ends at once is started again after this pause.
RESTART_PAUSE_SECONDS = 1.0
#: Variables that a shell may have set for another server.
NOT_INHERITED = (
    "DATABASE_URL", "REDIS_URL", "WORKER_NAME", "DJANGO_SETTINGS_MODULE", "SECRET_KEY", "CLOSED",
    "BIND_ADDRESS"
)

log = logging.getLogger(__name__)


class Stack:
    """All processes of one server.

    Use it in the main thread: Linux kills a child when the thread that started it ends.
    """

    def __init__(
        self, folder: Path, *, web: int = 1, workers: int = 1, port: int | None = None,
        variables: Mapping[str, str] = {}, supervised: bool = True, durable: bool = True,
        say: Callable[[str], object] = log.warning,
    ) -> None:
        self.folder = folder.absolute()
        self.logs = self.folder / "log"
        self.number_of_web_processes, self.number_of_workers = web, workers
        self.port = port or free_port()
        self.url = f"http://{ADDRESS}:{self.port}"
        self.variables, self.supervised, self.say = dict(variables), supervised, say
        self.postgresql = PostgreSQL(
            self.folder / "postgresql", durable=durable, log=self.logs / "postgresql.log"
        )
        self.redis = Redis(self.folder / "redis", log=self.logs / "redis.log")
        self.web: Child | None = None
        self.beat: Child | None = None
        self.workers: dict[str, Child] = {}
        self.environment: dict[str, str] = {}
        self._worker_variables: dict[str, Mapping[str, str]] = {}  # by worker, beside those of all

    def start(self) -> None:
        """Start everything and wait until the web processes answer, not for the workers. Raises Trouble."""
        self.folder.mkdir(mode=0o711, parents=True, exist_ok=True)  # PostgreSQL's user must be able to enter
        self.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._check_port()
        self.redis.start()
        self.postgresql.start()
        self.environment = self._environment()
        self._write_environment()
        self._migrate()
        self.start_web()
        self.start_beat()
        for number in range(1, self.number_of_workers + 1):
            self.start_worker(f"worker-{number}")
        self._await_web()

    def start_web(self) -> None:
        """Start the web processes, ending those that run."""
        _end(self.web)
        self.web = self._child(
            "web", "uvicorn", "mlbackend.asgi:application", "--host", ADDRESS, "--port", str(self.port),
            "--workers", str(self.number_of_web_processes), "--lifespan", "on", "--no-access-log",
        )

    def start_beat(self) -> None:
        """Start Celery beat, which schedules the sweep, ending the one that runs."""
        _end(self.beat)
        self.beat = self._child("beat", "celery", "-A", "mlbackend", "beat", "--loglevel", "INFO")

    def start_worker(self, name: str, variables: Mapping[str, str] | None = None) -> Child:
        """Start a worker node, ending the one of this name. `variables` None keeps the last ones."""
        self._worker_variables[name] = (
            self._worker_variables.get(name, {}) if variables is None else variables
        )
        _end(self.workers.get(name))
        self.workers[name] = self._child(
            name, "celery", "-A", "mlbackend", "worker", "--concurrency", "1", "--hostname", node(name),
            "--loglevel", "INFO"
        )
        return self.workers[name]

    def tick(self) -> None:
        """Restart processes that have ended, as a container's restart policy does.

        Call it several times a second.
        """
        if not self.supervised:
            return
        for server in (self.postgresql, self.redis):
            if server.child is not None and server.is_wanted and _has_ended(server.child):
                self._start_again(server.child, server.start)
        if self.web is not None and _is_to_be_replaced(self.web):
            self._start_again(self.web, self.start_web)
        if self.beat is not None and _is_to_be_replaced(self.beat):
            self._start_again(self.beat, self.start_beat)
        for name, child in list(self.workers.items()):
            if _is_to_be_replaced(child):
                self._start_again(child, lambda name=name: self.start_worker(name))  # type: ignore[misc]

    def stop(self) -> None:
        """End all processes. PostgreSQL's data persist."""
        ours = [child for child in (self.beat, self.web, *self.workers.values()) if child is not None]
        for child in ours:
            child.ask_to_end()
        deadline = time.monotonic() + STOP_SECONDS
        for child in ours:
            child.end(patience=max(0.0, deadline - time.monotonic()))
        self.redis.stop()
        self.postgresql.stop()

    def kill(self) -> None:
        """Kill all processes with SIGKILL."""
        for child in (self.beat, self.web, *self.workers.values()):
            _end(child)
        self.redis.kill()
        self.postgresql.kill()

    def remove(self) -> None:
        """End all processes and delete the database."""
        self.stop()
        self.postgresql.remove()

    def processes(self) -> dict[str, int]:
        """Return the process numbers of the processes that run, by name."""
        children = {
            "postgresql": self.postgresql.child, "redis": self.redis.child, "web": self.web, "beat": self.beat
        }
        children |= self.workers
        return {
            name: child.pid
            for name, child in children.items() if child is not None and child.exit_code is None
        }

    def _child(self, name: str, *command: str) -> Child:
        return Child(
            name, [sys.executable, "-m", *command],
            {**self.environment, **self._worker_variables.get(name, {})}, wrapped=True,
            log=self.logs / f"{name}.log", folder=ROOT,
        )

    def _start_again(self, child: Child, start: Callable[[], object]) -> None:
        code = child.exit_code
        try:
            start()
        except Trouble as error:
            self.say(str(error))
        self.say(
            f"{child.name} ended with code {code}; started again as process "
            f"{self.processes().get(child.name, '?')}"
        )

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
        return inherited | {
            "SECRET_KEY": kept_secret(self.folder / "secret-key"), "DATABASE_URL": self.postgresql.url,
            "REDIS_URL": self.redis.url, "NUMBER_OF_WORKERS": str(self.number_of_workers),
            "BIND_ADDRESS": ADDRESS, "DATA_FOLDER": str(self.folder), "PYTHONUNBUFFERED": "1",
        } | self.variables

    def _write_environment(self) -> None:
        """Write the variables that `manage.py` needs for this server to a file that a shell can source."""
        file = self.folder / "environment"
        file.touch(mode=0o600)
        names = ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "DATA_FOLDER")
        file.write_text("".join(f"{name}={self.environment[name]}\n" for name in names))

    def _migrate(self) -> None:
        # no worker waits for a migration, and half a lease may be too short for it on a busy machine
        patient = self.environment | {"IDLE_SECONDS": str(START_SECONDS)}
        migrate = Child(
            "migrate", [sys.executable, "manage.py", "migrate", "--no-input"], patient, wrapped=True,
            log=self.logs / "migrate.log", folder=ROOT,
        )
        migrate.end(patience=START_SECONDS)
        if migrate.exit_code:
            raise Trouble(f"The database could not be migrated; see {self.logs / 'migrate.log'}.")

    def _check_port(self) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((ADDRESS, self.port))
            except OSError as error:
                raise Trouble(f"Port {self.port} is in use; give another with --port.") from error

    def _await_web(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if self.web is None or self.web.exit_code is not None or time.monotonic() > deadline:
                raise Trouble(f"The web processes did not start; see {self.logs / 'web.log'}.")
            time.sleep(0.05)

    def answers(self) -> bool:
        """Whether a web process, the database and the broker answer."""
        connection = http.client.HTTPConnection(ADDRESS, self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def node(name: str) -> str:
    """Return a worker's node name in Celery and in the database."""
    return f"{name}@{socket.gethostname()}"


def _is_to_be_replaced(child: Child) -> bool:
    """Whether the child has ended, and not because `end` was called."""
    return _has_ended(child) and not child.is_ended


def _end(child: Child | None) -> None:
    """End the child where there is one."""
    if child is not None:
        child.end()


def _has_ended(child: Child) -> bool:
    """Whether the child has ended, and was started longer than RESTART_PAUSE_SECONDS ago."""
    return child.exit_code is not None and time.monotonic() - child.started_at > RESTART_PAUSE_SECONDS
