"""The engine compared with C, with the readable reference and with two threads: grid world 20 x 20, 24-10-9.

`python -m benchmarks.engine`. Rates are useful environment steps per CPU second on one thread; all candidates
of a case are timed in turn, round by round, and a ratio is the median of the rounds' ratios.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.yardstick import Yardstick
from processing.core.environments.maze.grid_world import GridWorld, MazeParameters
from processing.core.genomes.dense import Dense, DenseParameters
from processing.core.judges.episodes import Episodes
from processing.core.reference.maze import replay_episode
from processing.core.types import Float32Array

ROOT = Path(__file__).parent.parent
MAX_STEPS, ROUNDS, ROUND_SECONDS = 500, 9, 0.1
SEED, GENERATION = 1, 0

#: Three goals, so that all views fit in tables. A map with so many goals that its tables are too large is
#: another case.
MAZE = (
    "....................",
    ".S......#...........",
    "........#...........",
    "....##..#....####...",
    "....##..#....#......",
    "........#....#..G...",
    "#####...#....#......",
    "........#....####...",
    "....................",
    "..####.......#......",
    "..#..........#......",
    "..#..G..#....#..####",
    "..#.....#....#......",
    "..####..#...........",
    "........#######.....",
    "....#...............",
    "....#......##.......",
    "....#......##....G..",
    "....####............",
    "....................",
)

Line = dict[str, Any]

_FRESH = """
import time; started = time.perf_counter()
import json, numpy as np
from pathlib import Path
from processing.core.environments.maze.grid_world import GridWorld, MazeParameters
from processing.core.genomes.dense import Dense, DenseParameters
from processing.core.judges.episodes import Episodes
from benchmarks.engine import MAZE as rows
maze = GridWorld(MazeParameters(type="maze", rows=tuple(rows), max_steps=500))
kind = Dense(DenseParameters(), inputs=24, outputs=9)
Episodes(maze, kind).evaluate(kind.random(1000, seed=1, generation=0), seed=1, generation=0)
print(time.perf_counter() - started)
"""


def measure() -> Iterator[Line]:
    """Yield one line for every case: the figures, the target, and whether it is met."""
    maze = GridWorld(MazeParameters(type="maze", rows=MAZE, max_steps=MAX_STEPS, goals=3))
    kind = Dense(DenseParameters(), inputs=maze.inputs, outputs=maze.outputs)
    judge = Episodes(maze, kind)
    judge.engine.specialise()
    with tempfile.TemporaryDirectory() as folder:
        yardsticks = [Yardstick(Path(folder), maze, groups=groups) for groups in (1, 2)]
        for population in (1_000, 10_000):
            for agents, genomes in _populations(judge, population):
                yield _against_c(judge, genomes, agents, yardsticks)
                if population == 1_000:
                    yield _against_reference(judge, genomes, agents)
            yield _two_threads(judge, genomes)
    yield from _start()


def _populations(judge: Episodes, size: int) -> Iterator[tuple[str, Float32Array]]:
    """Yield a random generation 0, and as many agents whose episodes all reach the step limit."""
    genomes = judge.genome.random(size, seed=SEED, generation=GENERATION)
    steps = judge.evaluate(genomes, seed=SEED, generation=GENERATION).steps
    yield "random", genomes
    yield "long-lived", np.ascontiguousarray(genomes[np.resize(np.flatnonzero(steps == MAX_STEPS), size)])


def _against_c(judge: Episodes, genomes: Float32Array, agents: str, yardsticks: list[Yardstick]) -> Line:
    ours = judge.evaluate(genomes, seed=SEED, generation=GENERATION)
    for yardstick in yardsticks:
        fitness, steps = yardstick.evaluate(genomes)
        assert np.array_equal(fitness, ours.fitness), "the yardstick's fitness differs"
        assert np.array_equal(steps, ours.steps), "the yardstick's steps differ"
    candidates: dict[str, Callable[[], Any]] = {
        "ours": lambda: judge.evaluate(genomes, seed=SEED, generation=GENERATION),
        **{f"c{one.groups}": partial(one.evaluate, genomes) for one in yardsticks},
    }
    times = _interleaved(candidates, time.process_time)
    best = min((name for name in times if name != "ours"), key=lambda name: median(times[name]))
    total = int(ours.steps.sum())
    return _line(
        "ours / C, CPU", agents, len(genomes),
        [theirs / mine for theirs, mine in zip(times[best], times["ours"], strict=True)], 0.9,
        mean_steps=round(total / len(genomes), 1), ours_million_steps_per_second=_rate(total, times["ours"]),
        c_million_steps_per_second=_rate(total, times[best]), c_lanes=16 * int(best[1:]),
    )


def _against_reference(judge: Episodes, genomes: Float32Array, agents: str) -> Line:
    sample = genomes[: 8 if agents == "long-lived" else 32]

    def readable() -> int:
        return sum(
            replay_episode(
                judge.problem.parameters, judge.genome.parameters, genome,
                seed=SEED, generation=GENERATION, agent=agent,
            ).steps
            for agent, genome in enumerate(sample)
        )

    ours = int(judge.evaluate(genomes, seed=SEED, generation=GENERATION).steps.sum())
    ratios = []
    for _ in range(3):
        started = time.process_time()
        steps = readable()
        theirs = steps / (time.process_time() - started)
        mine = ours / _seconds(
            lambda: judge.evaluate(genomes, seed=SEED, generation=GENERATION), time.process_time
        )
        ratios.append(mine / theirs)
    return _line(
        "ours / reference, CPU", agents, len(genomes), ratios, 500.0, reference_steps_per_second=round(theirs)
    )


def _two_threads(judge: Episodes, genomes: Float32Array) -> Line:
    candidates: dict[str, Callable[[], Any]] = {
        str(threads): partial(judge.evaluate, genomes, seed=SEED, generation=GENERATION, threads=threads)
        for threads in (1, 2)
    }
    times = _interleaved(candidates, time.perf_counter)
    ratios = [one / two for one, two in zip(times["1"], times["2"], strict=True)]
    return _line(
        "two threads / one, wall", "long-lived", len(genomes), ratios, 1.7 if len(genomes) < 10_000 else 1.9
    )


def _start() -> Iterator[Line]:
    """Measure a fresh process that evaluates one generation of 1,000, without and with cached kernels."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "EVOLUTION_CACHE_DIR": folder}

        def fresh() -> float:
            done = subprocess.run(
                [sys.executable, "-c", _FRESH], cwd=ROOT, env=environment, capture_output=True, text=True,
                check=True
            )
            return float(done.stdout)

        cold = fresh()
        cached = median(fresh() for _ in range(5))
    for case, seconds, limit in (("cold", cold, 8.0), ("cached", cached, 1.0)):
        yield {
            "case": f"fresh process, {case}", "seconds": round(seconds, 2), "target": limit,
            "met": seconds <= limit
        }


def _interleaved(
    candidates: dict[str, Callable[[], Any]], clock: Callable[[], float]
) -> dict[str, list[float]]:
    """Return the seconds of one call of each candidate, for each round."""
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(ROUNDS):
        for name, candidate in candidates.items():
            times[name].append(_seconds(candidate, clock))
    return times


def _seconds(call: Callable[[], Any], clock: Callable[[], float]) -> float:
    """Return the seconds of one call, from as many calls as fill ROUND_SECONDS."""
    started, calls = clock(), 0
    while calls == 0 or clock() - started < ROUND_SECONDS:
        call()
        calls += 1
    return (clock() - started) / calls


def _rate(steps: int, seconds: list[float]) -> float:
    return round(steps / median(seconds) / 1e6, 1)


def _line(case: str, agents: str, population: int, ratios: list[float], target: float, **more: Any) -> Line:
    ratio = median(ratios)
    return {
        "case": case, "agents": agents, "population": population, "ratio": round(ratio, 3), "target": target,
        "met": ratio >= target, **more,
    }


if __name__ == "__main__":
    for line in measure():
        print(json.dumps({"suite": "engine", **line}), flush=True)
