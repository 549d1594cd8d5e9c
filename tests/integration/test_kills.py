"""Whatever dies, the digest of the result is that of the undisturbed run."""

import json
import os
import signal
from pathlib import Path

import pytest

from tests.integration.server import Server, example, is_alive, ran, wait_for

DOCUMENT = example("maze-20x20", seed=7, stop={"max_generations": 25}, strategy={
    "type": "genetic", "population_size": 60,
})
MINIMUM_OF_KILLS = 3


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The digest of the run that nothing happens to."""
    folder = tmp_path_factory.mktemp("undisturbed")
    file = folder / "item.json"
    file.write_text(json.dumps(DOCUMENT))
    digests = {
        json.loads(ran("evolve", str(file), "--json", "--threads", threads, folder=folder / "data")[1])["digest"]
        for threads in ("1", "2")
    }
    assert len(digests) == 1
    return digests.pop()


def landed(server: Server, number: int) -> int:
    """Kills that hit a generation under way, as the run's own events tell."""
    return sum(event["type"] == "WORKER_LOST" for event in server.events(number))


def generation(server: Server, number: int) -> int:
    return int(server.run(number)["progress"]["generation"])


def check(server: Server, number: int, digest: str) -> None:
    """The run ended as if nothing had happened, and every event is there once."""
    run = wait_for(
        lambda: run if (run := server.run(number))["state"] not in ("QUEUED", "RUNNING") else None,
        seconds=60, what="the end of the run",
    )
    assert run["state"] == "SUCCEEDED"
    assert run["digest"] == digest
    assert run["progress"]["totalEvaluations"] == 25 * 60
    sequence = [event["sequence"] for event in server.events(number)]
    assert sequence == list(range(1, len(sequence) + 1))
    assert landed(server, number) >= MINIMUM_OF_KILLS


def test_a_worker_killed_again_and_again_changes_no_bit(tmp_path: Path, undisturbed: str) -> None:
    server = Server(tmp_path / "data", GENERATION_PAUSE_SECONDS="0.1")
    server.start()
    number = server.submit(DOCUMENT)
    for kills in range(1, MINIMUM_OF_KILLS + 1):
        reached = generation(server, number)
        wait_for(lambda bar=reached: generation(server, number) > bar, what="the next generation")
        (worker,) = server.workers()
        os.kill(worker, signal.SIGKILL)
        wait_for(lambda dead=worker: not is_alive(dead), what="the worker's death")
        wait_for(lambda bar=kills: landed(server, number) >= bar, what="the loss to be noticed")
    check(server, number, undisturbed)
    server.stop()


def test_a_server_killed_again_and_again_changes_no_bit(tmp_path: Path, undisturbed: str) -> None:
    server = Server(tmp_path / "data", GENERATION_PAUSE_SECONDS="0.1")
    server.start()
    number = server.submit(DOCUMENT)
    for kills in range(1, MINIMUM_OF_KILLS + 1):
        reached = generation(server, number)
        wait_for(lambda bar=reached: generation(server, number) > bar, what="the next generation")
        server.kill()
        server.start()
        wait_for(lambda bar=kills: landed(server, number) >= bar, what="the loss to be noticed")
    check(server, number, undisturbed)
    server.stop()


def test_a_stopped_worker_is_replaced_and_fenced(tmp_path: Path, undisturbed: str) -> None:
    server = Server(tmp_path / "data", GENERATION_PAUSE_SECONDS="0.1", LEASE_SECONDS="2", SWEEP_SECONDS="0.5")
    server.start()
    number = server.submit(DOCUMENT)
    wait_for(lambda: generation(server, number) >= 2, what="the second generation")
    (worker,) = server.workers()
    os.kill(worker, signal.SIGSTOP)
    wait_for(lambda: not is_alive(worker), what="the silent worker's end")
    run = wait_for(lambda: run if (run := server.run(number))["state"] == "SUCCEEDED" else None, seconds=60)
    assert run["digest"] == undisturbed
    server.stop()


def test_a_generation_longer_than_a_lease_costs_no_worker(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", LEASE_SECONDS="2", SWEEP_SECONDS="0.5")
    server.start()
    maze = {"type": "maze", "rows": DOCUMENT["environment"]["rows"], "max_steps": 100_000}
    number = server.submit(DOCUMENT | {
        "environment": maze, "stop": {"max_generations": 1}, "strategy": {"type": "genetic", "population_size": 6_000},
        "record": {"agents": "champions"},
    })
    wait_for(lambda: server.run(number)["state"] == "SUCCEEDED", seconds=120, what="the end of the run")
    assert landed(server, number) == 0
    seconds = server.graphql("{ instance(by: {number: 1}) { generation(number: 0) { statistics { seconds } } } }")
    assert seconds["instance"]["generation"]["statistics"]["seconds"] > 2
    server.stop()
