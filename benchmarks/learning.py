"""The number of evaluations that searches need, over seeds, compared with the authors' published figures.

`python -m benchmarks.learning [case ...]`. An evaluation is one agent of one generation; a solved run has
population x (generations - 1) + index of the winner + 1 of them, as the authors count.
"""

import json
import math
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

EXAMPLES = Path(__file__).parent.parent / "examples"

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Published:
    """Figures of the authors' own program."""

    evaluations: float  # mean over its solved runs
    solved: float  # share of its runs


@dataclass(frozen=True, slots=True)
class Case:
    """One example over many seeds."""

    example: str
    seeds: int
    changes: dict[str, Any]
    published: Published | None = None


#: Source: Stanley and Miikkulainen 2002; figures of the authors' C++ v1.2.1, run again.
CASES = {
    "xor": Case("xor-neat", 100, {}, Published(5_334, 208 / 215)),
    "double-pole": Case("double-pole-neat", 100, {}, Published(3_533, 120 / 120)),
    "double-pole-without-velocities": Case(
        "double-pole-neat", 40,
        {"environment": {"type": "double_pole", "velocities": False}, "network": {"recurrent": True}},
        Published(30_398, 39 / 40),
    ),
    "acrobot": Case("acrobot-weights", 10, {}),
    "mountain-car-continuous": Case("mountaincar-continuous-cma", 10, {}),
    "lunar-lander": Case("lunarlander-neat", 3, {}),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one search ended."""

    solved: bool
    evaluations: int
    seconds: float
    nodes: float  # hidden nodes of the winner's network; NaN where networks have a fixed shape


def measure(names: Sequence[str] = ()) -> Iterator[Line]:
    """Yield one line for every case; its target is the published mean plus two standard errors of ours."""
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        for name in names or CASES:
            case = CASES[name]
            outcomes = list(pool.map(_searched, [name] * case.seeds, range(1, case.seeds + 1)))
            yield _line(name, case, outcomes)


def _line(name: str, case: Case, outcomes: list[Outcome]) -> Line:
    solved = [outcome for outcome in outcomes if outcome.solved]
    line: Line = {
        "case": name, "seeds": case.seeds, "solved": len(solved),
        "median_seconds": round(median(outcome.seconds for outcome in outcomes), 2),
    }
    if not solved:
        return line | {"met": False}
    counts = [outcome.evaluations for outcome in solved]
    spread = stdev(counts) if len(counts) > 1 else 0.0
    line |= {
        "mean_evaluations": round(mean(counts)), "standard_deviation": round(spread),
        "median_evaluations": round(median(counts)),
    }
    nodes = [outcome.nodes for outcome in solved if not math.isnan(outcome.nodes)]
    if nodes:
        line["mean_hidden_nodes"] = round(mean(nodes), 2)
    if case.published is None:
        return line | {"met": len(solved) == case.seeds}
    allowed = case.published.evaluations + 2 * spread / math.sqrt(len(counts))
    return line | {
        "published": case.published.evaluations, "target": round(allowed),
        "met": mean(counts) <= allowed
        and len(solved) / case.seeds >= min(case.published.solved, 1 - 1 / case.seeds),
    }


def _searched(name: str, seed: int) -> Outcome:
    """Run one search to its end, in a process of the pool."""
    from benchmarks import searches
    from processing.core.types import StopReason

    case = CASES[name]
    document = json.loads((EXAMPLES / f"{case.example}.json").read_text()) | case.changes
    plan, started = searches.plan(document), time.perf_counter()
    *_, closed = searches.closed_generations(plan, seed=seed)
    hidden = getattr(closed.population.genomes, "nodes", None)
    return Outcome(
        solved=closed.stop == StopReason.FITNESS_REACHED,
        evaluations=plan.population_size * closed.number + (closed.champion or 0) + 1,
        seconds=time.perf_counter() - started,
        nodes=math.nan if hidden is None or closed.champion is None else float(hidden[closed.champion]),
    )


if __name__ == "__main__":
    for line in measure(sys.argv[1:]):
        print(json.dumps({"suite": "learning", **line}), flush=True)
