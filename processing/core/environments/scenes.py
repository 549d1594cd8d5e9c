"""Descriptions of how pages draw physical environments, as JSON values.

A scene names the numbers of an observation that give the position of each body.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Scene = Mapping[str, Any]


def cart(*, track: float, position: tuple[int, float], poles: Sequence[tuple[int, float, float]]) -> Scene:
    """Return the scene of a cart on a track with poles hinged to it.

    Args:
        track: largest distance of the cart from the middle, in metres.
        position: index of the observed position, and the factor that converts it to metres.
        poles: for each pole the index of the observed angle from upright, clockwise; the factor that converts
            it to radians; and the length in metres.
    """
    return {
        "type": "cart", "track": track, "position": position,
        "poles": [{"angle": (index, factor), "length": length} for index, factor, length in poles],
    }


def links(*, cosines: Sequence[int], sines: Sequence[int], hangs: bool, goal: float | None) -> Scene:
    """Return the scene of a chain of rods of length 1 that is hinged to a fixed point.

    Args:
        cosines, sines: observation indices of the cosine and sine of each rod's angle, counter-clockwise from
            the previous rod.
        hangs: whether angle 0 of the first rod points down, else up.
        goal: height above the fixed point that the tip must reach; None for none.
    """
    return {"type": "links", "cosines": cosines, "sines": sines, "hangs": hangs, "goal": goal}


def hill(*, position: int, low: float, high: float, goal: float) -> Scene:
    """Return the scene of a car in a valley of height sin(3 x).

    Args:
        position: index of the observed position x.
        low, high: ends of the road.
        goal: position to reach.
    """
    return {"type": "hill", "position": position, "low": low, "high": high, "goal": goal}
