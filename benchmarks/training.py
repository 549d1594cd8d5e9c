"""Trainings: two workers against one, both against a plain loop over the same networks, and memory.

Workers are those of real embedded servers, each with one process that trains.
"""

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

import numpy as np

from benchmarks.faults import setups
from benchmarks.faults.processes import command_line, descendants
from benchmarks.faults.setups import archive_of
from processing.core.datasets.images import divided
from processing.core.datasets.store import Store, Wanted
from processing.core.training.pool import PROGRAM

ROUNDS, GENERATIONS, AGENTS = 3, 2, 12
ROOT = Path(__file__).parents[1]
DOCUMENT: dict[str, Any] = {
    **json.loads((ROOT / "examples/cnn-digits.json").read_text()),
    "strategy": {"type": "random_search", "population_size": AGENTS},
    "stop": {"max_generations": GENERATIONS},
}
#: Images of a batch, and those of the data set that batches are drawn from.
BATCH, SIDE, IMAGES = 64, 32, 20_000

Line = dict[str, Any]


def measure() -> Iterator[Line]:
    """Yield one line for every case: the figures, the target, and whether it is met."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        yield _batches(Path(folder) / "datasets")
        yield from _workers(Path(folder))


def _batches(folder: Path) -> Line:
    """Measure the time of a random batch from a prepared data set."""
    store = Store(folder)
    store.add("large", "shapes", wanted=Wanted(size=SIDE, number=IMAGES), progress=lambda *_: None)
    train, _ = divided(store.open("large"), validation_fraction=None, train_limit=None)
    numbers, seconds = np.random.default_rng(1), []
    for _ in range(2_000):
        chosen = numbers.integers(0, len(train), BATCH)
        began = time.perf_counter()
        train.batch(chosen)
        seconds.append(time.perf_counter() - began)
    milliseconds = 1_000 * median(seconds)
    return {
        "case": f"a random batch of {BATCH} images, {SIDE} x {SIDE} x 3",
        "milliseconds": round(milliseconds, 3), "target": 0.3, "met": milliseconds <= 0.3,
    }


def _workers(folder: Path) -> Iterator[Line]:
    servers = {number: _start(folder / str(number), number) for number in (1, 2)}
    seconds: dict[str, list[float]] = {name: [] for name in ("one", "two", "loop", "pinned")}
    try:
        for setup in servers.values():
            _ran(setup, 1_000)  # starts the processes that train
        for turn in range(ROUNDS):
            for name, number in (("one", 1), ("two", 2)):
                seconds[name].append(_ran(servers[number], turn))
            seconds["loop"].append(_looped(folder, turn))
            seconds["pinned"].append(_looped(folder, turn, OMP_NUM_THREADS="1", MKL_NUM_THREADS="1"))
        sizes = [
            _pss(pid) for setup in servers.values() for worker in setup.workers()
            for pid in descendants(worker) if PROGRAM in command_line(pid)
        ]
    finally:
        for setup in servers.values():
            setup.stop()
    figures = {f"{name}_seconds": round(median(each), 2) for name, each in seconds.items()}
    shared = {"networks": AGENTS * GENERATIONS, "rounds": ROUNDS, **figures}
    for case, slow, target in (
        ("two workers against one", "one", 1.8), ("two workers against a plain loop", "loop", 2.0),
        ("two workers against the loop on one thread", "pinned", None),
    ):
        ratio = median(a / b for a, b in zip(seconds[slow], seconds["two"], strict=True))
        line = {"case": case, **shared, "ratio": round(ratio, 2)}
        yield line if target is None else line | {"target": target, "met": ratio >= target}
    largest = max(sizes, default=0)
    yield {
        "case": "memory of a process that trains (PSS)", "processes": len(sizes), "megabytes": largest,
        "target": 400, "met": 0 < largest <= 400,
    }


def _start(folder: Path, workers: int) -> Any:
    beside = folder / "beside"
    beside.mkdir(parents=True)
    return setups.start(
        "embedded", folder / "data", beside, workers=workers, EVALUATION_THREADS="1", SHIFT_SECONDS="10",
        GENERATION_PAUSE_SECONDS="0", LEASE_SECONDS="30",
    )


def _ran(setup: Any, seed: int) -> float:
    """Return the seconds from a run's acceptance to its end."""
    archive, began = archive_of(setup), time.monotonic()
    _, (number,) = setup.client.submit({**DOCUMENT, "seed": seed}, f"trained {seed}")
    while archive.one("SELECT state FROM database_instance WHERE id = %s", number) != "SUCCEEDED":
        assert time.monotonic() - began < 300, "it did not end"
        setup.tick()
        time.sleep(0.01)
    return time.monotonic() - began


def _looped(folder: Path, seed: int, **variables: str) -> float:
    """Return the seconds of the plain loop over the networks of the run with this seed."""
    file = folder / "document.json"
    file.write_text(json.dumps(DOCUMENT))
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.peers.training_loop", str(file), str(seed), str(GENERATIONS)],
        cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True, check=True,
    )
    return float(json.loads(ran.stdout)["seconds"])


def _pss(pid: int) -> int:
    """Return a process's share of the memory that it uses, in megabytes."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    (kilobytes,) = (line.split()[1] for line in rollup.splitlines() if line.startswith("Pss:"))
    return int(kilobytes) // 1_024
