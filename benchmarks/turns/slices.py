"""What a slice costs: a generation is opened, its slices are claimed and done, and it is closed, in process.

Run as a program it measures the database that the environment variables name.
"""

import json
import os
import time
from collections.abc import Iterator
from statistics import median

from benchmarks.databases import lines_of
from benchmarks.turns.servers import Line, document

ARCHIVES = ("postgresql", "sqlite")
#: Agents of a generation with slices of one agent; more than MOST_SLICES get larger slices. The first is the
#: one that the others are compared with.
AGENTS, ROUNDS = (10, 1_000, 2_500), 3
GENERATIONS = {10: 20, 1_000: 1, 2_500: 1}  # in each round
TARGET = 1.2


def measure() -> Iterator[Line]:
    """Yield the lines of both databases."""
    for name in ARCHIVES:
        yield from lines_of("benchmarks.turns.slices", name)


def measured() -> Iterator[Line]:
    """Yield the lines of the database that Django is set up for; rounds alternate."""
    seconds: dict[int, list[float]] = {agents: [] for agents in AGENTS}
    _seconds_a_slice(AGENTS[0])
    for _ in range(ROUNDS):
        for agents in AGENTS:
            seconds[agents].append(_seconds_a_slice(agents))
    for agents in AGENTS:
        ratio = median(
            ours / few for ours, few in zip(seconds[agents], seconds[AGENTS[0]], strict=True)
        )
        yield {
            "case": "slices of one agent", "agents": agents, "slices": _slices(agents),
            "slices_a_second": round(1 / median(seconds[agents]), 1),
            "milliseconds_a_slice": round(1e3 * median(seconds[agents]), 2),
            **({} if agents == AGENTS[0] else {"ratio": round(ratio, 3), "target": TARGET,
                                               "met": ratio <= TARGET}),
        }


def _seconds_a_slice(agents: int) -> float:
    """Do a run in one turn, as a worker does; return the seconds by slices."""
    from api import intake
    from processing import runner

    generations = GENERATIONS[agents]
    run = intake.submit(
        document("slices", agents=agents, generations=generations, execution={"slice_size": 1}), None,
        announce=False,
    ).instances[0]
    started = time.perf_counter()
    runner.take_turn()
    seconds = time.perf_counter() - started
    run.refresh_from_db()
    assert run.state == "SUCCEEDED", run.failure_message or run.state
    return seconds / (generations * _slices(agents))


def _slices(agents: int) -> int:
    """Return into how many slices a generation is cut."""
    from processing.slices import MOST_SLICES

    return -(-agents // -(-agents // MOST_SLICES))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlbackend.settings")
    os.environ |= {"REDIS_URL": "memory://", "SHIFT_SECONDS": "3600", "EVALUATION_THREADS": "1"}
    import django

    django.setup()
    for line in measured():
        print(json.dumps(line), flush=True)
