"""The grid world as a Gymnasium environment: the rules of `maze.py`, step by step.

Importing this module registers the environment as `GridWorld-v0`.
"""

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from processing.core.environments.maze.grid_world import OUTPUTS, GridWorld, MazeParameters
from processing.core.environments.maze.walk import INPUTS
from processing.core.errors import Refused
from processing.core.reference.maze import Walk
from processing.core.types import Float32Array

#: A small map for `gymnasium.make("GridWorld-v0")` without arguments.
ROWS = ("S.#..", "..#.G", ".....", ".##..", "G....")
PIXELS = 16
COLOURS = {
    ".": (238, 238, 238), "v": (205, 222, 245), "#": (60, 60, 60), "G": (46, 160, 67), "@": (31, 97, 200)
}


class GridWorldEnv(gymnasium.Env[Float32Array, np.int64]):
    """One map as an environment. It is deterministic, so that a seed changes nothing.

    Observation: (24,) float32. Action: 0..8, both as in `grid_world.py`. It terminates and truncates by the
    same rules. A move into an obstacle or over the edge ends the episode and leaves the agent where it was.

    Args:
        rows: the map as text.
        max_steps: steps after which an episode is truncated.
        parameters: map, step limit and rewards; replaces `rows` and `max_steps`.
        render_mode: "ansi" (text, @ is the agent), "rgb_array" (16 x 16 pixels per cell), or None.
    Raises:
        Refused: the map is not valid.
    """

    metadata: dict[str, Any] = {"render_modes": ["ansi", "rgb_array"], "render_fps": 8}

    def __init__(
        self, rows: Sequence[str] = ROWS, max_steps: int = 100, *, parameters: MazeParameters | None = None,
        render_mode: str | None = None,
    ) -> None:
        self.parameters = parameters or MazeParameters(type="maze", rows=tuple(rows), max_steps=max_steps)
        world = GridWorld(self.parameters)
        farthest = max(1.0, 0.1 * max(world.height, world.width))
        self.observation_space = gymnasium.spaces.Box(0.0, farthest, (INPUTS,), np.float32)
        self.action_space = gymnasium.spaces.Discrete(OUTPUTS)
        self.render_mode = render_mode
        self.walk, self.steps = Walk(self.parameters), 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Float32Array, dict[str, Any]]:
        """Start an episode; return the first observation, (24,) float32, and the agent's position."""
        super().reset(seed=seed)
        self.walk, self.steps = Walk(self.parameters), 0
        return self._observation(), self._info()

    def step(self, action: np.int64 | int) -> tuple[Float32Array, float, bool, bool, dict[str, Any]]:
        """Make one move; return observation, reward, terminated, truncated, and the agent's position.

        Raises:
            Refused: the action is not an integer from 0 to 8.
        """
        if not self.action_space.contains(action):
            raise Refused(f"action: expected a whole number from 0 to {OUTPUTS - 1}, got {action!r}")
        reward, terminated = self.walk.step(int(action))
        self.steps += 1
        truncated = not terminated and self.steps >= self.parameters.max_steps
        return self._observation(), float(reward), terminated, truncated, self._info()

    def render(self) -> str | NDArray[np.uint8] | None:
        """Return the map with the agent, as text or as (height, width, 3) uint8; None without a mode."""
        if self.render_mode == "ansi":
            return "\n".join("".join("." if cell == "v" else cell for cell in row) for row in self._cells())
        if self.render_mode == "rgb_array":
            colours = np.array([[COLOURS[cell] for cell in row] for row in self._cells()], np.uint8)
            return colours.repeat(PIXELS, axis=0).repeat(PIXELS, axis=1)
        return None

    def _cells(self) -> list[list[str]]:
        """The content of each cell: '.' open, 'v' visited, 'G' goal, '#' obstacle, '@' agent."""
        cells = [
            [self.walk.kind((i, j)) for j in range(len(row))] for i, row in enumerate(self.parameters.rows)
        ]
        for row, column in self.walk.visited:
            cells[row][column] = "v"
        row, column = self.walk.position
        cells[row][column] = "@"
        return cells

    def _observation(self) -> Float32Array:
        return self.walk.observation().astype(np.float32)

    def _info(self) -> dict[str, Any]:
        return {"position": self.walk.position}


if "GridWorld-v0" not in gymnasium.registry:
    gymnasium.register("GridWorld-v0", entry_point=f"{__name__}:GridWorldEnv")
