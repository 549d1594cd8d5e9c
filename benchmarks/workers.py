"""Several workers: the speed-up of two over one, and the time to recover from kill -9 of all workers.

Both are measured on real servers: embedded, and production where PostgreSQL and Redis are installed.
"""

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from api.embedded.trouble import Trouble
from benchmarks.faults import setups
from benchmarks.faults.setups import archive_of

SETUPS = ("embedded", "production")
ROUNDS = 3
LEASE_SECONDS = 5.0
#: An environment made slow by so much for each agent, so that a generation takes some seconds.
SLOW_SECONDS, AGENTS, GENERATIONS, SLICE = 0.02, 200, 3, 10

Line = dict[str, Any]


def measure() -> Iterator[Line]:
    """Yield one line for every case: the figures, the target, and whether it is met."""
    for name in SETUPS:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            try:
                yield _recovery(name, Path(folder) / "recovery")
            # a machine without PostgreSQL reports that, and the other setup is measured
            except Trouble as error:
                yield {"case": name, "skipped": str(error)}
                continue
            yield _gain(name, Path(folder))


def _recovery(name: str, folder: Path) -> Line:
    """Measure seconds from kill -9 of all workers, parents and children, to the next generation.

    No process is left that could report the loss to the database.
    """
    setup = _start(name, folder, LEASE_SECONDS=str(LEASE_SECONDS), GENERATION_PAUSE_SECONDS="0.2")
    archive, seconds = archive_of(setup), []
    try:
        _, (number,) = setup.client.submit(_document(1_000_000, 20), "recovery")
        for _ in range(ROUNDS):
            _await(setup, lambda: archive.one("SELECT claimed_by FROM database_instance") or None)
            reached = archive.one("SELECT next_generation FROM database_instance")
            _await(setup, partial(_has_passed, archive, reached))
            killed = time.monotonic()
            for pid in {*setup.workers(), *setup.worker_parents()}:
                os.kill(pid, signal.SIGKILL)
            reached = archive.one("SELECT next_generation FROM database_instance")
            _await(setup, partial(_has_passed, archive, reached))
            seconds.append(time.monotonic() - killed)
        setup.client.cancel(number)
    finally:
        setup.stop()
    longest, target = max(seconds), LEASE_SECONDS + 5.0
    return {
        "case": f"recovery after kill -9 of all workers, {name}, lease {LEASE_SECONDS:g} s", "rounds": ROUNDS,
        "longest_seconds": round(longest, 2), "median_seconds": round(median(seconds), 2), "target": target,
        "met": longest <= target,
    }


def _gain(name: str, folder: Path) -> Line:
    """Measure the speed-up of two workers over one in a run in slices; rounds alternate."""
    servers = {
        number: _start(
            name, folder / str(number), workers=number, FAULTS_SLOW_SECONDS=str(SLOW_SECONDS),
            SHIFT_SECONDS="10", GENERATION_PAUSE_SECONDS="0",
        )
        for number in (1, 2)
    }
    seconds: dict[int, list[float]] = {1: [], 2: []}
    try:
        for turn in range(ROUNDS):
            for number, setup in servers.items():
                seconds[number].append(_ran(setup, f"gain {turn}"))
    finally:
        for setup in servers.values():
            setup.stop()
    ratio = median(one / two for one, two in zip(seconds[1], seconds[2], strict=True))
    return {
        "case": f"two workers against one, slow environment, {name}", "agents": AGENTS, "slice_size": SLICE,
        "rounds": ROUNDS, "one_seconds": round(median(seconds[1]), 2),
        "two_seconds": round(median(seconds[2]), 2), "ratio": round(ratio, 2),
        "target": 1.8, "met": ratio >= 1.8,
    }


def _start(name: str, folder: Path, **options: Any) -> Any:
    beside = folder / "beside"
    beside.mkdir(parents=True)
    return setups.start(name, folder / "data", beside, **options)


def _ran(setup: Any, key: str) -> float:
    """Return the seconds from a run's acceptance to its end."""
    archive = archive_of(setup)
    _await(setup, lambda: archive.one("SELECT count(*) FROM database_worker") == len(setup.worker_parents()))
    started = time.monotonic()
    _, (number,) = setup.client.submit(_document(GENERATIONS, AGENTS, slice_size=SLICE), key)
    sql = "SELECT state FROM database_instance WHERE id = %s"
    _await(setup, lambda: archive.one(sql, number) == "SUCCEEDED")
    return time.monotonic() - started


def _document(generations: int, agents: int, **execution: int) -> dict[str, Any]:
    return {
        "version": 1, "kind": "weight_evolution", "name": "workers",
        "environment": {"type": "maze", "rows": ["S..", "..G"], "max_steps": 10},
        "strategy": {"type": "genetic", "population_size": agents},
        "stop": {"max_generations": min(generations, 100_000)},
        "record": {"agents": "champions"}, "execution": execution,
    }


def _has_passed(archive: Any, generations: int) -> bool:
    """Return whether the only run has completed more generations."""
    completed: int = archive.one("SELECT next_generation FROM database_instance")
    return completed > generations


def _await(setup: Any, condition: Any, *, seconds: float = 120.0) -> None:
    """Wait until the condition holds; processes that die meanwhile are replaced."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        setup.tick()
        time.sleep(0.01)
