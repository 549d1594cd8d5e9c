"""kill -9 of worker parents, worker children, web processes, and everything at once."""

import signal
from pathlib import Path

from benchmarks.faults import processes
from benchmarks.faults.scene import Scene


def worker_parents(scene: Scene) -> None:
    """The parent of the process that holds a lease dies; its child goes with it."""
    scene.honest_work()
    scene.inject(3, lambda: _parent(scene), "kill -9 of a worker's parent")


def worker_children(scene: Scene) -> None:
    """The process that holds a lease dies; its parent starts another."""
    scene.honest_work()
    scene.inject(3, lambda: scene.kill(scene.aim()), "kill -9 of a worker's child")


def web(scene: Scene) -> None:
    """Web processes die while clients submit; what was acknowledged is there, and once."""
    scene.honest_work()

    def fault() -> bool:
        victims = scene.setup.web()
        aim = scene.aim()
        hits = [processes.send(pid, signal.SIGKILL) for pid in victims]
        scene.submit("short")
        return all(hits) and bool(hits) and all(map(processes.is_gone, victims)) and aim.instance in scene.expecting

    scene.inject(2, fault, "kill -9 of the web processes")


def everything(scene: Scene) -> None:
    """All processes of the server die at once, and are started again."""
    scene.honest_work()

    def fault() -> bool:
        aim = scene.aim()
        victims = scene.setup.everything()
        for pid in victims:
            processes.send(pid, signal.SIGKILL)
        scene.wait_for(lambda: all(map(processes.is_gone, victims)), what="the end of everything")
        scene.wait_for(scene.setup.client.is_up, seconds=40, what="the server to be back")
        return scene.was_held(aim) and scene.taken_over(aim)

    scene.inject(2, fault, "kill -9 of everything")


def _parent(scene: Scene) -> bool:
    aim = scene.aim()
    if aim.pid in scene.setup.worker_parents():
        return scene.kill(aim)
    parent = int(Path(f"/proc/{aim.pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    hit = scene.kill(aim, parent)
    scene.wait_for(lambda: processes.is_gone(aim.pid), what="the end of an orphaned worker")
    return hit
