"""An idle server: the time from a submission to the first committed generation, beside an earlier commit.

With the path of another working tree in REFERENCE, a server of that tree runs beside ours, and the two are
asked in turn. So this file is also a program that uses nothing but what both trees have: it starts the
server of the tree in whose folder it runs, and measures once for each line of its standard input.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

SETUPS = ("embedded", "production")
ROUNDS, MORE_MILLISECONDS = 20, 50.0
#: The server is idle for so long before each submission.
REST_SECONDS, LOOK_SECONDS = 1.0, 0.001
DEFAULTS = {
    "LEASE_SECONDS": "30", "SWEEP_SECONDS": "5", "SHIFT_SECONDS": "10", "GENERATION_PAUSE_SECONDS": "0",
}
DOCUMENT = {
    "version": 1, "kind": "weight_evolution",
    "environment": {"type": "maze", "rows": ["S..", "..G"], "max_steps": 100},
    "strategy": {"type": "genetic", "population_size": 20}, "stop": {"max_generations": 1},
}

Line = dict[str, Any]


def measure() -> Iterator[Line]:
    """Yield a line for each set-up; without REFERENCE it has no target."""
    reference = os.environ.get("REFERENCE")
    trees = {"ours": str(Path(__file__).resolve().parents[2])}
    if reference:
        trees["reference"] = str(Path(reference).resolve())
    for name in SETUPS:
        with contextlib.ExitStack() as stack:
            asked = {which: stack.enter_context(_started(name, tree)) for which, tree in trees.items()}
            answers: dict[str, list[Any]] = {which: [] for which in asked}
            for _ in range(ROUNDS + 1):  # the first round warms
                for which, process in asked.items():
                    answers[which].append(_asked(process))
        yield {"case": "idle server to first generation", "setup": name, **_compared(answers)}


def _compared(answers: dict[str, list[Any]]) -> Line:
    """Return the medians, and whether ours is late; the reason where a server could not be started."""
    trouble = [each for found in answers.values() for each in found if isinstance(each, str)]
    if trouble:
        return {"skipped": trouble[0]}
    milliseconds = {which: 1e3 * median(found[1:]) for which, found in answers.items()}
    line: Line = {
        "rounds": ROUNDS, **{f"{which}_milliseconds": round(each, 1) for which, each in milliseconds.items()}
    }
    if "reference" not in milliseconds:
        return line
    more = milliseconds["ours"] - milliseconds["reference"]
    return line | {
        "more_milliseconds": round(more, 1), "target": MORE_MILLISECONDS, "met": more <= MORE_MILLISECONDS
    }


@contextlib.contextmanager
def _started(name: str, tree: str) -> Iterator["subprocess.Popen[str]"]:
    """Start this file as a program in a working tree; it ends with its standard input."""
    environment = {**os.environ, "PYTHONPATH": tree}
    with subprocess.Popen(
        [sys.executable, "-P", __file__, name], cwd=tree, env=environment, text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        yield process


def _asked(process: "subprocess.Popen[str]") -> Any:
    """Have the program measure once; return the seconds, or why it cannot."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def main(name: str) -> int:
    """Start a server of the tree in this folder; print the seconds of one submission for each line.

    Where it cannot be started, print why.
    """
    from api.embedded.trouble import Trouble
    from benchmarks.faults import setups

    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "beside").mkdir()
        try:
            setup = setups.start(name, Path(folder) / "data", Path(folder) / "beside", workers=1, **DEFAULTS)
        except Trouble as trouble:
            for _ in sys.stdin:
                print(json.dumps(str(trouble)), flush=True)
            return 0
        archive = setups.archive_of(setup)
        try:
            while not archive.one("SELECT count(*) FROM database_worker"):
                time.sleep(LOOK_SECONDS)
            for number, _ in enumerate(sys.stdin):
                print(_seconds(setup, archive, number), flush=True)
        finally:
            archive.close()
            setup.stop()
    return 0


def _seconds(setup: Any, archive: Any, number: int) -> float:
    """Return the seconds from a submission by GraphQL to its first generation in the database."""
    while archive.one("SELECT count(*) FROM database_instance WHERE claimed_by <> ''"):
        time.sleep(LOOK_SECONDS)
    time.sleep(REST_SECONDS)
    started = time.monotonic()
    _, (run,) = setup.client.submit({**DOCUMENT, "name": f"run {number}"}, f"run {number}")
    while not archive.one("SELECT next_generation FROM database_instance WHERE id = %s", run):
        time.sleep(LOOK_SECONDS)
    return time.monotonic() - started


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
