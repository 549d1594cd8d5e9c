"""Cancel races with the end of a run: the first of the two decides the state, which then stays."""

import itertools

from benchmarks.faults.scene import Scene

RACES = 8


def races(scene: Scene) -> None:
    """Runs are cancelled around their last commit, in turn a little before and after.

    Each side wins some races.
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
