"""SIGSTOP longer than a lease, then SIGCONT: the worker must then be fenced, inside a transaction too."""

import signal
import time

from benchmarks.faults import processes
from benchmarks.faults.broker import SWEEP_QUEUE
from benchmarks.faults.scene import Aim, Scene

LONGER_THAN_A_LEASE_SECONDS = 3.0


def worker(scene: Scene) -> None:
    """A worker is stopped beyond its lease and not replaced; another takes over, then the first goes on."""
    scene.ordinary_work()
    scene.inject(2, lambda: _zombie(scene), "SIGSTOP longer than the lease, then SIGCONT")


def in_transaction(scene: Scene) -> None:
    """A worker is stopped between two statements of a commit.

    The others must go on, and the fence must keep its late commit out.
    """
    scene.ordinary_work()
    scene.inject(2, lambda: _inside(scene), "SIGSTOP inside a transaction")


def _zombie(scene: Scene) -> bool:
    aim = scene.aim()
    before = _events(scene, aim)
    if _stopped_beyond_its_lease(scene, aim):
        return True
    # the next try would stop it again at once, and the run would stand still because of the tries alone
    scene.wait_for(lambda: _events(scene, aim) > before, seconds=20, what=f"run {aim.instance} to go on")
    return False


def _events(scene: Scene, aim: Aim) -> int:
    return int(scene.archive.one("SELECT event_sequence FROM database_instance WHERE id = %s", aim.instance))


def _stopped_beyond_its_lease(scene: Scene, aim: Aim) -> bool:
    keepers = scene.setup.web() if scene.setup.name == "embedded" else []
    for pid in keepers:  # the embedded server would replace the worker before it goes on
        processes.send(pid, signal.SIGSTOP)
    try:
        if not processes.send(aim.pid, signal.SIGSTOP):
            return False
        scene.wait_for(lambda: processes.condition(aim.pid) == "T", what="the stop")
        if not scene.was_held(aim) or (keepers and scene.archive.open_transactions()):
            # it holds a transaction that locks out all others, and its supervisor is stopped too
            return False
        _sweep_until_taken(scene, aim)
        held_by_another = scene.archive.one(
            "SELECT token FROM database_instance WHERE id = %s", aim.instance
        ) > aim.token
    finally:
        processes.send(aim.pid, signal.SIGCONT)
        for pid in keepers:
            processes.send(pid, signal.SIGCONT)
    return bool(held_by_another)


def _sweep_until_taken(scene: Scene, aim: Aim) -> None:
    """Have workers sweep until another one takes over, as the embedded server, which sweeps, is stopped too.
    """
    broker = scene.setup.broker()

    def taken() -> bool:
        if scene.setup.name == "embedded" and not broker.waiting(SWEEP_QUEUE):
            broker.sweep()
        return int(
            scene.archive.one("SELECT token FROM database_instance WHERE id = %s", aim.instance)
        ) > aim.token

    scene.wait_for(taken, seconds=20, what=f"another to take over run {aim.instance}")
    broker.close()


def _inside(scene: Scene) -> bool:
    name = scene.arm(do="stop", at="transaction", after=scene.rng.randrange(40))
    record = scene.wait_for(lambda: scene.fired(name), what="a worker to stop inside a transaction")
    pid = int(record["pid"])
    reached = "SELECT id, next_generation FROM database_instance"
    before = {row["id"]: row["next_generation"] for row in scene.archive.rows(reached)}
    stopped = processes.condition(pid) in ("T", "Z")

    def further() -> bool:
        rows = scene.archive.rows(reached)
        return any(row["next_generation"] > before.get(row["id"], 0) for row in rows) or not scene.active()

    try:
        scene.wait_for(further, seconds=30, what="work to go on beside a worker stopped inside a transaction")
        awake_at = time.monotonic() + LONGER_THAN_A_LEASE_SECONDS
        scene.wait_for(
            lambda: time.monotonic() > awake_at and not scene.archive.open_transactions(), seconds=40,
            what="the end of its transaction",
        )
    finally:
        processes.send(pid, signal.SIGCONT)
    return stopped
