"""A run that ended is extended and deleted at the same time: one of the two happens, as a whole."""

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.faults import setups
from benchmarks.faults.client import Answer
from benchmarks.faults.scene import Scene

RACES = 8
#: One of the two comes so much later.
MOST_LATER_SECONDS = 0.04
#: Tables with rows of a run.
OF_A_RUN = ("generation", "agent", "event", "checkpoint", "slice", "replay")


def races(scene: Scene) -> None:
    """Either the extension is refused and nothing is left of the run, or the deletion is.

    The run then gets the results of one that had asked for so many generations at once. Each side wins some
    races.
    """
    scene.ordinary_work()
    won = {"extension": 0, "deletion": 0}
    with _deleter(scene) as deleter:
        scene.inject(RACES, lambda: _race(scene, deleter, won), "an extension and a deletion at once")
        assert deleter.stdin is not None
        deleter.stdin.close()
    scene.hold(scene.is_sample or all(won.values()), f"races were won by one side alone: {won}")
    scene.facts |= {f"races_won_by_{side}": number for side, number in won.items()}


def _race(scene: Scene, deleter: "subprocess.Popen[str]", won: dict[str, int]) -> bool:
    """Submit a run, and do both when it has ended; return whether one of them was done and one refused."""
    (number,) = scene.submit("short")
    state = "SELECT state FROM database_instance WHERE id = %s"
    scene.wait_for(
        lambda: scene.archive.one(state, number) == "SUCCEEDED", seconds=60, what=f"the end of run {number}"
    )
    identifier = scene.setup.client.identifier(number)
    assert isinstance(identifier, str)
    scene.watch.extendable.add(number)
    later = scene.rng.uniform(-MOST_LATER_SECONDS, MOST_LATER_SECONDS)
    with ThreadPoolExecutor(1) as client:
        extension = client.submit(_extended, scene, identifier, max(later, 0.0))
        deletion = _deleted(deleter, number, max(-later, 0.0))
        answer = extension.result()
    is_extended = answer.status == 200 and not answer.body.get("errors") and not (
        answer.body["data"]["extendInstance"]["userErrors"]
    )
    is_deleted = deletion == "deleted"
    scene.hold(
        is_extended != is_deleted, f"run {number}: extension answered {answer.body}, deletion {deletion}"
    )
    if is_extended and not is_deleted:
        won["extension"] += 1
        scene.extended(number, "longer")
    if is_deleted:
        won["deletion"] += 1
        scene.deleted(number)
        scene.hold(not _left(scene, number), f"run {number} was deleted; left: {_left(scene, number)}")
    return is_extended != is_deleted


def _extended(scene: Scene, identifier: str, later: float) -> Answer:
    time.sleep(later)
    generations: int = scene.wanted["longer"]["stop"]["max_generations"]
    return scene.setup.client.extend(identifier, generations)


def _deleter(scene: Scene) -> "subprocess.Popen[str]":
    """Start the program that deletes: by GraphQL only who is logged in may."""
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.faults.deletions"], cwd=setups.ROOT,
        env=setups.environment_of_server(scene.setup), text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def _deleted(deleter: "subprocess.Popen[str]", number: int, later: float) -> str:
    """Have a run deleted, and return what the program answers: deleted, or why not."""
    assert deleter.stdin is not None
    assert deleter.stdout is not None
    deleter.stdin.write(json.dumps({"run": number, "after_seconds": later}) + "\n")
    deleter.stdin.flush()
    answer: str = json.loads(deleter.stdout.readline())
    return answer


def _left(scene: Scene, number: int) -> dict[str, Any]:
    """Return how many rows of a run there are, by tables."""
    counts = {
        table: scene.archive.one(f"SELECT count(*) FROM database_{table} WHERE instance_id = %s", number)
        for table in OF_A_RUN
    }
    counts["instance"] = scene.archive.one("SELECT count(*) FROM database_instance WHERE id = %s", number)
    return {table: count for table, count in counts.items() if count}
