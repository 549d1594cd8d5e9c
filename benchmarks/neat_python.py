"""Comparison with neat-python 2.0: activations, distances, generations, CartPole and two poles, in turn.

Rates are per CPU second on one core. neat-python is set up as its own XOR example is; see
`peers/scripts/neat_python.py`.
"""

import json
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import numpy as np

from benchmarks import float64
from benchmarks.activations import Batch
from benchmarks.converted import converted, kind_of
from benchmarks.peers.peer import Absent, Peer
from benchmarks.rollouts import cart_pole
from benchmarks.searches import closed_generations, generation, plan, solved
from benchmarks.timing import Line, ratio_line, seconds_of
from processing.core.genomes.graph import Activation
from processing.core.genomes.graphs import take
from processing.core.judges.episodes import Episodes
from processing.core.neat.compatibility import Measure, distances

SEED, POPULATION, GROWN, ROUNDS, SECONDS = 1, 1_000, 30, 5, 0.5
#: Genomes that all others are compared with, and samples of the batch.
OTHERS, SAMPLES = 20, 1_024
TASKS = {
    "xor": (2, 1, Activation.SIGMOID), "cartpole": (4, 2, Activation.TANH), "large": (24, 9, Activation.TANH)
}
#: Seeds of both sides, and generations after which neat-python gives up.
PEER_SEEDS, OUR_SEEDS, DOUBLE_POLE_SIZE, MOST_GENERATIONS = 5, 25, 150, 100

XOR = {
    "version": 1, "name": "XOR", "kind": "neat",
    "environment": {
        "type": "table", "inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [[0], [1], [1], [0]],
        "fitness": "squared_remainder", "criterion": "sides", "scaling": "none",
    },
    "strategy": {"type": "neat", "population_size": POPULATION}, "stop": {"max_generations": 100_000},
    "seed": SEED,
}
DOUBLE_POLE = {
    "version": 1, "name": "double pole", "kind": "neat",
    "environment": {"type": "double_pole", "velocities": True},
    "strategy": {"type": "neat", "population_size": DOUBLE_POLE_SIZE},
    "stop": {"solved": True, "max_generations": 1_000},
    "seed": SEED,
}


def measure() -> Iterator[Line]:
    """Yield one line for every case, or one line with `skipped` where neat-python cannot be installed."""
    try:
        with Peer("neat_python") as peer:
            for task in TASKS:
                yield from _same_genomes(peer, task)
            yield _generation(peer)
            yield _double_pole(peer)
    except Absent as error:
        yield {"case": "neat-python", "skipped": str(error)}


def _same_genomes(peer: Peer, task: str) -> Iterator[Line]:
    """Compare both on a population that neat-python has evolved."""
    inputs, outputs, activation = TASKS[task]
    theirs = peer.ask("evolve", task=task, size=POPULATION, generations=GROWN, seed=SEED)
    kind = kind_of(activation, inputs=inputs, outputs=outputs)
    genomes = converted(theirs["genes"], kind)
    sizes = {
        "task": task, "population": len(genomes.genes), "mean_genes": round(float(genomes.genes.mean()), 1),
        "mean_hidden_nodes": round(float(genomes.nodes.mean()), 1),
    }
    yield from _activations(peer, theirs, kind, genomes, sizes)
    yield _distances(peer, genomes, sizes)
    if task == "cartpole":
        yield _rollouts(peer, kind, genomes, sizes)


def _activations(peer: Peer, theirs: dict[str, Any], kind: Any, genomes: Any, sizes: Line) -> Iterator[Line]:
    nets, samples = _networks64(theirs), np.array(theirs["samples"])
    apart = float(np.abs(float64.answers(nets, samples) - np.array(theirs["outputs"])).max())
    size = len(genomes.genes)
    batch = Batch(kind, genomes, np.resize(samples.astype(np.float32), (SAMPLES, samples.shape[1])))
    found = batch.answers()[:, :, : len(samples)].transpose(0, 2, 1)
    apart32 = float(np.abs(found - np.array(theirs["outputs"])).max())

    def one() -> float:
        return size * len(samples) / seconds_of(lambda: float64.answers(nets, samples))

    def many() -> float:
        return size * SAMPLES / seconds_of(batch.answers)

    rates = _in_turn({"peer": lambda: peer.ask("activate", seconds=SECONDS), "one": one, "many": many})
    yield _line("activations, float64", rates, "one", 45.0, difference=apart, **sizes) | (
        {} if apart == 0.0 else {"met": False}
    )
    yield _line("activations, float32, batched", rates, "many", 500.0, difference=apart32, **sizes)


def _networks64(theirs: dict[str, Any]) -> float64.Networks:
    networks = theirs["networks"]
    nodes = [
        [
            float64.Node(
                number, name.removesuffix("_activation"), bias, response,
                [(source, weight) for source, weight in links]
            )
            for number, name, bias, response, links in network["nodes"]
        ]
        for network in networks
    ]
    return float64.networks(nodes, networks[0]["inputs"], networks[0]["outputs"])


def _distances(peer: Peer, genomes: Any, sizes: Line) -> Line:
    others, each = take(genomes, np.arange(OTHERS, dtype=np.int32)), Measure(1.0, 1.0, 0.5, False)

    def ours() -> float:
        return len(genomes.genes) * OTHERS / seconds_of(lambda: distances(genomes, others, each))

    theirs: Callable[[], float] = lambda: peer.ask("distance", others=OTHERS, seconds=SECONDS)["rate"]  # noqa: E731
    ours()
    return _line("compatibility distances", _in_turn({"peer": theirs, "ours": ours}), "ours", 90.0, **sizes)


def _rollouts(peer: Peer, kind: Any, genomes: Any, sizes: Line) -> Line:
    judge = Episodes(cart_pole(), kind)
    judge.engine.specialise()
    steps = int(judge.evaluate(genomes, seed=SEED, generation=0).steps.sum())

    def ours() -> float:
        return steps / seconds_of(lambda: judge.evaluate(genomes, seed=SEED, generation=0))

    rates = _in_turn({"peer": lambda: peer.ask("rollouts", seconds=2.0), "ours": ours})
    return _line(
        "CartPole steps", rates, "ours", 280.0, mean_steps=round(steps / len(genomes.genes), 1), **sizes
    )


def _generation(peer: Peer) -> Line:
    """Time generations of XOR with the same number: reproduction, evaluation, species, statistics."""
    theirs = peer.ask("evolve", task="xor", size=POPULATION, generations=GROWN, seed=SEED)
    xor = plan(XOR)
    for closed in closed_generations(xor, seed=SEED):
        if closed.number == GROWN:
            break

    def ours() -> float:
        return 1 / seconds_of(lambda: generation(xor, closed.checkpoint, seed=SEED))

    rates = _in_turn({"peer": lambda: 1 / peer.ask("generation", number=2), "ours": ours})
    genes = closed.population.genomes.genes.mean()
    return _line(
        "whole generations of XOR", rates, "ours", 50.0, population=POPULATION,
        ours_mean_genes=round(float(genes), 1), ours_milliseconds=round(1e3 / median(rates["ours"]), 2),
        ours_species=len(closed.snapshots), peer_species=theirs["species"],
    )


def _double_pole(peer: Peer) -> Line:
    """Compare CPU seconds until an agent balances for 100,000 steps.

    A search that gave up counts with its time.
    """
    task = plan(DOUBLE_POLE)
    solved(task, seed=SEED)
    ours = [solved(task, seed=seed) for seed in range(1, OUR_SEEDS + 1)]
    theirs = [
        peer.ask("double_pole", seed=seed, size=DOUBLE_POLE_SIZE, generations=MOST_GENERATIONS)
        for seed in range(1, PEER_SEEDS + 1)
    ]
    seconds, their_seconds = median(one.seconds for one in ours), median(one["seconds"] for one in theirs)
    return ratio_line(
        "double pole with velocities, CPU seconds", [their_seconds / seconds], 100.0,
        ours_median_seconds=round(seconds, 4),
        ours_solved=f"{sum(one.solved for one in ours)} of {OUR_SEEDS}",
        ours_median_evaluations=round(median(one.evaluations for one in ours)),
        peer_median_seconds=round(their_seconds, 2),
        peer_solved=f"{sum(one['solved'] for one in theirs)} of {PEER_SEEDS}",
        peer_median_evaluations=round(median(one["evaluations"] for one in theirs)),
        peer_gives_up_after=MOST_GENERATIONS,
    )


def _in_turn(rates: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Return the rates of each candidate, one for each round."""
    found: dict[str, list[float]] = {name: [] for name in rates}
    for _ in range(ROUNDS):
        for name, rate in rates.items():
            found[name].append(rate())
    return found


def _line(case: str, rates: dict[str, list[float]], ours: str, target: float, **more: Any) -> Line:
    ratios = [mine / theirs for mine, theirs in zip(rates[ours], rates["peer"], strict=True)]
    return ratio_line(
        f"{case}, ours / neat-python", ratios, target, ours_per_second=float(f"{median(rates[ours]):.3g}"),
        peer_per_second=float(f"{median(rates['peer']):.3g}"), **more,
    )


if __name__ == "__main__":
    for line in measure():
        print(json.dumps({"suite": "neat_python", **line}), flush=True)
