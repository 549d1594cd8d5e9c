"""Networks are trained on real servers, and the digest is the same whatever dies."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.faults.processes import command_line
from processing.core.datasets.lookup import can_train
from processing.core.training.pool import PROGRAM
from tests.integration.conftest import serving_with
from tests.integration.server import Server, is_alive, wait_for
from tests.integration.test_browser import shown
from tests.integration.test_kills import ONLY_EMBEDDED, QUICK, digest_of, ended, generation

pytestmark = pytest.mark.skipif(not can_train(), reason="make setup-train installs PyTorch")

GENERATIONS = 8  # enough that the run is under way whenever something is killed
DOCUMENT: dict[str, Any] = {
    "version": 1, "kind": "cnn_evolution", "name": "trained", "seed": 3,
    "dataset": {"name": "digits", "train_limit": 300}, "training": {"epochs": 4},
    "search_space": {"filters": [4, 8], "dense_units": [8, 16], "max_parameters": 5_000},
    "strategy": {"type": "genetic", "population_size": 8, "parents": 4},
    "stop": {"max_generations": GENERATIONS},
}


@pytest.fixture(scope="module")
def server(setup: type[Server], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One with two workers."""
    serving = serving_with(setup, tmp_path_factory.mktemp("trainings"))
    yield next(serving)(workers=2, **QUICK)
    next(serving, None)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The digest of the run that nothing happens to, with one training at a time as with two."""
    return digest_of(DOCUMENT, tmp_path_factory.mktemp("undisturbed"))


def trainers(server: Server) -> list[int]:
    """The processes in which networks are trained."""
    return [pid for pid in server.children() if PROGRAM in command_line(pid)]


def test_its_workers_and_the_processes_that_train_are_killed(server: Server, undisturbed: str) -> None:
    wait_for(lambda: len(server.workers()) == 2, what="both workers")
    number = server.submit(DOCUMENT)
    for reached in (0, 1):
        wait_for(lambda bar=reached: generation(server, number) >= bar, what="the next generation")
        found = wait_for(lambda: trainers(server), what="a process that trains")
        for trainer in found:
            os.kill(trainer, signal.SIGKILL)
        wait_for(lambda dead=found: set(trainers(server)) - set(dead), what="the next process that trains")
        workers = server.workers()
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        wait_for(lambda dead=workers: not any(map(is_alive, dead)), what="the workers' deaths")
    run = ended(server, number)
    assert (run["state"], run["digest"]) == ("SUCCEEDED", undisturbed)
    assert run["progress"]["totalEvaluations"] == GENERATIONS * 8
    assert not any(map(has_pytorch, set(server.children()) - set(trainers(server))))


def has_pytorch(process: int) -> bool:
    """Whether a process has loaded PyTorch."""
    try:
        return "/torch/" in Path(f"/proc/{process}/maps").read_text()
    except OSError:
        return False  # it has ended


@ONLY_EMBEDDED
def test_its_page_shows_networks_curves_and_confused_classes(server: Server, tmp_path: Path) -> None:
    number = server.submit(DOCUMENT)
    assert ended(server, number)["state"] == "SUCCEEDED"
    page = shown(f"{server.url}/runs/{number}", tmp_path)
    assert "Data set digits" in page
    assert re.search(r"validation_accuracy|validation accuracy of \d+ agents by their parameters", page)
    assert "classes" in page
    assert re.search(r"\d+ weights", page)  # of a layer of the champion
    confusion = re.search(r'<div class="confusion"(.*?)>', page)
    assert confusion is not None
    assert "hidden" not in confusion[1]
    assert 'title="36 of 36 of class 0 as 0"' in page or "of class 0 as 0" in page
