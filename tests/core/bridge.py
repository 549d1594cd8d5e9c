"""An environment that can be broken and mended from outside: it works while the file `bridge` is in the data
folder.

The file must have been there when the module was imported too, as code that was wrong then stays wrong.
"""

import os
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

BRIDGE = Path(os.environ["DATA_FOLDER"]) / "bridge"
WAS_THERE = BRIDGE.exists()


class Bridge(gymnasium.Env[Any, Any]):
    """Ten steps; the reward of each is its action. Without the bridge no step is taken."""

    observation_space = spaces.Box(-1, 1, (2,))
    action_space = spaces.Discrete(2)
    age = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.age = 0
        return self._seen(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if not (WAS_THERE and BRIDGE.exists()):
            raise RuntimeError("the bridge\nis gone")
        self.age += 1
        return self._seen(), float(action), self.age >= 10, False, {}

    def _seen(self) -> Any:
        return self.np_random.uniform(-1, 1, 2).astype(np.float32)


gymnasium.register("Bridge-v0", entry_point=Bridge)
