"""The overhead of the server over the bare core: 100 generations of 1,000 agents, and a worker's start.

Each round times the same work item in the bare core (this process, without storage) and through an embedded
server, with `record` champions and with all; figures are medians over the rounds.
"""

import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from formatting.canonical import canonical
from formatting.parse import parse
from processing.core.search import generation as generations
from processing.core.search.plan import plan_of

ROOT = Path(__file__).parent.parent
ROUNDS, GENERATIONS, AGENTS = 5, 100, 1_000
#: Milliseconds a generation may cost on top of 1.3 times the bare core's time.
ALLOWED = {"champions": 15.0, "all": 40.0}

Line = dict[str, Any]


def measure() -> Iterator[Line]:
    """Yield one line for every case: the figures, the target, and whether it is met."""
    bare: list[float] = []
    served: dict[str, list[float]] = {record: [] for record in ALLOWED}
    first: list[float] = []
    _bare(_document("champions"))
    for _ in range(ROUNDS):
        bare.append(_bare(_document("champions")))
        for record, seconds in served.items():
            ran, until_first = _served(_document(record))
            seconds.append(ran)
            first.append(until_first)
    for record, seconds in served.items():
        extra = (median(seconds) - 1.3 * median(bare)) / GENERATIONS * 1e3
        yield {
            "case": f"embedded server, record {record}", "generations": GENERATIONS, "agents": AGENTS,
            "bare_seconds": round(median(bare), 3), "server_seconds": round(median(seconds), 3),
            "milliseconds_a_generation_beyond_1.3_bare": round(extra, 2), "target": ALLOWED[record],
            "met": extra <= ALLOWED[record],
        }
    yield {
        "case": "worker process start to first committed generation, cached kernels",
        "seconds": round(median(first), 2), "target": 3.0, "met": median(first) <= 3.0,
    }


def _document(record: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / "examples" / "maze-20x20.json").read_text())
    return document | {
        "strategy": {"type": "genetic", "population_size": AGENTS}, "stop": {"max_generations": GENERATIONS},
        "record": {"agents": record},
    }


def _bare(document: dict[str, Any]) -> float:
    """Return the seconds of the search alone, on as many threads as a worker uses."""
    spec = canonical(parse(document))
    plan, seed = plan_of(spec), spec["seed"]
    started = time.perf_counter()
    checkpoint, stop = generations.begin(plan), None
    while stop is None:
        population = generations.open_generation(plan, checkpoint, seed=seed)
        evaluations = plan.judge.evaluate(
            population.genomes, seed=seed, generation=checkpoint.next_generation, threads=os.cpu_count() or 1
        )
        closed = generations.close_generation(plan, checkpoint, population, evaluations, seed=seed)
        checkpoint, stop = closed.checkpoint, closed.stop
    return time.perf_counter() - started


def _served(document: dict[str, Any]) -> tuple[float, float]:
    """Return the seconds of a run in a fresh server, and those from its worker's start to generation 0."""
    with tempfile.TemporaryDirectory() as folder:
        file, data = Path(folder) / "item.json", Path(folder) / "data"
        file.write_text(json.dumps(document))
        environment = {**os.environ, "DATA_FOLDER": str(data), "LOG_LEVEL": "INFO"}
        command = [
            sys.executable, "manage.py", "up", "--once", "--json", "--port", "0", "--submit", str(file)
        ]
        done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
        return _times(data, done.stderr)


def _times(data: Path, log: str) -> tuple[float, float]:
    """Read both times from the database and from the server's log."""
    with sqlite3.connect(data / "evolution.sqlite3") as connection:
        (started, ended), = connection.execute(
            "SELECT started_at, ended_at FROM database_instance"
        ).fetchall()
        (committed,), = connection.execute(
            "SELECT completed_at FROM database_generation WHERE number = 0"
        ).fetchall()
    found = re.search(r"worker \S+ started at ([0-9.]+)", log)
    assert found is not None, "the worker did not log its start"
    moment = datetime.fromisoformat(committed + "+00:00").timestamp()
    seconds = (datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds()
    return seconds, moment - float(found[1])
