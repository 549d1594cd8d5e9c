"""Whatever dies, the digest of the result is that of the undisturbed run."""

import json
import os
import signal
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from benchmarks.faults.processes import command_line
from tests.integration.conftest import Serve, serving_with
from tests.integration.server import Embedded, Server, example, is_alive, ran, wait_for

DOCUMENT = example("maze-20x20", seed=7, stop={"max_generations": 20}, strategy={
    "type": "genetic", "population_size": 60,
})
#: Shorter, with networks that grow, in compiled code and in processes that step an environment of Gymnasium.
GROWING = example(
    "double-pole-neat", seed=7, stop={"max_generations": 10}, strategy={"type": "neat", "population_size": 60}
)
LANDING = GROWING | {"stop": {"max_generations": 8}, "environment": {
    "type": "gymnasium", "id": "LunarLander-v3", "max_steps": 30, "normalize_observations": True,
}}
NUMBER_OF_KILLS = 2
NUMBER_OF_POWER_CUTS = 2
#: A shift is longer than any run, so that nobody claims the run again but after a loss.
QUICK = {
    "GENERATION_PAUSE_SECONDS": "0.2", "LEASE_SECONDS": "3", "SWEEP_SECONDS": "0.5", "SHIFT_SECONDS": "600"
}
#: Each of its episodes is longer than a lease, though its process only waits.
SLOW = {
    "version": 1, "kind": "weight_evolution", "name": "slow", "network": {"hidden": [4]},
    "environment": {"type": "gymnasium", "id": "Slower-v0"}, "stop": {"max_generations": 1},
    "strategy": {"type": "genetic", "population_size": 2, "parents": 1}, "execution": {"slice_size": 2},
}
WORLDS = {"ENVIRONMENT_MODULES": "tests.core.strange_worlds"}
ONLY_EMBEDDED = pytest.mark.parametrize("setup", ["embedded"], indirect=True)


@pytest.fixture(scope="module")
def of_all(setup: type[Server], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with one worker."""
    serving = serving_with(setup, tmp_path_factory.mktemp("kills"))
    yield next(serving)(**QUICK, **WORLDS)
    next(serving, None)


@pytest.fixture
def server(of_all: Server) -> Server:
    """The same for all tests: whatever they do to it, it serves again afterwards."""
    if of_all.process is None or of_all.process.poll() is not None:
        of_all.start()
    wait_for(of_all.workers, what="a worker")
    return of_all


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


def losses(server: Server, number: int) -> int:
    """How often the run's claim was broken: its token rises with the first claim, and then only with a loss
    and what follows.
    """
    ((token,),) = server.sql(f"SELECT token FROM database_instance WHERE id = {number}")
    return int(token) - 1


def generation(server: Server, number: int) -> int:
    return int(server.run(number)["progress"]["generation"])


def comes_further(server: Server, number: int) -> None:
    """The run has completed one more generation; it must not have ended, as nothing can happen to it then."""
    reached = generation(server, number)

    def has_come_further() -> bool:
        run = server.run(number)
        assert run["state"] in ("QUEUED", "RUNNING"), f"it ended before anything happened to it: {run}"
        return int(run["progress"]["generation"]) > reached

    wait_for(has_come_further, what="the next generation")


def ended(server: Server, number: int) -> dict[str, Any]:
    """The run, once nothing more happens to it."""
    return wait_for(
        lambda: run if (run := server.run(number))["state"] not in ("QUEUED", "RUNNING") else None,
        seconds=600, what="the end of the run",
    )


def holder(server: Server) -> int | None:
    """The process that holds the lease, if somebody does."""
    claims = server.sql(
        "SELECT claimed_by FROM database_instance WHERE claimed_by <> '' AND lease_until IS NOT NULL"
    )
    return int(claims[0][0].rsplit("/", 1)[1]) if claims else None


def check(server: Server, number: int, digest: str, *, generations: int = 20) -> None:
    """The run ended as if nothing had happened, and every event is there once."""
    run = ended(server, number)
    assert run["state"] == "SUCCEEDED"
    assert run["digest"] == digest
    assert run["progress"]["totalEvaluations"] == generations * 60
    sequence = [event["sequence"] for event in server.events(number)]
    assert sequence == list(range(1, len(sequence) + 1))
    stored = server.sql(
        f"SELECT number FROM database_generation WHERE instance_id = {number} ORDER BY number"
    )
    assert [number for (number,) in stored] == list(range(generations))


def test_a_worker_killed_again_and_again_changes_no_bit(server: Server, undisturbed: str) -> None:
    check_kills(server, DOCUMENT, undisturbed)


@ONLY_EMBEDDED
@pytest.mark.parametrize("document", [GROWING, LANDING], ids=["double pole", "lunar lander"])
def test_networks_that_grow_are_the_same_whoever_dies(
    server: Server, document: dict[str, Any], tmp_path: Path
) -> None:
    check_kills(server, document, digest_of(document, tmp_path / "undisturbed"))


def check_kills(server: Server, document: dict[str, Any], digest: str) -> None:
    """A run whose worker is killed again and again ends as if nothing had happened."""
    number = server.submit(document)
    parts = cycle([server.workers, server.nodes])
    for _ in range(NUMBER_OF_KILLS):
        comes_further(server, number)
        before = losses(server, number)
        (worker,) = next(parts)()
        os.kill(worker, signal.SIGKILL)
        wait_for(lambda dead=worker: not is_alive(dead), what="the worker's death")
        wait_for(lambda bar=before: losses(server, number) > bar, what="the loss to be noticed")
    check(server, number, digest, generations=document["stop"]["max_generations"])


def broker(server: Server) -> int | None:
    """The process that keeps messages, which the server started."""
    found = (
        pid for pid in server.children() for argument in command_line(pid)
        if "valkey" in argument or "redis" in argument
    )
    return next(found, None)


def test_a_server_killed_again_and_again_leaves_no_child_behind_and_changes_no_bit(
    server: Server, undisturbed: str
) -> None:
    number = server.submit(DOCUMENT)
    for _ in range(NUMBER_OF_POWER_CUTS):
        comes_further(server, number)
        before, children = losses(server, number), server.children()
        assert broker(server) in children
        server.kill()
        assert not any(map(is_alive, children))
        server.start()
        wait_for(lambda bar=before: losses(server, number) > bar, what="the loss to be noticed")
    check(server, number, undisturbed)


def stopped(server: Server) -> int:
    """A worker that holds the run, stopped between two transactions: PostgreSQL ends the session of one that
    stops within, which then meets a lost connection instead of the fence."""
    within = (
        "SELECT 1 FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
        " OR (state = 'active' AND wait_event = 'ClientRead')"  # in the middle of a COPY
    )
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
    wait_for(lambda: losses(server, number), what="the lease to run out")
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


def test_a_generation_longer_than_a_lease_costs_no_worker(server: Server) -> None:
    number = server.submit(SLOW)
    wait_for(lambda: server.run(number)["state"] == "SUCCEEDED", what="the end of the run")
    assert losses(server, number) == 0
    found = server.graphql(
        "query($number: Int!) { instance(by: {number: $number})"
        " { generation(number: 0) { statistics { seconds } } } }",
        number=number,
    )
    assert found["instance"]["generation"]["statistics"]["seconds"] > float(QUICK["LEASE_SECONDS"])


def test_ctrl_c_ends_everything(server: Server) -> None:
    children = server.children()
    assert broker(server) in children
    assert server.stop() == 0
    assert not any(map(is_alive, children))
