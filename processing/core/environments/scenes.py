"""How environments with bodies are drawn: which numbers of an observation say where a body is. JSON values, for pages."""

from collections.abc import Mapping, Sequence
from typing import Any

Scene = Mapping[str, Any]


def cart(*, track: float, position: tuple[int, float], poles: Sequence[tuple[int, float, float]]) -> Scene:
    """A cart on a track, with poles hinged to it.

    Args:
        track: the cart may be so far from the middle, in metres.
        position: index of the observed position, and what it is multiplied by to be in metres.
        poles: for each, the index of the observed angle from upright, clockwise; what it is multiplied by to be in radians;
            and its length in metres.
    """
    return {
        "type": "cart", "track": track, "position": position,
        "poles": [{"angle": (index, factor), "length": length} for index, factor, length in poles],
    }


def links(*, cosines: Sequence[int], sines: Sequence[int], hangs: bool, goal: float | None) -> Scene:
    """Rods of length 1, each hinged to the end of the one before, the first to a fixed point.

    Args:
        cosines, sines: indices of each rod's observed angle, counter-clockwise from the rod before.
        hangs: whether an angle of 0 of the first rod is straight down, else straight up.
        goal: height above the fixed point that the last end is to reach; None for none.
    """
    return {"type": "links", "cosines": cosines, "sines": sines, "hangs": hangs, "goal": goal}


def hill(*, position: int, low: float, high: float, goal: float) -> Scene:
    """A car in a valley of the height sin(3 x), between two ends of the road.

    Args:
        position: index of the observed position x.
        low, high: where the road ends; goal: the position to reach.
    """
    return {"type": "hill", "position": position, "low": low, "high": high, "goal": goal}
