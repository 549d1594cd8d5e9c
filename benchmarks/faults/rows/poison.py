"""A work item that crashes its worker whenever a certain agent is evaluated, beside ordinary ones."""

from benchmarks.faults.invariants import failures
from benchmarks.faults.scene import Scene
from benchmarks.faults.work import outcome

WORKER_LOST = 4
AGENT = 13


def crasher(scene: Scene) -> None:
    """The agent fails, its run ends, and no other run is affected."""
    seed = scene.rng.getrandbits(40)
    scene.leave("crasher.json", {"seed": seed, "agent": AGENT})
    (number,) = scene.submit("sliced", is_compared=False, seed=seed, stop={"max_generations": 1})
    scene.ordinary_work()
    scene.finish()
    events = scene.archive.rows(
        "SELECT message FROM database_event WHERE instance_id = %s AND type = 'WORKER_LOST'", number
    )
    scene.landed += len(events)
    scene.hold(events, f"run {number}: nobody crashed")
    found = outcome(scene.archive, number)
    scene.facts |= {"crasher_state": found.instance["state"], "crashes": len(events)}
    scene.hold(
        found.instance["state"] == "SUCCEEDED", f"run {number}, the crasher: {found.instance['state']}"
    )
    for generation in found.generations:
        codes = failures(generation)
        scene.hold(
            codes[AGENT] == WORKER_LOST and sum(map(bool, codes)) == 1,
            f"run {number}, generation {generation['number']}: failures {sorted(set(codes))}, "
            f"agent {AGENT} {codes[AGENT]}; expected WORKER_LOST for that one alone",
        )
