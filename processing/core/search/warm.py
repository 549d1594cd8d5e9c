"""Compile the kernels that searches need, so that no search waits for the compiler later.

`python -m processing.core.search.warm` does so for the mazes among the examples, `warm_up` for any plan. One
kernel evaluates all maps, network shapes and activations; others evaluate only the networks of the examples.
One more breeds, and one measures diversity. All are compiled at their first call and then found on disk.
"""

import time
from typing import Any

import numpy as np

from processing.core.environments.maze.grid_world import GridWorld, MazeParameters
from processing.core.genomes.dense import Dense, DenseParameters
from processing.core.genomes.variation import VariationParameters
from processing.core.judges.episodes import Episodes
from processing.core.kernels.build import cache_folder
from processing.core.search import generation as generations
from processing.core.search.plan import Plan
from processing.core.types import Evaluations

#: Hidden layers of the examples' networks, and one shape that has no kernel of its own.
HIDDEN = ((10,), (9,), (1, 1))
#: Agents that are evaluated while a plan is warmed up.
FEW = 16


def warm() -> None:
    """Compile the kernels of the examples' mazes, or load them from disk."""
    maze = GridWorld(MazeParameters(type="maze", rows=("S.G",), max_steps=2))
    for hidden in HIDDEN:
        kind = Dense(DenseParameters(hidden=hidden), inputs=maze.inputs, outputs=maze.outputs)
        genomes, judge = kind.random(2, seed=0, generation=0), Episodes(maze, kind)
        if len(hidden) == 1:
            judge.engine.specialise()
        judge.evaluate(genomes, seed=0, generation=0)
    mothers, fathers = np.zeros(2, np.int32), np.ones(2, np.int32)
    kind.breed(genomes, mothers, fathers, VariationParameters(), elites=0, seed=0, generation=1)
    kind.diversity(genomes)


def warm_up(plan: Plan) -> None:
    """Compile the kernels of two generations of a search, or load them.

    Only a few agents are evaluated, and none where the judge runs no kernels.
    """
    if not plan.judge.compiles:
        _warm_up_strategy(plan)
        return
    checkpoint = generations.begin(plan)
    for number in range(2):
        population = generations.open_generation(plan, checkpoint, seed=0)
        few = plan.judge.evaluate(
            population.genomes, seed=0, generation=number, last=min(FEW, len(population)),
            state=checkpoint.judge
        )
        evaluations = repeated(few, len(population))
        closed = generations.close_generation(plan, checkpoint, population, evaluations, seed=0)
        checkpoint = closed.checkpoint


def _warm_up_strategy(plan: Plan) -> None:
    """Compile the kernels that breed and measure genomes, or load them; the scores are made up."""
    state = plan.strategy.begin()
    for number in range(2):
        population = plan.strategy.ask(state, seed=0, generation=number)
        plan.genome.diversity(population.genomes)
        scores = np.arange(len(population), dtype=np.float64)
        state, _ = plan.strategy.tell(state, population, scores, generation=number)


def repeated(few: Evaluations, size: int) -> Evaluations:
    """Return `size` evaluations: those of a few agents, repeated, with no agent that solves the task."""

    def again(column: Any) -> Any:
        return np.resize(column, (size, *column.shape[1:]))

    return Evaluations(
        again(few.fitness), again(few.steps), again(few.failures),
        solved=None if few.solved is None else np.zeros(size, np.uint8),
        behaviours=None if few.behaviours is None else again(few.behaviours),
        metrics=None if few.metrics is None else again(few.metrics), metric_names=few.metric_names,
        curves=None if few.curves is None else again(few.curves), curve_names=few.curve_names,
    )


def main() -> None:
    """Warm up and print how long it took."""
    started = time.perf_counter()
    warm()
    print(f"kernels ready in {time.perf_counter() - started:.1f} s ({cache_folder()})")


if __name__ == "__main__":
    main()
