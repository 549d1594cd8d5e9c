"""Compile what searches need, so that nobody waits for it later.

`python -m processing.core.search.warm` does so for the mazes among the examples, `warm_up` for any plan. One kernel lives the
lives of all maps, network shapes and activations, others those of the examples' networks alone; one more breeds, and one
measures diversity. All are compiled at their first call and then found on disk.
"""

import time
from typing import Any

import numpy as np

from processing.core.environments.maze.grid_world import GridWorld, MazeParameters
from processing.core.genomes.dense import Dense, DenseParameters
from processing.core.judges.episodes import Episodes
from processing.core.kernels.build import cache_folder
from processing.core.search import generation as generations
from processing.core.search.plan import Plan
from processing.core.types import Evaluations, Variation

#: Hidden layers of the examples' networks, and one shape that has no kernel of its own.
HIDDEN = ((10,), (9,), (1, 1))
#: Agents that live while a plan is warmed up.
FEW = 16


def warm() -> None:
    """The kernels are compiled, or found on disk, and in memory."""
    maze = GridWorld(MazeParameters(type="maze", rows=("S.G",), max_steps=2))
    for hidden in HIDDEN:
        kind = Dense(DenseParameters(hidden=hidden), inputs=maze.inputs, outputs=maze.outputs)
        genomes, judge = kind.random(2, seed=0, generation=0), Episodes(maze, kind)
        if len(hidden) == 1:
            judge.engine.specialise()
        judge.evaluate(genomes, seed=0, generation=0)
    variation = Variation("uniform", 1.0, "gaussian", 0.1, 0.3)
    kind.breed(genomes, np.zeros(2, np.int32), np.ones(2, np.int32), variation, seed=0, generation=1)
    kind.diversity(genomes)


def warm_up(plan: Plan) -> None:
    """What two generations of a search compile is compiled, or found on disk. A few agents live, and stand for all."""
    checkpoint = generations.begin(plan)
    for number in range(2):
        population = generations.open_generation(plan, checkpoint, seed=0)
        few = plan.judge.evaluate(
            population.genomes, seed=0, generation=number, last=min(FEW, len(population)), state=checkpoint.judge
        )
        lived = repeated(few, len(population))
        checkpoint = generations.close_generation(plan, checkpoint, population, lived, seed=0).checkpoint


def repeated(few: Evaluations, size: int) -> Evaluations:
    """As many evaluations as asked for: those of a few agents again and again, none of whom solves the task."""

    def again(column: Any) -> Any:
        return np.resize(column, (size, *column.shape[1:]))

    return Evaluations(
        again(few.fitness), again(few.steps), again(few.failures),
        solved=None if few.solved is None else np.zeros(size, np.uint8),
        behaviours=None if few.behaviours is None else again(few.behaviours),
    )


def main() -> None:
    """Warm up and say so in one line."""
    started = time.perf_counter()
    warm()
    print(f"kernels ready in {time.perf_counter() - started:.1f} s ({cache_folder()})")


if __name__ == "__main__":
    main()
