"""CartPole compared with evosax and gymnax (JAX) and EvoTorch: the same 1,000 networks 4-16-2, 500 steps.

JAX, on the CPU, runs every episode to the step limit: `run` counts all its steps, `useful` those until a pole
has fallen. Our steps and EvoTorch's are all useful. Rates are per CPU second. The time to the first result is
that of a fresh process, imports and compilation included.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.peers.peer import Absent, Peer
from benchmarks.rollouts import cart_pole, dense
from benchmarks.timing import Line, ratio_line, seconds_of
from processing.core.judges.episodes import Episodes
from processing.core.types import Float32Array

ROOT = Path(__file__).parent.parent
SEED, POPULATION, STEPS, ROUNDS, SECONDS = 1, 1_000, 500, 5, 2.0
PEERS = {"evosax": "evosax + gymnax", "evotorch": "EvoTorch"}

_FRESH = """
import time; started = time.perf_counter()
from benchmarks.rollouts import cart_pole, dense
from processing.core.judges.episodes import Episodes
environment = cart_pole()
kind = dense(environment)
Episodes(environment, kind).evaluate(kind.random(1000, seed=1, generation=0), seed=1, generation=0)
print(time.perf_counter() - started)
"""


def measure() -> Iterator[Line]:
    """Yield one line for every case; a peer that cannot be installed is `skipped`."""
    environment = cart_pole()
    kind = dense(environment)
    judge = Episodes(environment, kind)
    judge.engine.specialise()
    genomes = kind.random(POPULATION, seed=SEED, generation=0)
    fresh = _fresh()
    for name in PEERS:
        try:
            with Peer(name) as peer:
                prepared = peer.ask("prepare", layers=_layers(kind, genomes), steps=STEPS)
                yield from _rates(peer, judge, genomes, prepared["useful"])
                yield _first(name, peer.start_seconds + prepared["seconds"], fresh)
        except Absent as error:
            yield {"case": PEERS[name], "skipped": str(error)}


def _layers(kind: Any, genomes: Float32Array) -> list[list[Any]]:
    """Return the weights (agents, inputs, outputs) and biases (agents, outputs) of each layer, as lists."""
    agents = [kind.layers(genome) for genome in genomes]
    return [
        [np.stack([agent[layer][which] for agent in agents]).tolist() for which in (0, 1)]
        for layer in range(len(agents[0]))
    ]


def _rates(peer: Peer, judge: Episodes, genomes: Float32Array, useful: float) -> Iterator[Line]:
    steps = int(judge.evaluate(genomes, seed=SEED, generation=0).steps.sum())
    ours, theirs = [], []
    for _ in range(ROUNDS):
        theirs.append(peer.ask("generation", seconds=SECONDS))
        ours.append(steps / seconds_of(lambda: judge.evaluate(genomes, seed=SEED, generation=0)))
    for what, target in (("run", 12.0), ("useful", 80.0)):
        yield ratio_line(
            f"{what} steps per CPU second, ours / {PEERS[peer.name]}",
            [mine / their[what] for mine, their in zip(ours, theirs, strict=True)], target,
            population=POPULATION, ours_million_per_second=round(median(ours) / 1e6, 1),
            peer_million_per_second=float(f"{median(their[what] for their in theirs) / 1e6:.3g}"),
            ours_mean_steps=round(steps / POPULATION, 1), peer_mean_steps=round(useful / POPULATION, 1),
        )


def _first(name: str, theirs: float, ours: tuple[float, float]) -> Line:
    cached, cold = ours
    return ratio_line(
        f"seconds to the first result of a fresh process, {PEERS[name]} / ours", [theirs / cached], 10.0,
        ours_seconds=round(cached, 2), ours_seconds_without_cached_kernels=round(cold, 2),
        peer_seconds=round(theirs, 2),
    )


def _fresh() -> tuple[float, float]:
    """Return the wall seconds of our first generation in a fresh process, with cached kernels and without."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "EVOLUTION_CACHE_DIR": folder}

        def seconds() -> float:
            done = subprocess.run(
                [sys.executable, "-c", _FRESH], cwd=ROOT, env=environment, capture_output=True, text=True,
                check=True
            )
            return float(done.stdout)

        cold = seconds()
        return median(seconds() for _ in range(5)), cold


if __name__ == "__main__":
    for line in measure():
        print(json.dumps({"suite": "cart_pole", **line}), flush=True)
