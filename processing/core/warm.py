"""Compile what the mazes among the examples need, so that nobody waits for it later: `python -m processing.core.warm`.

One kernel lives the lives of every map, network shape and activation, others those of the examples' networks alone; one
more breeds, and one measures diversity. All are compiled at their first call and then found on disk.
"""

import time

import numpy as np

from processing.core.build import cache_folder
from processing.core.environments.grid_world import GridWorld, MazeParameters
from processing.core.genomes.dense import Dense, DenseParameters
from processing.core.judges.episodes import Episodes
from processing.core.types import Variation

#: Hidden layers of the examples' networks, and one shape that has no kernel of its own.
HIDDEN = ((10,), (9,), (1, 1))


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


def main() -> None:
    """Warm up and say so in one line."""
    started = time.perf_counter()
    warm()
    print(f"kernels ready in {time.perf_counter() - started:.1f} s ({cache_folder()})")


if __name__ == "__main__":
    main()
