"""Runs rows one after the other on one running set-up; after a row with problems a new one is started."""

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.faults import setups
from benchmarks.faults.archive import Unreachable
from benchmarks.faults.client import Refused
from benchmarks.faults.invariants import Verdict
from benchmarks.faults.rows import ROWS
from benchmarks.faults.scene import DidNotHappen, Scene, Skipped
from benchmarks.faults.work import Undisturbed, documents

Line = dict[str, Any]
#: Space for the data and logs of about ten minutes.
DISK_MEGABYTES = {"embedded": 400, "production": 900}


class Harness:
    """One set-up, and the outcomes of work without faults."""

    def __init__(self, name: str, folder: Path, seed: int, *, is_sample: bool = False) -> None:
        self.name, self.folder, self.seed, self.is_sample = name, folder, seed, is_sample
        self.undisturbed = Undisturbed(documents(seed), folder / "undisturbed")
        self.setup: Any = None
        self.variables: Mapping[str, str] = {}  # of the set-up, beside those of all
        self.started = 0
        self.place = folder / "disk"
        self.place.mkdir()
        self.place.chmod(0o755)
        self._is_mounted = _mounted(self.place, DISK_MEGABYTES[name])

    def row(self, name: str, round_number: int) -> Line:
        """Run a row and return its line."""
        began = time.monotonic()
        if self.variables != ROWS[name].variables:
            self.stop()
        if self.setup is None:
            self.started += 1
            called, self.variables = f"{self.name}-{self.started}", ROWS[name].variables
            self.setup = setups.start(
                self.name, self.place / called, self.folder / called, **self.variables
            )
        rng = random.Random(f"{self.seed} {name} {round_number}")
        scene = Scene(self.setup, rng, self.undisturbed)
        scene.is_sample = self.is_sample
        try:
            return _line(name, scene, _played(name, scene), time.monotonic() - began)
        except Skipped as reason:
            print(f"SKIPPED {name}: {reason}", file=sys.stderr, flush=True)
            return {
                "row": name, "skipped": str(reason), "seconds": round(time.monotonic() - began, 1),
                "held": not _is_ci()
            }
        finally:
            scene.disarm()
            scene.close()
            if scene.verdict.problems:
                self.stop()

    def stop(self) -> None:
        """Stop the set-up, where one runs."""
        if self.setup is not None:
            self.setup.stop()
        self.setup = None

    def close(self, *, keep: bool = False) -> None:
        """Stop the set-up, and unmount its file system unless that is to be kept."""
        self.stop()
        if self._is_mounted and not keep:
            subprocess.run(["umount", "-l", str(self.place)], check=False, capture_output=True)


def _is_ci() -> bool:
    """Whether this is continuous integration, where a row that cannot be run is a failure."""
    return os.environ.get("CI") == "true"


def _mounted(place: Path, megabytes: int) -> bool:
    """Mount a small file system here, which only root may; return whether that was done."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "faults", str(place)]
    return os.geteuid() == 0 and shutil.which("mount") is not None and subprocess.run(
        command, check=False, capture_output=True
    ).returncode == 0


def _played(name: str, scene: Scene) -> Verdict:
    try:
        ROWS[name].play(scene)
        scene.disarm()
        scene.finish()
        stall, limit = scene.watch.longest_stall(), ROWS[name].longest_stall
        scene.hold(stall <= limit, f"a run came no further for {stall:.1f} s; at most {limit:g} s")
        return scene.check()
    except (DidNotHappen, Refused, ProcessLookupError, OSError, *Unreachable) as error:
        scene.verdict.problems.append(f"{type(error).__name__}: {error}")
        scene.verdict.digest_equal = False
        return scene.verdict


def _line(name: str, scene: Scene, verdict: Verdict, seconds: float) -> Line:
    held = not verdict.problems and verdict.digest_equal and scene.landed > 0
    return {
        "row": name, "faults_injected": scene.landed,
        "steps_repeated": scene.watch.steps_repeated() + scene.repeated,
        "longest_stall_seconds": round(scene.watch.longest_stall(), 1), "lost": verdict.lost,
        "duplicated": verdict.duplicated, "digest_equal": verdict.digest_equal, "held": held,
        "seconds": round(seconds, 1), "did_not_land": len(scene.missed), **scene.facts,
        **({"problems": verdict.problems[:12]} if verdict.problems else {}),
        **({"missed": scene.missed[:6]} if scene.missed else {}),
    }
