"""Names of the observations and actions of Gymnasium's own environments, for drawings, replays and exports.

They apply where no wrapper changes the observations or actions; else `spaces.labels` names numbers by their
indices.

Source: the documentation of each environment, Gymnasium 1.4.
"""

from collections.abc import Callable, Mapping
from typing import Any

from processing.core.environments.classic import CLASSIC
from processing.core.environments.foreign.parameters import GymnasiumParameters

Names = tuple[str, ...]

_LANDER = (
    "x position", "y position", "x velocity", "y velocity", "angle", "angular velocity",
    "left leg on the ground", "right leg on the ground",
)
_ENGINES = ("do nothing", "fire left engine", "fire main engine", "fire right engine")
_THROTTLES = ("main engine", "side engines")
_JOINTS = ("hip 1", "knee 1", "hip 2", "knee 2")
_WALKER = (
    "hull angle", "hull angular velocity", "x velocity", "y velocity",
    "hip 1 angle", "hip 1 speed", "knee 1 angle", "knee 1 speed", "leg 1 on the ground",
    "hip 2 angle", "hip 2 speed", "knee 2 angle", "knee 2 speed", "leg 2 on the ground",
    *(f"distance to the ground {ray}" for ray in range(1, 11)),
)
_WHEEL, _PEDALS = ("steering", "gas", "brake"), ("do nothing", "steer right", "steer left", "gas", "brake")
_ICE = ("move left", "move down", "move right", "move up")
_CLIFF = ("move up", "move right", "move down", "move left")
_TAXI = ("move south", "move north", "move east", "move west", "pick up", "drop off")
_STOPS = ("red", "green", "yellow", "blue")


def input_names(parameters: GymnasiumParameters, inputs: int) -> Names | None:
    """Return the names of an environment's inputs; None where this module has none for so many."""
    is_kept = (
        parameters.observe is None and all(each.keeps_observations for each in parameters.wrappers or ())
    )
    return _fitting(_INPUTS, parameters, inputs) if is_kept else None


def output_names(parameters: GymnasiumParameters, outputs: int) -> Names | None:
    """Return the names of an environment's outputs; None where this module has none for so many."""
    is_kept = all(each.keeps_actions for each in parameters.wrappers or ())
    return _fitting(_OUTPUTS, parameters, outputs) if is_kept else None


def _fitting(table: Mapping[str, Any], parameters: GymnasiumParameters, number: int) -> Names | None:
    found = table.get(parameters.id)
    names: Names | None = found(parameters.kwargs) if callable(found) else found
    return names if names is not None and len(names) == number else None


def _cells(rows: int, columns: int) -> Names:
    return tuple(f"row {row}, column {column}" for row in range(rows) for column in range(columns))


def _lake(kwargs: Mapping[str, Any]) -> Names:
    if kwargs.get("desc") is not None:
        return _cells(len(kwargs["desc"]), len(kwargs["desc"][0]))
    return _cells(8, 8) if kwargs.get("map_name") == "8x8" else _cells(4, 4)


def _taxi(kwargs: Mapping[str, Any]) -> Names:
    return tuple(
        f"taxi in {cell}, passenger {where}, to {stop}"
        for cell in _cells(5, 5) for where in (*(f"at {each}" for each in _STOPS), "in the taxi")
        for stop in _STOPS
    )


def _blackjack(kwargs: Mapping[str, Any]) -> Names:
    return (
        *(f"own sum {number}" for number in range(32)), *(f"dealer's card {number}" for number in range(11)),
        "no usable ace", "usable ace",
    )


def _either(name: str, default: bool, yes: Names, no: Names) -> Callable[[Mapping[str, Any]], Names]:
    """Return a function that selects names by a boolean keyword argument."""
    return lambda kwargs: yes if kwargs.get(name, default) else no


_COMPILED = {**CLASSIC, "CartPole-v0": CLASSIC["CartPole-v1"]}
_INPUTS: dict[str, Names | Callable[[Mapping[str, Any]], Names]] = {
    **{name: tuple(one.observed) for name, one in _COMPILED.items()},
    "LunarLander-v3": _LANDER, "LunarLanderContinuous-v3": _LANDER,
    "BipedalWalker-v3": _WALKER, "BipedalWalkerHardcore-v3": _WALKER,
    "FrozenLake-v1": _lake, "FrozenLake8x8-v1": lambda kwargs: _cells(8, 8),
    "CliffWalking-v1": lambda kwargs: _cells(4, 12), "CliffWalkingSlippery-v1": lambda kwargs: _cells(4, 12),
    "Taxi-v4": _taxi, "Blackjack-v1": _blackjack,
}
_OUTPUTS: dict[str, Names | Callable[[Mapping[str, Any]], Names]] = {
    **{name: tuple(one.does) for name, one in _COMPILED.items()},
    "LunarLander-v3": _either("continuous", False, _THROTTLES, _ENGINES),
    "LunarLanderContinuous-v3": _THROTTLES, "BipedalWalker-v3": _JOINTS, "BipedalWalkerHardcore-v3": _JOINTS,
    "CarRacing-v3": _either("continuous", True, _WHEEL, _PEDALS),
    "FrozenLake-v1": _ICE, "FrozenLake8x8-v1": _ICE, "CliffWalking-v1": _CLIFF,
    "CliffWalkingSlippery-v1": _CLIFF, "Taxi-v4": _TAXI, "Blackjack-v1": ("stick", "take a card"),
}
