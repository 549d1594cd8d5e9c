"""Cancel races with the end of a run, or comes in the middle of a long evaluation."""

import itertools
import time
from typing import Any

from benchmarks.faults.scene import Scene

RACES = 8

#: A turn that does not end by itself while a cancel is measured.
LONG_TURNS = {"SHIFT_SECONDS": "30"}
#: One generation takes minutes.
LONG_EPISODES = {
    "environment": {"type": "maze", "rows": ["S...", "....", "....", "...G"], "max_steps": 1_000_000},
    "strategy": {"type": "genetic", "population_size": 10_000}, "record": {"agents": "champions"},
}
CANCELS, INTO_THE_TURN_SECONDS = 3, (1.0, 3.0)
#: From the cancel until its worker holds another step: it looks once a second, between pieces of work.
FREE_SECONDS = 2.5


def races(scene: Scene) -> None:
    """Runs are cancelled around their last commit, in turn a little before and after: the first of the two
    decides the state, which then stays. Each side wins some races.
    """
    scene.ordinary_work()
    won = {"SUCCEEDED": 0, "CANCELLED": 0}
    turns = itertools.cycle((1, 0))

    def race() -> bool:
        (number,) = scene.submit("short", is_compared=False)
        last = scene.wanted["short"]["stop"]["max_generations"] - next(turns)
        scene.wait_for(
            lambda: (
                scene.archive.one("SELECT next_generation FROM database_instance WHERE id = %s", number) or 0
            ) >= last,
            what="the last generation",
        )
        answer = scene.setup.client.cancel(number)
        state = scene.archive.one("SELECT state FROM database_instance WHERE id = %s", number)
        accepted = answer.status == 200 and not answer.body["data"]["cancelInstance"]["userErrors"]
        won[state] = won.get(state, 0) + 1
        scene.hold(
            state == ("CANCELLED" if accepted else "SUCCEEDED"),
            f"run {number}: cancel {answer.body}, then {state}"
        )
        return state in ("SUCCEEDED", "CANCELLED")

    scene.inject(RACES, race, "cancel at the end of a run")
    scene.hold(scene.is_sample or all(won.values()), f"races were won by one side alone: {won}")
    scene.facts |= {"races_won_by_cancel": won["CANCELLED"], "races_won_by_the_run": won["SUCCEEDED"]}


def in_kernel(scene: Scene) -> None:
    """A run is cancelled while a kernel evaluates its agents: its worker soon works on another, and nothing
    of the run is written afterwards.
    """
    scene.ordinary_work()
    seconds: list[float] = []
    after: dict[int, Any] = {}

    def cancel() -> bool:
        (number,) = scene.submit("short", is_compared=False, **LONG_EPISODES)
        holder = min(scene.wait_for(lambda: _holders(scene, number), seconds=60, what="its first turn"))
        evaluates_at = time.monotonic() + scene.rng.uniform(*INTO_THE_TURN_SECONDS)
        scene.wait_for(lambda: time.monotonic() > evaluates_at, what="the middle of its turn")
        scene.submit("plain")  # for the worker to go on with
        is_hit = holder in _holders(scene, number)
        scene.setup.client.cancel(number)
        cancelled, after[number] = time.monotonic(), _written(scene, number)
        if not is_hit:
            return False
        scene.wait_for(lambda: _holds_another(scene, holder, number), what="its worker to be free")
        seconds.append(time.monotonic() - cancelled)
        return after[number][0]["state"] == "CANCELLED"

    scene.inject(CANCELS, cancel, "cancel while a kernel runs")
    scene.finish()
    slowest = max(seconds, default=0.0)
    scene.facts["slowest_until_free_seconds"] = round(slowest, 2)
    scene.hold(slowest <= FREE_SECONDS, f"a worker was free after {slowest:.1f} s, limit {FREE_SECONDS:g} s")
    for number, rows in after.items():
        scene.hold(_written(scene, number) == rows, f"run {number} changed after its cancel")


def _holders(scene: Scene, number: int) -> set[str]:
    """Return the processes that hold the run or slices of it."""
    rows = scene.archive.rows(
        "SELECT claimed_by FROM database_instance WHERE id = %s AND claimed_by <> '' UNION"
        " SELECT claimed_by FROM database_slice WHERE instance_id = %s AND claimed_by <> ''", number, number,
    )
    return {row["claimed_by"] for row in rows}


def _holds_another(scene: Scene, holder: str, number: int) -> bool:
    return bool(scene.archive.one(
        "SELECT id FROM database_instance WHERE claimed_by = %s AND id <> %s UNION"
        " SELECT id FROM database_slice WHERE claimed_by = %s AND instance_id <> %s",
        holder, number, holder, number,
    ))


def _written(scene: Scene, number: int) -> list[Any]:
    """Return all that is stored of a run, in short."""
    counts = ", ".join(
        f"(SELECT count(*) FROM {table} WHERE instance_id = i.id) AS {table}"
        for table in ("database_generation", "database_agent", "database_event", "database_slice")
    )
    return scene.archive.rows(
        "SELECT state, token, epoch, next_generation, event_sequence, digest, evaluations, updated_at,"
        f" {counts} FROM database_instance i WHERE id = %s", number,
    )
