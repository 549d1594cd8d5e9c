"""The environments by their names in documents (`environment.type`): one file and one line each."""

from processing.core.environments.double_pole.double_pole import DoublePole
from processing.core.environments.foreign.environment import Foreign
from processing.core.environments.maze.grid_world import GridWorld
from processing.core.environments.table import Table
from processing.core.problem import Environment

ENVIRONMENTS: dict[str, type[Environment]] = {
    "maze": GridWorld, "double_pole": DoublePole, "gymnasium": Foreign, "table": Table
}
