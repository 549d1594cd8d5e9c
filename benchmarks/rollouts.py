"""Rollouts in CartPole and with two poles, compared with C in the same lanes: steps per CPU second."""

import json
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.populations import grown
from benchmarks.timing import Line, interleaved, ratio_line, ratios_of
from benchmarks.yardstick import RolloutsYardstick, dense_genomes, graph_genomes
from processing.core.environments.classic import CLASSIC
from processing.core.environments.double_pole.double_pole import DoublePole, DoublePoleParameters
from processing.core.environments.foreign.parameters import GymnasiumParameters, Seeds
from processing.core.genomes.dense import Dense, DenseParameters
from processing.core.genomes.graph import Activation, Graph, GraphParameters
from processing.core.judges.episodes import Episodes
from processing.core.rollouts.kernel import rollouts_of
from processing.core.types import Purpose

SEED, POPULATION = 1, 10_000
DENSE_TARGET, GRAPH_TARGET = 0.95, 0.85


def measure() -> Iterator[Line]:
    """Yield one line for every case."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _dense(Path(folder))
        yield from _graphs(Path(folder))
        yield from _double_pole(Path(folder))


def cart_pole() -> Any:
    """Return CartPole-v1 in which every agent has an initial state of its own."""
    return CLASSIC["CartPole-v1"](GymnasiumParameters(type="gymnasium", id="CartPole-v1", seeds=Seeds.FRESH))


def dense(environment: Any) -> Dense:
    """Return the kind of dense 4-16-2 tanh networks."""
    return Dense(DenseParameters(hidden=(16,)), inputs=environment.inputs, outputs=environment.outputs)


def _dense(folder: Path) -> Iterator[Line]:
    environment = cart_pole()
    kind = dense(environment)
    macros = {"ENVIRONMENT": '"cart_pole.h"', "NETWORK": '"dense.h"', "HIDDEN": 16, "OUTPUTS": 2}
    yardsticks = _yardsticks(folder, "cart_pole_dense", macros, environment, gathers=(0,))
    general, special = Episodes(environment, kind), Episodes(environment, kind)
    special.engine.specialise()
    for agents, genomes in _populations(kind, special, kind.random(POPULATION, seed=SEED, generation=0)):
        theirs = dense_genomes(genomes)
        for name, judge in (("special", special), ("general", general)):
            yield _against(
                f"CartPole, dense 4-16-2, {name} kernel", agents, judge, genomes, theirs, yardsticks,
                DENSE_TARGET if name == "special" else None,
            )


def _graphs(folder: Path) -> Iterator[Line]:
    environment = cart_pole()
    parameters = GraphParameters(activations=(Activation.TANH,), output_activation=Activation.TANH)
    kind = Graph(parameters, inputs=environment.inputs, outputs=environment.outputs)
    macros = {
        "ENVIRONMENT": '"cart_pole.h"', "NETWORK": '"graph.h"', "OUTPUTS": 2, "PASSES": 0,
        "ACTIVATION": "tanh_of",
    }
    yardsticks = _yardsticks(folder, "cart_pole_graph", macros, environment)
    return _grown("CartPole, graphs", environment, kind, yardsticks)


def _double_pole(folder: Path) -> Iterator[Line]:
    environment = DoublePole(DoublePoleParameters(type="double_pole", max_steps=1_000))
    kind = Graph(
        GraphParameters(activations_per_step=1), inputs=environment.inputs, outputs=environment.outputs
    )
    macros = {
        "ENVIRONMENT": '"double_pole.h"', "NETWORK": '"graph.h"', "OUTPUTS": 1, "PASSES": 1,
        "ACTIVATION": "steep_sigmoid_of",
    }
    yardsticks = _yardsticks(folder, "double_pole", macros, environment)
    return _grown("double pole, graphs", environment, kind, yardsticks)


def _grown(case: str, environment: Any, kind: Graph, yardsticks: list[RolloutsYardstick]) -> Iterator[Line]:
    """Compare populations of graphs after 5 and 30 generations."""
    judge = Episodes(environment, kind)
    judge.engine.specialise()
    for generations in (5, 30):
        population = grown(kind, POPULATION, generations, seed=SEED)
        for agents, genomes in _populations(kind, judge, population):
            theirs = graph_genomes(kind.prepared(genomes))
            line = _against(case, agents, judge, genomes, theirs, yardsticks, GRAPH_TARGET)
            yield line | _sizes(genomes)


def _yardsticks(
    folder: Path, name: str, macros: dict[str, Any], environment: Any, *, gathers: tuple[int, ...] = (0, 1)
) -> list[RolloutsYardstick]:
    """Compile C with one and two groups of lanes, and with and without the gather instruction."""
    return [
        RolloutsYardstick(
            folder, f"{name}-{groups}{'-gather' * gather}", {**macros, "GROUPS": groups, "GATHER": gather},
            common=environment.has_common_episodes,
        )
        for groups in (1, 2) for gather in gathers
    ]


def _populations(kind: Any, judge: Episodes, genomes: Any) -> Iterator[tuple[str, Any]]:
    """Yield the population, and one as large of the agents with the longest episodes."""
    yield "as they are", genomes
    steps = judge.evaluate(genomes, seed=SEED, generation=0).steps
    best = np.argsort(-steps, kind="stable")[: POPULATION // 100].astype(np.int32)
    yield "long-lived", kind.take(genomes, np.resize(best, POPULATION))


def _against(
    case: str, agents: str, judge: Episodes, genomes: Any, theirs: Any, yardsticks: list[RolloutsYardstick],
    target: float | None
) -> Line:
    rollouts = rollouts_of(
        judge.problem, judge.genome, seed=SEED, generation=0, purpose=Purpose.EPISODE, first=0,
        last=POPULATION, origin=0, sampled=False,
    )
    ours = judge.evaluate(genomes, seed=SEED, generation=0)
    for yardstick in yardsticks:
        returns, steps = yardstick.evaluate(theirs, rollouts)
        assert np.array_equal(steps, ours.steps), f"{case}: the yardstick's steps differ"
        assert np.array_equal(returns, ours.fitness), f"{case}: the yardstick's returns differ"
    candidates: dict[str, Callable[[], Any]] = {
        "ours": partial(judge.evaluate, genomes, seed=SEED, generation=0)
    }
    candidates |= {one.name: partial(one.evaluate, theirs, rollouts) for one in yardsticks}
    times = interleaved(candidates)
    best = min((name for name in times if name != "ours"), key=lambda name: median(times[name]))
    total = int(ours.steps.sum())
    rates = {name: round(total / median(seconds) / 1e6, 1) for name, seconds in times.items()}
    line = ratio_line(
        f"{case}, ours / C", ratios_of(times[best], times["ours"]), target or 0.0, agents=agents,
        population=POPULATION, mean_steps=round(total / POPULATION, 1),
        ours_million_steps_per_second=rates["ours"], c_million_steps_per_second=rates[best], c=best,
    )
    return line if target else {name: value for name, value in line.items() if name not in ("target", "met")}


def _sizes(genomes: Any) -> Line:
    return {
        "mean_enabled_genes": round(float(genomes.enabled.sum() / len(genomes.genes)), 1),
        "mean_hidden_nodes": round(float(genomes.nodes.mean()), 1),
    }


if __name__ == "__main__":
    for line in measure():
        print(json.dumps({"suite": "rollouts", **line}), flush=True)
