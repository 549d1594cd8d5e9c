"""The database's disk is full for some seconds, then has space again."""

import contextlib
import os
import time
from pathlib import Path

from benchmarks.faults.scene import DidNotHappen, Scene, Skipped

FULL_SECONDS = 4.0
CHUNK = bytes(1 << 16)


def full(scene: Scene) -> None:
    """Nothing can be written for some seconds; acknowledged work is still there afterwards, and goes on."""
    if not os.path.ismount(scene.setup.folder.parent):
        raise Skipped("a small file system cannot be mounted here: only root may, and not in every container")
    scene.ordinary_work()
    scene.inject(1, lambda: _filled(scene, scene.setup.folder.parent / "ballast"), "a full disk")


def _filled(scene: Scene, ballast: Path) -> bool:
    """Fill the disk; return whether the product met that: a submission was refused, or no run went on."""
    scene.aim()
    try:
        _fill(ballast)
        began, before, refused = time.monotonic(), _reached(scene), 0
        while time.monotonic() - began < FULL_SECONDS:
            answer, _ = scene.try_to_submit("short", timeout=6)
            refused += answer.status != 200 or bool(answer.body.get("errors"))
            answers = scene.facts.setdefault("answers_on_a_full_disk", {})
            answers[answer.status] = answers.get(answer.status, 0) + 1
            _fill(ballast)
            with contextlib.suppress(OSError):  # starting a process may need disk space
                scene.setup.tick()
            time.sleep(0.2)
        stood_still = _reached(scene) == before
    finally:
        ballast.unlink(missing_ok=True)
    scene.wait_for(lambda: scene.archive.one("SELECT 1"), seconds=40, what="the database to be back")
    return bool(refused or stood_still)


def _reached(scene: Scene) -> int:
    try:
        return int(scene.wait_for(
            lambda: scene.archive.one("SELECT sum(next_generation) + 1 FROM database_instance"), seconds=1,
            what="an answer"
        ))
    except DidNotHappen:
        return -1


def _fill(ballast: Path) -> None:
    """Write until no byte is left."""
    with ballast.open("ab", buffering=0) as file:
        for chunk in (CHUNK, CHUNK[:512], CHUNK[:1]):
            try:
                while file.write(chunk) == len(chunk):
                    pass
            except OSError:
                continue
