"""Workers whose clock is two hours ahead or behind: leases depend on the database's clock alone."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.faults.scene import Scene, Skipped

OFFSETS = ("+2h", "-2h")
#: Active runs, so many that the other workers cannot claim all of them.
ENOUGH_RUNS = 6


def skewed(scene: Scene) -> None:
    """Workers with another clock work beside the others; no lease ends early or lasts for hours."""
    library, stack = _library(), _stack(scene)
    lost_before = _lost(scene)
    for number, offset in enumerate(OFFSETS):
        stack.start_worker(f"skewed-{number}", {
            "LD_PRELOAD": str(library), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_NO_CACHE": "1",
        })
    try:
        scene.wait_for(lambda: len(_seen(scene)) == len(OFFSETS), seconds=40, what="the skewed workers")
        scene.ordinary_work()
        seen: set[str] = set()
        counted: set[str] = set()

        def others() -> set[str]:
            seen.update(_holders(scene))
            return seen - counted

        def fault() -> bool:
            while len(scene.active()) < ENOUGH_RUNS:
                scene.submit("plain")
            counted.add(
                min(scene.wait_for(others, seconds=20, what="a claim of a skewed worker that had none"))
            )
            far = sum(
                scene.archive.one(
                    f"SELECT count(*) FROM {table} WHERE lease_until > clock_timestamp() + interval '5 "
                    "minutes'"
                )
                for table in ("database_instance", "database_slice")
            )
            scene.hold(not far, f"{far} leases last for hours")
            return True

        scene.inject(len(OFFSETS), fault, "a claim of a worker whose clock is off")
        scene.finish()
        scene.hold(
            _lost(scene) == lost_before, "a worker was said to be lost, and none was: a lease ended early"
        )
        scene.wait_for(
            lambda: all(_commits(scene).values()), seconds=10, what="the skewed workers to tell of commits"
        )
        scene.facts["commits_of_skewed_workers"] = _commits(scene)
    finally:
        for number in range(len(OFFSETS)):
            stack.workers.pop(f"skewed-{number}").end(patience=5.0)


def _holders(scene: Scene) -> set[str]:
    claims = " UNION ".join(
        f"SELECT claimed_by FROM {table} WHERE claimed_by LIKE 'skewed-%%'"
        for table in ("database_instance", "database_slice")
    )
    rows = scene.archive.rows(claims)
    return {row["claimed_by"].split("@")[0] for row in rows}


def _lost(scene: Scene) -> int:
    return int(scene.archive.one("SELECT count(*) FROM database_event WHERE type = 'WORKER_LOST'"))


def _commits(scene: Scene) -> dict[str, int]:
    rows = scene.archive.rows("SELECT name, commits FROM database_worker WHERE name LIKE 'skewed-%%'")
    return {row["name"].split("@")[0]: row["commits"] for row in rows}


def _seen(scene: Scene) -> list[Any]:
    return scene.archive.rows(
        "SELECT name FROM database_worker WHERE name LIKE 'skewed-%%' AND seen_at > clock_timestamp() - "
        "interval '1 minute'"
    )


def _library() -> Path:
    """Return libfaketime, which is installed where this user may do that.

    Raises:
        Skipped: it is missing.
    """
    for attempt in range(2):
        found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
        if found:
            return found[0]
        if not attempt and os.geteuid() == 0 and shutil.which("apt-get"):
            install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", "libfaketime"]
            subprocess.run(install, capture_output=True, check=False, timeout=120)
    raise Skipped("libfaketime is missing; install the package libfaketime")


def _stack(scene: Scene) -> Any:
    return scene.setup.stack  # type: ignore[attr-defined]
