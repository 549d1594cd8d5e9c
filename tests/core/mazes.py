"""Builders for the core's tests: small mazes, networks and their judges, valid by default."""

import numpy as np

from processing.core.environments.maze.grid_world import GridWorld, MazeParameters, RewardParameters
from processing.core.genomes.dense import Dense, DenseParameters
from processing.core.judges.episodes import Episodes
from processing.core.parameters import STORED
from processing.core.types import Float32Array

SMALL = ("S.#..", "..#.G", ".....", ".##..", "G....")


def maze(
    rows: tuple[str, ...] = SMALL, *, max_steps: int = 40, episodes: int = 1, revisit: float = 0.0
) -> MazeParameters:
    return MazeParameters(
        type="maze", rows=rows, max_steps=max_steps, episodes=episodes,
        rewards=RewardParameters.model_validate({"revisit": revisit}, context=STORED),
    )


def random_maze(seed: int, *, goals: int, height: int = 9, width: int = 11) -> tuple[str, ...]:
    numbers = np.random.default_rng(seed)
    cells = np.where(numbers.random((height, width)) < 0.15, "#", ".")
    places = numbers.permutation(height * width)
    cells.flat[places[:goals]] = "G"
    cells.flat[places[goals]] = "S"
    return tuple("".join(row) for row in cells)


def judge(environment: MazeParameters | None = None, **network: object) -> Episodes:
    return Episodes(
        GridWorld(environment or maze()), Dense(DenseParameters(**network), inputs=24, outputs=9)  # type: ignore[arg-type]
    )


def genomes(one: Episodes, size: int = 40, *, scale: float = 1.0, seed: int = 3) -> Float32Array:
    """Random genomes whose biases are not 0."""
    drawn = one.genome.random(size, seed=seed, generation=0) * np.float32(scale)
    noise = np.random.default_rng(seed).normal(0, 0.1, drawn.shape).astype(np.float32)
    return np.asarray(drawn + noise, np.float32)
