"""The broker loses everything, ends, or freezes; messages are copied, late, reordered, or dropped."""

import signal

from benchmarks.faults import processes
from benchmarks.faults.scene import Scene

#: Seconds that an accept may take while the broker is frozen: its time-outs, once.
ACCEPT_SECONDS = 3.5
#: More than there are workers, so that some must wait.
CROWD = ("short", "pieces", "short", "short", "pieces", "short")
#: What becomes of messages, and the work during that; a wake is sent only where none waits, so there are few.
STORMS = 6
FATES = ("lost", "late", "doubled", "out of order")
STORMED = ("rising", "pieces", "short", "plain", "sliced", "short", "pieces", "short")


def flushed(scene: Scene) -> None:
    """FLUSHALL while messages wait that no worker has taken."""
    scene.ordinary_work()
    forgotten = 0

    def fault() -> bool:
        nonlocal forgotten
        for kind in CROWD:
            scene.submit(kind)
        broker = scene.setup.broker()
        try:
            waiting = scene.wait_for(broker.waiting, seconds=5, what="a message that nobody took yet")
            broker.flush()
        finally:
            broker.close()
        forgotten += waiting
        return waiting > 0

    scene.inject(3, fault, "FLUSHALL")
    scene.facts["messages_forgotten"] = forgotten


def shut_down(scene: Scene) -> None:
    """SHUTDOWN NOSAVE; its supervisor starts another broker."""
    scene.ordinary_work()

    def fault() -> bool:
        scene.aim()
        pid, broker = scene.setup.broker_pid(), scene.setup.broker()
        broker.shut_down()
        broker.close()
        scene.wait_for(lambda: processes.is_gone(pid), what="the broker's end")
        scene.submit("short")
        scene.wait_for(lambda: scene.setup.broker_pid() not in (0, pid), seconds=20, what="another broker")
        return True

    scene.inject(2, fault, "SHUTDOWN NOSAVE")


def frozen(scene: Scene) -> None:
    """The broker takes connections and answers nothing; accepts take longer, and are kept."""
    scene.ordinary_work()
    slowest = 0.0

    def fault() -> bool:
        nonlocal slowest
        scene.aim()
        pid = scene.setup.broker_pid()
        processes.send(pid, signal.SIGSTOP)
        try:
            scene.wait_for(lambda: processes.condition(pid) == "T", what="the freeze")
            for _ in range(2):
                answer, key = scene.try_to_submit("short")
                slowest = max(slowest, answer.seconds)
                scene.hold(
                    answer.status == 200,
                    f"{key}: answered {answer.status} {answer.body} beside a frozen broker"
                )
                scene.hold(
                    answer.seconds < ACCEPT_SECONDS,
                    f"{key}: took {answer.seconds:.1f} s beside a frozen broker"
                )
            return processes.condition(pid) == "T"
        finally:
            processes.send(pid, signal.SIGCONT)

    scene.inject(2, fault, "a frozen broker")
    scene.facts["slowest_accept_seconds"] = round(slowest, 2)


def storm(scene: Scene) -> None:
    """Half of the wakes are lost, a quarter are late; the others come ten times, and after later ones."""
    scene.leave("messages.json", {
        "lost": 0.5, "late": 0.25, "late_seconds": 0.5, "copies": 10, "seed": scene.rng.getrandbits(32)
    })
    for _ in range(STORMS):
        for kind in STORMED:
            scene.submit(kind)
        scene.finish()
        counts = {fate: _length(scene, fate) for fate in FATES}
        if all(counts.values()):
            break
    scene.facts["messages"] = counts
    scene.landed += sum(counts.values()) - counts["out of order"]  # those were doubled too
    scene.hold(all(counts.values()), f"not every fate came about: {counts}")


def _length(scene: Scene, name: str) -> int:
    path = scene.setup.fault_folder / name
    return len(path.read_bytes()) if path.exists() else 0
