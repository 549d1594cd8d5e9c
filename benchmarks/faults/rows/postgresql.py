"""PostgreSQL is restarted immediately, loses backends, and is down for half a minute."""

import signal
import time
from typing import Any

from benchmarks.faults import processes
from benchmarks.faults.scene import Scene

DOWN_SECONDS = 30.0
#: An accept that cannot be stored is refused within so many seconds.
REFUSAL_SECONDS = 3.0
_BACKENDS = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND application_name <> 'faults' AND backend_type = 'client backend'"
)


def restarted(scene: Scene) -> None:
    """An immediate restart: every session is lost, and committed data stays."""
    scene.ordinary_work()

    def fault() -> bool:
        aim, before = scene.aim(), _server(scene).pid
        _server(scene).restart_immediately()
        hit = _server(scene).pid != before
        return hit and (scene.was_held(aim) or bool(scene.active()))

    scene.inject(2, fault, "an immediate restart of PostgreSQL")


def backend_killed(scene: Scene) -> None:
    """Sessions are terminated by pg_terminate_backend; then one is killed, and PostgreSQL ends all."""
    scene.ordinary_work()

    def ended() -> bool:
        scene.aim()
        gone = scene.archive.rows(_BACKENDS.replace("SELECT pid", "SELECT pg_terminate_backend(pid) AS gone"))
        return any(row["gone"] for row in gone)

    def killed() -> bool:
        scene.aim()
        victims = [row["pid"] for row in scene.archive.rows(_BACKENDS)]
        if not victims:
            return False
        victim = scene.rng.choice(victims)
        processes.send(victim, signal.SIGKILL)
        scene.wait_for(lambda: processes.is_gone(victim), what="the backend's end")
        scene.wait_for(lambda: scene.archive.one("SELECT 1"), seconds=30, what="PostgreSQL to be back")
        return True

    scene.inject(2, ended, "backends ended")
    scene.inject(1, killed, "a backend killed")


def down(scene: Scene) -> None:
    """Half a minute without PostgreSQL: accepts are refused at once with Retry-After; nothing is lost."""
    scene.ordinary_work()
    scene.aim()
    _server(scene).stop()
    slowest, refusals, began = 0.0, 0, time.monotonic()
    while time.monotonic() - began < DOWN_SECONDS:
        answer, _ = scene.try_to_submit("short")
        slowest, refusals = max(slowest, answer.seconds), refusals + (answer.status == 503)
        scene.hold(
            answer.status == 503, f"answered {answer.status} {answer.body} without PostgreSQL; expected 503"
        )
        scene.hold(answer.retry_after, "refused without Retry-After")
        scene.hold(answer.seconds < REFUSAL_SECONDS, f"refused after {answer.seconds:.1f} s")
        if len(scene.verdict.problems) > 5:
            break
        time.sleep(1.0)
    _server(scene).start()
    scene.landed += refusals
    scene.facts |= {"slowest_refusal_seconds": round(slowest, 2), "refusals": refusals}
    scene.submit("short")
    scene.finish(seconds=90)


def _server(scene: Scene) -> Any:
    return scene.setup.stack.postgresql  # type: ignore[attr-defined]
