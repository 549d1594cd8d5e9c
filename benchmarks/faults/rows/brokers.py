"""The broker loses everything, ends, or freezes; messages are copied, late, reordered, or dropped."""

import signal

from benchmarks.faults import processes
from benchmarks.faults.scene import Scene

#: Seconds that an accept may take while the broker is frozen: its time-outs, once.
ACCEPT_SECONDS = 3.5
#: More than there are workers, so that some must wait.
CROWD = ("short", "pieces", "short", "short", "pieces", "short")


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
    """Half of the messages are delivered ten times and out of order, the others never."""
    scene.leave("messages.json", {"copies": 10, "drop": 0.5, "seed": scene.rng.getrandbits(32)})
    for kind in ("rising", "pieces", "short", "short"):
        scene.submit(kind)
    scene.finish()
    dropped, copied = (_length(scene, name) for name in ("dropped", "copied"))
    scene.facts |= {"messages_dropped": dropped, "messages_copied": copied}
    scene.landed += dropped + copied
    scene.hold(dropped and copied, f"{dropped} messages dropped, {copied} copied")


def _length(scene: Scene, name: str) -> int:
    path = scene.setup.fault_folder / name
    return len(path.read_bytes()) if path.exists() else 0
