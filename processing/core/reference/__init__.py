"""Environments written again in plain Python: readable twins of what kernels do.

`REFERENCES` has the function that replays an episode, by the classes of the environment and the genome kind.
Importing `as_gymnasium.py` registers `GridWorld-v0` with Gymnasium; no module here imports it.
"""

from collections.abc import Callable, Mapping

from processing.core.environments.maze.grid_world import GridWorld
from processing.core.genomes.dense import Dense
from processing.core.reference.maze import replay_episode
from processing.core.types import Trajectory

REFERENCES: Mapping[tuple[type, type], Callable[..., Trajectory]] = {(GridWorld, Dense): replay_episode}
