"""A statement fails, or the connection is lost around a COMMIT, in a worker that does not die."""

from benchmarks.faults.scene import Scene


def failing(scene: Scene) -> None:
    """The n-th statement of a worker fails; the step is tried again."""
    scene.ordinary_work()
    scene.inject(5, lambda: _fired(scene, at="statement"), "a failing statement")


def before_commit(scene: Scene) -> None:
    """The connection is lost before the COMMIT was sent: nothing was written."""
    scene.ordinary_work()
    scene.inject(4, lambda: _fired(scene, at="commit"), "a connection lost before COMMIT")


def after_commit(scene: Scene) -> None:
    """The connection is lost after the COMMIT: all was written, and the worker gets no answer."""
    scene.ordinary_work()
    scene.inject(4, lambda: _fired(scene, at="committed"), "a connection lost after COMMIT")


def _fired(scene: Scene, *, at: str) -> bool:
    how = "raise" if at == "statement" else "drop"
    name = scene.arm(do=how, at=at, after=scene.rng.randrange(25))
    record = scene.wait_for(lambda: scene.fired(name), what=f"a worker to come to its {at}")
    if record["sql"]:
        scene.facts.setdefault("statements", []).append(" ".join(record["sql"].split()[:3]))
    return bool(record)
