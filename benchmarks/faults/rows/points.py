"""Crash points: SIGKILL, or an error, at every database call of a short run."""

import json
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

from benchmarks.faults import setups
from benchmarks.faults.archive import Archive
from benchmarks.faults.arming import INJECT, environment_of
from benchmarks.faults.invariants import check_run
from benchmarks.faults.points import MEANT
from benchmarks.faults.scene import Scene

#: The number of points of a sample, and the limit below which they are drawn; a point may be beyond a run's
#: end.
SAMPLE, LAST_POINT = 6, 60
EVERY = 3


def crashes(scene: Scene) -> None:
    """A process is killed at its n-th database call, n = 1, 2, 3 … until one survives.

    Other workers finish the runs.
    """
    _every_point(scene, "kill")


def failures(scene: Scene) -> None:
    """The n-th database call fails, for every third n from a random one; others finish the runs."""
    _every_point(scene, "raise", range(scene.rng.randrange(EVERY), LAST_POINT * EVERY, EVERY))


def _every_point(scene: Scene, how: str, points: Iterable[int] | None = None) -> None:
    short = scene.wanted["short"]
    sliced = {**short, "execution": {"slice_size": 10}, "stop": {"max_generations": 1}}
    if scene.is_sample:
        points = sorted(scene.rng.sample(range(LAST_POINT), SAMPLE))
    wanted = {"documents": {"short": short, "sliced": sliced}, "points": points and list(points)}
    url = scene.setup.another_database(f"points_{scene.mark}")
    folder = scene.setup.beside / f"points-{scene.mark}"
    folder.mkdir(parents=True)
    environment = environment_of({
        "DATA_FOLDER": str(folder), "REDIS_URL": "memory://", "LEASE_SECONDS": "1", "EVALUATION_THREADS": "1",
        "LOG_LEVEL": "CRITICAL", **({"DATABASE_URL": url} if not url.startswith("sqlite") else {}),
        "SECRET_KEY": "points",
        "IDLE_SECONDS": "60",  # else half a lease, which a migration on a busy machine may exceed
    }, folder)
    if url.startswith("sqlite"):
        environment.pop("DATABASE_URL", None)
        url = f"sqlite://{folder / 'evolution.sqlite3'}"
    environment["PYTHONPATH"] = f"{INJECT}:{setups.ROOT}"
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.faults.points", how], cwd=setups.ROOT, env=environment,
        input=json.dumps(wanted), text=True, capture_output=True, timeout=200,
    )
    if ran.returncode:
        scene.hold(False, f"points: {ran.stderr[-600:]}")
        return
    _check(scene, Archive(url), json.loads(ran.stdout), how)


def _check(scene: Scene, archive: Archive, lines: list[dict[str, Any]], how: str) -> None:
    outcomes = scene.undisturbed.outcomes(("short", "shortest"))
    expected = {"short": outcomes["short"][0], "sliced": outcomes["shortest"][0]}
    survived = {line["document"] for line in lines if line["exit_code"] == 0}
    for line in lines:
        code, is_injected = line["exit_code"], line["exit_code"] == MEANT[how]
        scene.landed += is_injected
        before = len(scene.verdict.problems)
        scene.hold(
            is_injected or code == 0,
            f"its process ended with {code}; expected {MEANT[how]}, or 0 where it was not hurt"
        )
        check_run(archive, line["run"], expected[line["document"]], scene.verdict)
        token = archive.one("SELECT token FROM database_instance WHERE id = %s", line["run"])
        scene.hold(token >= line["token"], f"run {line['run']}: its token fell")
        scene.repeated += how == "kill" and is_injected and token > line["token"]
        problems = scene.verdict.problems
        problems[before:] = [
            f"{line['document']}, point {line['point']}: {problem}" for problem in problems[before:]
        ]
    scene.hold(scene.is_sample or len(survived) == 2, f"runs that were through unhurt: {sorted(survived)}")
    scene.hold(not archive.open_transactions(), "a transaction is left open")
    scene.facts |= {"points": {name: sum(line["document"] == name for line in lines) for name in expected}}
    archive.close()
