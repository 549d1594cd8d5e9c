"""The table of environments: one file and one line each. Names are those of the documents' `environment.type`.

Importing `gymnasium_env` registers `GridWorld-v0` with Gymnasium; nothing else here imports that.
"""

from collections.abc import Mapping
from typing import Any

from processing.core.environments.double_pole import DoublePole
from processing.core.environments.foreign.environment import Gymnasium
from processing.core.environments.grid_world import GridWorld
from processing.core.environments.table import Table

ENVIRONMENTS: Mapping[str, Any] = {"maze": GridWorld, "double_pole": DoublePole, "gymnasium": Gymnasium, "table": Table}
