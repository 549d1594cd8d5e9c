"""Environments of an operator that draw pictures, or fail to. Named in ENVIRONMENT_MODULES."""

from typing import Any

import gymnasium
import numpy as np

from tests.core.strange_worlds import World


class Drawn(World):
    """A picture of how old it is."""

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 12}
    size = (20, 60, 3)

    def __init__(self, render_mode: str | None = None) -> None:
        super().__init__()
        self.render_mode = render_mode

    def render(self) -> Any:
        picture = np.zeros(self.size, np.uint8)
        picture[:, : 6 * self.age] = 255
        return picture


class Large(Drawn):
    """Its pictures are larger than anybody keeps them."""

    size = (1_000, 500, 3)


class Long(Drawn):
    """It never ends by itself."""

    def step(self, action: Any) -> Any:
        seen, reward, _, _, told = super().step(action)
        return seen, reward, False, False, told


class Noisy(Long):
    """Its pictures are all different and take much room."""

    size = (400, 400, 3)

    def render(self) -> Any:
        return np.random.default_rng(self.age).integers(0, 256, self.size, np.uint8)


class Swayed(Drawn):
    """Whoever looks changes what happens."""

    def step(self, action: Any) -> Any:
        seen, reward, *rest = super().step(action)
        return seen, reward + (self.render_mode is not None), *rest


class Unready(Drawn):
    """What it draws with is not there."""

    def render(self) -> Any:
        raise ImportError("no brush is installed")


class Shapeless(Drawn):
    """What it draws is no picture."""

    def render(self) -> Any:
        return np.zeros(7)


for _kind in (Drawn, Large, Long, Noisy, Swayed, Unready, Shapeless):
    gymnasium.register(f"{_kind.__name__}-v0", entry_point=_kind)
