"""The environments by their names in documents (`environment.type`): one file and one line each.

Importing `reference/as_gymnasium.py` registers `GridWorld-v0` with Gymnasium; no module here imports it.
"""

from collections.abc import Mapping
from typing import Any

from processing.core.environments.double_pole.double_pole import DoublePole
from processing.core.environments.foreign.environment import Gymnasium
from processing.core.environments.maze.grid_world import GridWorld
from processing.core.environments.table import Table

ENVIRONMENTS: Mapping[str, Any] = {
    "maze": GridWorld, "double_pole": DoublePole, "gymnasium": Gymnasium, "table": Table
}
