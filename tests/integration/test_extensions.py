"""A kind of work that is added from outside, on real servers: whatever dies, and in a browser."""

import contextlib
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.faults.processes import command_line
from tests.integration.conftest import serving_with
from tests.integration.server import Server, is_alive, wait_for
from tests.integration.test_browser import shown
from tests.integration.test_kills import ONLY_EMBEDDED, QUICK, digest_of, ended, generation, losses

TOYS = {"EXTENSION_MODULES": "tests.toys.tables"}
GENERATIONS = 12
DOCUMENT: dict[str, Any] = {
    "version": 1, "kind": "guessing", "name": "a guess", "seed": 3,
    "riddle": {"type": "guess", "secret": "1101001110100101110010100111" * 2},
    "strategy": {"type": "pairs", "population_size": 60}, "counting": {"epochs": 9},
    "stop": {"max_generations": GENERATIONS, "solved": False},
}


@pytest.fixture(scope="module")
def server(setup: type[Server], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all of these tests: whatever they do to it, it serves again afterwards."""
    serving = serving_with(setup, tmp_path_factory.mktemp("toys"))
    yield next(serving)(workers=2, **QUICK, **TOYS)
    next(serving, None)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The digest of the run that nothing happens to."""
    return digest_of(DOCUMENT, tmp_path_factory.mktemp("undisturbed"), **TOYS)


def judges(server: Server) -> list[int]:
    """The child processes in which agents are scored."""
    return [pid for pid in server.children() if any(part.endswith("child.py") for part in command_line(pid))]


def has_killed_one(children: list[int]) -> bool:
    """Whether one was still there to be killed: each lives for a few hundredths of a second."""
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
            return True
    return False


@pytest.mark.parametrize("execution", [{}, {"slice_size": 16}], ids=["whole", "slices"])
def test_its_workers_and_the_children_of_its_judge_are_killed(
    server: Server, undisturbed: str, execution: dict[str, Any]
) -> None:
    wait_for(lambda: len(server.workers()) == 2, what="both workers")
    number = server.submit(DOCUMENT | {"execution": execution})
    for reached in (1, 3):
        wait_for(lambda bar=reached: generation(server, number) >= bar, what="the next generation")
        wait_for(lambda: has_killed_one(judges(server)), what="a child process of the judge")
        wait_for(lambda: judges(server), what="the next child process")
        before = losses(server, number)
        workers = server.workers()
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        wait_for(lambda dead=workers: not any(map(is_alive, dead)), what="the workers' deaths")
        wait_for(lambda bar=before: losses(server, number) > bar, what="the loss to be noticed")
    run = ended(server, number)
    assert (run["state"], run["digest"]) == ("SUCCEEDED", undisturbed)
    assert run["progress"]["totalEvaluations"] == GENERATIONS * 60


@ONLY_EMBEDDED
def test_its_page_shows_what_its_judge_and_its_strategy_report(server: Server, tmp_path: Path) -> None:
    number = server.submit(DOCUMENT)
    assert ended(server, number)["state"] == "SUCCEEDED"
    page = shown(f"{server.url}/runs/{number}", tmp_path)
    measured = re.search(r'<section[^>]*id="measurements"[^>]*>(.*?)</section>', page, re.DOTALL)
    assert measured is not None
    assert "hidden" not in measured[0].partition(">")[0]
    assert "right bits" in measured[1]
    assert "There is nothing to replay." in page.replace("A guess has no steps: t", "T")
    assert "share of ones" in page
    assert re.search(r"\d+ bits changed", page)

