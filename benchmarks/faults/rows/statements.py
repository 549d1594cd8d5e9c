"""A statement fails, or the connection is lost around a COMMIT, in a worker that goes on living."""

from benchmarks.faults.scene import Scene


def failing(scene: Scene) -> None:
    """The n-th statement of a worker fails; the step is tried again."""
    scene.honest_work()
    scene.inject(5, lambda: _fired(scene, at="statement"), "a failing statement")


def before_commit(scene: Scene) -> None:
    """The connection is lost before the COMMIT was sent: nothing was written."""
    scene.honest_work()
    scene.inject(4, lambda: _fired(scene, at="commit"), "a connection lost before COMMIT")


def after_commit(scene: Scene) -> None:
    """The connection is lost after the COMMIT: all was written, and nobody was told."""
    scene.honest_work()
    scene.inject(4, lambda: _fired(scene, at="committed"), "a connection lost after COMMIT")


def _fired(scene: Scene, *, at: str) -> bool:
    how = "raise" if at == "statement" else "drop"
    name = scene.arm(do=how, at=at, after=scene.rng.randrange(25))
    note = scene.wait_for(lambda: scene.fired(name), what=f"a worker to come to its {at}")
    if note["sql"]:
        scene.facts.setdefault("statements", []).append(" ".join(note["sql"].split()[:3]))
    return bool(note)
