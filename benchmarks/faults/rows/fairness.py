"""A submitter of one run comes beside one of twenty while workers are killed: it soon has its first turn."""

from benchmarks.faults.arming import VARIABLES
from benchmarks.faults.scene import Scene

SUBMISSIONS = 4
#: Two turns and a lease.
FIRST_TURN_SECONDS = 2 * float(VARIABLES["SHIFT_SECONDS"]) + float(VARIABLES["LEASE_SECONDS"])


def two_submitters(scene: Scene) -> None:
    """Whoever dies, a new submitter does not wait for the twenty runs of another one.

    Without an account each work item is a submitter; the twenty runs are replicates of one.
    """
    crowd = scene.submit("crowd")
    seconds: list[float] = []

    def fault() -> bool:
        aim = scene.aim(crowd)
        (number,) = scene.submit("short")
        hit = scene.kill(aim)
        scene.wait_for(lambda: scene.archive.one(_STARTED, number), seconds=30, what="its first turn")
        seconds.append(float(scene.archive.one(_WAITED[scene.archive.is_sqlite], number)))
        return hit

    scene.inject(SUBMISSIONS, fault, "kill -9 of a worker beside two submitters")
    longest = max(seconds, default=0.0)
    scene.facts["longest_until_first_turn_seconds"] = round(longest, 2)
    scene.hold(
        longest <= FIRST_TURN_SECONDS,
        f"the single run had its first turn after {longest:.1f} s; at most {FIRST_TURN_SECONDS:g} s"
    )


_STARTED = "SELECT started_at FROM database_instance WHERE id = %s"
#: Seconds from the acceptance to the first turn, by the database's clock; by whether it is SQLite.
_WAITED = {
    True: "SELECT 86400 * (julianday(started_at) - julianday(created_at)) FROM database_instance"
    " WHERE id = %s",
    False: "SELECT extract(epoch FROM started_at - created_at) FROM database_instance WHERE id = %s",
}
