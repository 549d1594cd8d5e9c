"""The table of environments: one file and one line each. Names are those of the documents' `environment.type`.

Importing this room also registers `GridWorld-v0` with Gymnasium.
"""

import gymnasium

from processing.core.environments.grid_world import GridWorld

ENVIRONMENTS = {"maze": GridWorld}

if "GridWorld-v0" not in gymnasium.registry:
    gymnasium.register("GridWorld-v0", entry_point="processing.core.environments.gymnasium_env:GridWorldEnv")
