"""Whatever dies, the digest of the result is that of the undisturbed run."""

import json
import os
import signal
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Serve
from tests.integration.server import Embedded, Server, example, is_alive, ran, wait_for

DOCUMENT = example("maze-20x20", seed=7, stop={"max_generations": 25}, strategy={
    "type": "genetic", "population_size": 60,
})
#: Shorter, with networks that grow, in compiled code and in processes that step an environment of Gymnasium.
GROWING = example(
    "double-pole-neat", seed=7, stop={"max_generations": 15}, strategy={"type": "neat", "population_size": 60}
)
LANDING = GROWING | {"environment": {
    "type": "gymnasium", "id": "LunarLander-v3", "max_steps": 60, "normalize_observations": True,
}}
NUMBER_OF_KILLS = 3
NUMBER_OF_POWER_CUTS = 2
#: A shift is longer than any run, so that nobody claims the run again but after a loss.
QUICK = {
    "GENERATION_PAUSE_SECONDS": "0.1", "LEASE_SECONDS": "3", "SWEEP_SECONDS": "0.5", "SHIFT_SECONDS": "600"
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The digest of the run that nothing happens to."""
    return digest_of(DOCUMENT, tmp_path_factory.mktemp("undisturbed"))


def digest_of(document: dict[str, Any], folder: Path, **variables: str) -> str:
    """The digest of a run that nothing happens to, on one thread as on two."""
    folder.mkdir(exist_ok=True)
    file = folder / "item.json"
    file.write_text(json.dumps(document))
    digests = {
        json.loads(
            ran("evolve", str(file), "--json", "--threads", threads, folder=folder / "data", **variables)[1]
        )["digest"]
        for threads in ("1", "2")
    }
    assert len(digests) == 1
    return digests.pop()


def losses(server: Server) -> int:
    """How often the run's claim was broken: its token rises with the first claim, and then only with a loss
    and what follows.
    """
    ((token,),) = server.sql("SELECT token FROM database_instance")
    return int(token) - 1


def generation(server: Server, number: int) -> int:
    return int(server.run(number)["progress"]["generation"])


def ended(server: Server, number: int) -> dict[str, Any]:
    """The run, once nothing more happens to it."""
    return wait_for(
        lambda: run if (run := server.run(number))["state"] not in ("QUEUED", "RUNNING") else None,
        seconds=90, what="the end of the run",
    )


def holder(server: Server) -> int | None:
    """The process that holds the lease, if somebody does."""
    claims = server.sql(
        "SELECT claimed_by FROM database_instance WHERE claimed_by <> '' AND lease_until IS NOT NULL"
    )
    return int(claims[0][0].rsplit("/", 1)[1]) if claims else None


def check(server: Server, number: int, digest: str, *, generations: int = 25) -> None:
    """The run ended as if nothing had happened, and every event is there once."""
    run = ended(server, number)
    assert run["state"] == "SUCCEEDED"
    assert run["digest"] == digest
    assert run["progress"]["totalEvaluations"] == generations * 60
    sequence = [event["sequence"] for event in server.events(number)]
    assert sequence == list(range(1, len(sequence) + 1))
    stored = server.sql("SELECT number FROM database_generation ORDER BY number")
    assert [number for (number,) in stored] == list(range(generations))


def test_a_worker_killed_again_and_again_changes_no_bit(serve: Serve, undisturbed: str) -> None:
    check_kills(serve(**QUICK), DOCUMENT, undisturbed)


@pytest.mark.parametrize("document", [GROWING, LANDING], ids=["double pole", "lunar lander"])
def test_networks_that_grow_are_the_same_whoever_dies(
    serve_embedded: Serve, document: dict[str, Any], tmp_path: Path
) -> None:
    check_kills(serve_embedded(**QUICK), document, digest_of(document, tmp_path / "undisturbed"))


def check_kills(server: Server, document: dict[str, Any], digest: str) -> None:
    """A run whose worker is killed again and again ends as if nothing had happened."""
    number = server.submit(document)
    parts = cycle([server.workers, server.nodes])
    for _ in range(NUMBER_OF_KILLS):
        reached = generation(server, number)
        wait_for(lambda bar=reached: generation(server, number) > bar, what="the next generation")
        before = losses(server)
        (worker,) = next(parts)()
        os.kill(worker, signal.SIGKILL)
        wait_for(lambda dead=worker: not is_alive(dead), what="the worker's death")
        wait_for(lambda bar=before: losses(server) > bar, what="the loss to be noticed")
    check(server, number, digest, generations=document["stop"]["max_generations"])


def test_a_server_killed_again_and_again_changes_no_bit(serve: Serve, undisturbed: str) -> None:
    server = serve(**QUICK)
    number = server.submit(DOCUMENT)
    for _ in range(NUMBER_OF_POWER_CUTS):
        reached = generation(server, number)
        wait_for(lambda bar=reached: generation(server, number) > bar, what="the next generation")
        before = losses(server)
        server.kill()
        server.start()
        wait_for(lambda bar=before: losses(server) > bar, what="the loss to be noticed")
    check(server, number, undisturbed)


def stopped(server: Server) -> int:
    """A worker that holds the run, stopped between two transactions: PostgreSQL ends the session of one that
    stops within, which then meets a lost connection instead of the fence."""
    within = "SELECT 1 FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
    while True:
        worker = wait_for(lambda: holder(server), what="a worker that holds the run")
        os.kill(worker, signal.SIGSTOP)
        if isinstance(server, Embedded) or not server.sql(within):
            return worker
        os.kill(worker, signal.SIGCONT)


def test_a_stopped_worker_is_fenced(serve: Serve, undisturbed: str) -> None:
    server = serve(workers=2, **QUICK)
    number = server.submit(DOCUMENT)
    wait_for(lambda: generation(server, number) >= 2, what="the second generation")
    worker = stopped(server)
    wait_for(lambda: losses(server), what="the lease to run out")
    if isinstance(server, Embedded):
        wait_for(lambda: not is_alive(worker), what="the silent worker's end")
    else:
        wait_for(lambda: holder(server) not in (worker, None), what="another worker")
        os.kill(worker, signal.SIGCONT)
        wait_for(
            lambda: server.sql("SELECT 1 FROM database_worker WHERE fenced > 0"),
            what="the worker to be fenced"
        )
    check(server, number, undisturbed)


def test_a_generation_longer_than_a_lease_costs_no_worker(serve: Serve) -> None:
    server = serve(LEASE_SECONDS="2", SWEEP_SECONDS="0.5", SHIFT_SECONDS="600")
    maze = {"type": "maze", "rows": DOCUMENT["environment"]["rows"], "max_steps": 100_000}
    number = server.submit(DOCUMENT | {
        "environment": maze, "stop": {"max_generations": 1},
        "strategy": {"type": "genetic", "population_size": 6_000},
        "record": {"agents": "champions"},
    })
    wait_for(lambda: server.run(number)["state"] == "SUCCEEDED", seconds=120, what="the end of the run")
    assert losses(server) == 0
    seconds = server.graphql(
        "{ instance(by: {number: 1}) { generation(number: 0) { statistics { seconds } } } }"
    )
    assert seconds["instance"]["generation"]["statistics"]["seconds"] > 2
