"""The production processes on one machine, as their operator sees them."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.faults.processes import command_line
from tests.integration.conftest import serving_with
from tests.integration.server import ROOT, Production, Server, example, is_alive, wait_for
from tests.integration.test_kills import QUICK, generation

DOCUMENT = example(
    "maze-20x20", seed=7, stop={"max_generations": 40}, strategy={"type": "genetic", "population_size": 60}
)


@pytest.fixture(params=["production"], scope="module")
def setup() -> type[Server]:
    """The others are tested with `manage.py up`."""
    return Production


@pytest.fixture(scope="module")
def server(setup: type[Server], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all of these tests: whatever they do to it, it serves again afterwards."""
    serving = serving_with(setup, tmp_path_factory.mktemp("production"))
    yield next(serving)(workers=3, **QUICK)
    next(serving, None)


def redis(server: Server) -> int:
    """The process number of the broker, as soon as there is one."""
    def found() -> int | None:
        # Redis writes its address behind the name of its program; a process that has just ended has no
        # command line.
        programs = {pid: "".join(command_line(pid)[:1]).partition(" ")[0] for pid in server.children()}
        return next((pid for pid, program in programs.items() if program.endswith("redis-server")), None)

    return wait_for(found, what="Redis")


def test_a_run_finishes_though_a_worker_and_redis_are_killed(server: Server) -> None:
    number = server.submit(DOCUMENT)
    wait_for(lambda: generation(server, number) >= 2, what="the second generation")
    victims = [server.nodes()[0], redis(server)]
    for victim in victims:
        os.kill(victim, signal.SIGKILL)
    wait_for(lambda: not any(map(is_alive, victims)), what="their death")
    wait_for(lambda: server.run(number)["state"] == "SUCCEEDED", what="the end of the run")
    assert len(server.nodes()) == 3
    assert is_alive(redis(server))


def ended(server: Production) -> tuple[int, str]:
    """Exit code and complaint of one that cannot start."""
    process = server.launched()
    _, errors = process.communicate(timeout=120)
    return process.returncode, errors


def test_an_occupied_port_is_one_clear_line(tmp_path: Path) -> None:
    server = Production(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", server.port))
        taken.listen()
        code, errors = ended(server)
    assert code == 3
    assert errors.count("\n") == 1
    assert "in use" in errors


def test_missing_programs_are_one_clear_line(tmp_path: Path) -> None:
    code, errors = ended(Production(tmp_path, PATH=str(tmp_path)))
    assert code == 3
    assert errors.count("\n") == 1
    assert "apt-get install redis-server" in errors


def test_a_shell_that_reads_the_environment_reaches_the_database(server: Server) -> None:
    file = server.folder / "environment"
    shell = f"set -a; . {file}; exec {sys.executable} manage.py migrate --check"
    done = subprocess.run(["sh", "-c", shell], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert file.stat().st_mode & 0o077 == 0
