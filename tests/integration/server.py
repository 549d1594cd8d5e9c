"""Both set-ups as real processes, for tests that meet a server as its users and its operator do."""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import psycopg2

from benchmarks.faults.processes import children_of, command_line, descendants, is_gone

ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")


def wait_for(condition: Callable[[], T | None], *, seconds: float = 120.0, what: str = "the condition") -> T:
    """The first true value of a condition, looked at every few milliseconds; more seldom where a look takes
    long, as a server that answers all the time does nothing else, yet often enough to see what passes.
    """
    deadline = time.monotonic() + seconds
    while (began := time.monotonic()) < deadline:
        value = condition()
        if value:
            return value
        time.sleep(min(0.5, max(0.01, 3 * (time.monotonic() - began))))
    raise AssertionError(f"{what} did not come about in {seconds} s")


def command(*arguments: str, folder: Path, **variables: str) -> subprocess.Popen[str]:
    """`manage.py` with its own data folder."""
    environment = {**os.environ, "DATA_FOLDER": str(folder), **variables}
    for name in {"DJANGO_SETTINGS_MODULE", "DATABASE_URL", "REDIS_URL"} - set(variables):
        environment.pop(name, None)
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )


def ran(*arguments: str, folder: Path, seconds: float = 600.0, **variables: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of `manage.py` with its own data folder."""
    process = command(*arguments, folder=folder, **variables)
    out, errors = process.communicate(timeout=seconds)
    return process.returncode, out, errors


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A server in a folder; started, killed and started again. A set-up says how, and which processes do the
    work.
    """

    def __init__(self, folder: Path, *, workers: int = 1, **variables: str) -> None:
        self.folder, self.number_of_workers, self.variables, self.port = (
            folder, workers, variables, free_port()
        )
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[str] | None = None

    def launched(self) -> subprocess.Popen[str]:
        """Its parent process, started."""
        raise NotImplementedError

    def workers(self) -> list[int]:
        """Process numbers of those that do the work."""
        raise NotImplementedError

    def nodes(self) -> list[int]:
        """Process numbers of the worker nodes: what a supervisor replaces."""
        raise NotImplementedError

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """What the database answers to plain SQL."""
        raise NotImplementedError

    def start(self) -> None:
        """It answers when this returns."""
        self.process = self.launched()
        wait_for(self.answers, what="the server")

    def answers(self) -> bool:
        """Whether the web server answers."""
        assert self.process is not None
        assert self.process.poll() is None, f"the server ended: {self.process.communicate()}"
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False

    def stop(self) -> int:
        """Ask it to end; its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(120)
        self._close()
        return code

    def kill(self) -> None:
        """kill -9 of the parent; its children have to notice."""
        assert self.process is not None
        children = self.children()
        self.process.kill()
        self.process.wait(120)
        self._close()
        wait_for(lambda: not any(map(is_alive, children)), what="the end of every child")

    def _close(self) -> None:
        assert self.process is not None
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

    def children(self) -> list[int]:
        """Process numbers of everything that the server started."""
        assert self.process is not None
        return descendants(self.process.pid)

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Status and text of a page."""
        request = urllib.request.Request(self.url + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def graphql(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data that a query gives."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as response:
            answer: dict[str, Any] = json.load(response)
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    def submit(self, document: dict[str, Any]) -> int:
        """Send a work item; the number of its first run."""
        payload = self.graphql(
            "mutation($document: JSON!) { submitWorkItem(input: {spec: {document: $document}})"
            " { userErrors { message } instances { number } } }",
            document=document,
        )["submitWorkItem"]
        assert payload["userErrors"] == []
        return int(payload["instances"][0]["number"])

    def run(self, number: int) -> dict[str, Any]:
        """What can be seen of a run."""
        found: dict[str, Any] = self.graphql(
            "query($number: Int!) { instance(by: {number: $number})"
            " { id state stopReason digest progress { generation totalEvaluations bestFitness } } }",
            number=number,
        )["instance"]
        return found

    def events(self, number: int) -> list[dict[str, Any]]:
        """The events of a run, in order."""
        found: list[dict[str, Any]] = self.graphql(
            "query($number: Int!) { instance(by: {number: $number})"
            " { events(first: 100) { nodes { sequence type message } } } }",
            number=number,
        )["instance"]["events"]["nodes"]
        return found


class Embedded(Server):
    """`manage.py up`: SQLite, Valkey and solo workers below one parent."""

    def launched(self) -> subprocess.Popen[str]:
        """`manage.py up`."""
        workers = ("--workers", str(self.number_of_workers))
        return command("up", "--port", str(self.port), *workers, folder=self.folder, **self.variables)

    def workers(self) -> list[int]:
        """The nodes themselves."""
        return [pid for pid in self.children() if "work" in command_line(pid)]

    def nodes(self) -> list[int]:
        """One process each."""
        return self.workers()

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Asks SQLite."""
        file = self.folder / "evolution.sqlite3"
        with contextlib.closing(sqlite3.connect(file, timeout=120)) as connection:
            return connection.execute(statement).fetchall()


class Production(Server):
    """`python -m api.production`: PostgreSQL, Redis, two web processes, prefork workers and beat."""

    def launched(self) -> subprocess.Popen[str]:
        """What `make production-local` starts."""
        options = {"web": 2, "workers": self.number_of_workers, "port": self.port, "folder": self.folder}
        arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
        return subprocess.Popen(
            [sys.executable, "-m", "api.production", *arguments], cwd=ROOT, env=os.environ | self.variables,
            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )

    def workers(self) -> list[int]:
        """The children of the nodes; not those in turn, which step environments."""
        return [pid for node in self.nodes() for pid in children_of(node)]

    def nodes(self) -> list[int]:
        """Celery's parent processes."""
        found = []
        for pid in self.children():
            arguments = command_line(pid)
            is_leash = any(argument.endswith("leash.py") for argument in arguments)
            if {"celery", "worker"} <= set(arguments) and not is_leash:
                found.append(pid)
        children = {child for pid in found for child in descendants(pid)}
        return [pid for pid in found if pid not in children]

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Asks PostgreSQL."""
        environment = dict(
            line.split("=", 1) for line in (self.folder / "environment").read_text().splitlines()
        )
        with contextlib.closing(
            psycopg2.connect(environment["DATABASE_URL"])
        ) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()


SETUPS: dict[str, type[Server]] = {"embedded": Embedded, "production": Production}


def example(name: str, **changes: Any) -> dict[str, Any]:
    """An example work item, changed."""
    document: dict[str, Any] = json.loads((ROOT / "examples" / f"{name}.json").read_text())
    return document | changes


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and not yet collected does not."""
    return not is_gone(pid)
