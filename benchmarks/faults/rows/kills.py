"""kill -9 of worker parents, worker children, web processes, and everything at once."""

import itertools
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.faults import processes
from benchmarks.faults.scene import Scene
from benchmarks.faults.work import named

#: When web processes are killed: shortly after a request was sent, or when its work item is in the database.
SENT, STORED = "sent", "stored"


def worker_parents(scene: Scene) -> None:
    """The parent of the process that holds a lease dies; its child goes with it."""
    scene.ordinary_work()
    scene.inject(3, lambda: _parent(scene), "kill -9 of a worker's parent")


def worker_children(scene: Scene) -> None:
    """The process that holds a lease dies; its parent starts another."""
    scene.ordinary_work()
    scene.inject(3, lambda: scene.kill(scene.aim()), "kill -9 of a worker's child")


def web(scene: Scene) -> None:
    """Web processes die while a submission is under way; submitted again under its key, it is stored once."""
    scene.ordinary_work()
    moments = itertools.cycle((STORED, SENT))
    scene.facts["stored_but_not_acknowledged"] = 0
    scene.inject(
        4, lambda: _web(scene, next(moments)), "kill -9 of the web processes while a submission is under way"
    )


def _web(scene: Scene, moment: str) -> bool:
    """Kill the web processes during a submission; return whether they died before they could answer."""
    scene.wait_for(scene.setup.client.is_up, what="web processes to kill")
    scene.aim()
    key, victims = scene.next_key("short"), scene.setup.web()
    stored = "SELECT count(*) FROM database_workitem WHERE name = %s"
    with ThreadPoolExecutor(1) as client:
        request = client.submit(scene.setup.client.submit, named(scene.wanted["short"], key), key)
        sent_until = time.monotonic() + scene.rng.uniform(0.001, 0.02)
        while not request.done() and (moment == STORED or time.monotonic() < sent_until):
            if scene.archive.one(stored, key):
                break
        hits = [processes.send(pid, signal.SIGKILL) for pid in victims]
        answer, _ = request.result()
    scene.wait_for(lambda: all(map(processes.is_gone, victims)), what="the end of the web processes")
    was_stored = scene.archive.one(stored, key)
    scene.submit("short")
    scene.settle()
    there = scene.archive.one(stored, key)
    scene.hold(there == 1, f"{key}: {there} work items after it was asked for twice")
    is_hit = bool(hits) and all(hits) and answer.status == 0
    scene.facts["stored_but_not_acknowledged"] += is_hit and was_stored
    return is_hit


def everything(scene: Scene) -> None:
    """All processes of the server die at once, and are started again."""
    scene.ordinary_work()

    def fault() -> bool:
        aim = scene.aim()
        victims = scene.setup.everything()
        for pid in victims:
            processes.send(pid, signal.SIGKILL)
        scene.wait_for(lambda: all(map(processes.is_gone, victims)), what="the end of everything")
        scene.wait_for(scene.setup.client.is_up, seconds=40, what="the server to be back")
        is_hit = scene.was_held(aim) and scene.taken_over(aim)
        scene.settle()
        return is_hit

    scene.inject(2, fault, "kill -9 of everything")


def _parent(scene: Scene) -> bool:
    aim = scene.aim()
    if aim.pid in scene.setup.worker_parents():
        return scene.kill(aim)
    parent = int(Path(f"/proc/{aim.pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    hit = scene.kill(aim, parent)
    scene.wait_for(lambda: processes.is_gone(aim.pid), what="the end of an orphaned worker")
    return hit
