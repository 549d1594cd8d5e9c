"""The overhead of a step: claim to commit of a run whose evaluation takes almost no time.

Figures are medians over the rounds. Run as a program it measures the database that the environment variables
name.
"""

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from benchmarks.databases import lines_of

if TYPE_CHECKING:
    from database.models import Instance

ROUNDS, WARMING = 200, 20
TARGETS = {"postgresql": 10.0, "sqlite": 5.0}  # milliseconds

Line = dict[str, Any]


def measure() -> Iterator[Line]:
    """Yield one line for every case: the figures, the target, and whether it is met."""
    for name in TARGETS:
        yield from lines_of("benchmarks.steps", name)


def measured() -> Iterator[Line]:
    """Yield the lines of the database that Django is set up for."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from processing import runner

    run = _run()
    with _clocked() as stages:
        whole = [
            _timed(lambda: runner.work_shift(run.pk, seconds=0.0, threads=1)) for _ in range(ROUNDS + WARMING)
        ]
    with CaptureQueriesContext(connection) as queries:
        runner.work_shift(run.pk, seconds=0.0, threads=1)
    core = median(_core(run)[WARMING:])
    milliseconds, target = 1e3 * (median(whole[WARMING:]) - core), TARGETS[connection.vendor]
    yield {
        "case": "claim to commit of one generation, beside its own work",
        "milliseconds": round(milliseconds, 2), "core_milliseconds": round(1e3 * core, 2),
        "statements": len(queries),
        "parts": {name: round(1e3 * median(values[WARMING:]), 2) for name, values in stages.items()},
        "target": target, "met": milliseconds <= target,
    }


def _run() -> "Instance":
    """Submit a run of two agents whose episodes have one step."""
    from api import intake

    document = {
        "version": 1, "kind": "weight_evolution", "name": "steps", "seed": 1,
        "environment": {"type": "maze", "rows": ["S.", ".G"], "max_steps": 1}, "network": {"hidden": [1]},
        "strategy": {"type": "genetic", "population_size": 2, "parents": 1},
        "stop": {"max_generations": 10_000},
    }
    return intake.submit(document, None, announce=False).instances[0]


def _core(run: "Instance") -> list[float]:
    """Return the seconds of each generation of the bare search."""
    from processing.core.search import generation as generations
    from processing.run import Run

    plan, seconds = Run.load(run.pk, threads=1).plan, []
    checkpoint = generations.begin(plan)
    for number in range(ROUNDS + WARMING):
        started = time.perf_counter()
        population = generations.open_generation(plan, checkpoint, seed=run.seed)
        evaluations = plan.judge.evaluate(population.genomes, seed=run.seed, generation=number, threads=1)
        checkpoint = generations.close_generation(
            plan, checkpoint, population, evaluations, seed=run.seed
        ).checkpoint
        seconds.append(time.perf_counter() - started)
    return seconds


@contextlib.contextmanager
def _clocked() -> Iterator[dict[str, list[float]]]:
    """Measure the seconds of the stages of a shift, by their names."""
    from processing import claims, node, runner, shift

    stages: dict[str, list[float]] = {}
    with contextlib.ExitStack() as stack:
        for where, name in (
            (claims, "claim"), (claims, "begin"), (runner.Run, "load"), (shift.Shift, "_last_checkpoint"),
            (shift.Shift, "_evaluated"), (shift.Shift, "_write"), (shift.services, "release"),
            (node, "flush_counts"),
        ):
            stages[name.strip("_")] = []
            stack.enter_context(
                patch.object(where, name, _clock(getattr(where, name), stages[name.strip("_")]))
            )
        yield stages


def _clock(act: Callable[..., Any], seconds: list[float]) -> Callable[..., Any]:
    def clocked(*arguments: Any, **named: Any) -> Any:
        started = time.perf_counter()
        try:
            return act(*arguments, **named)
        finally:
            seconds.append(time.perf_counter() - started)

    return clocked


def _timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlbackend.settings")
    import django

    django.setup()
    for line in measured():
        print(json.dumps(line), flush=True)
