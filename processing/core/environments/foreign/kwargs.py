"""Which keyword arguments environments take, and whether given ones are right.

A keyword argument is told by an object: `type` ("boolean", "integer", "number" or "choice"), `default`, `meaning`, `min`
and `max` for numbers, `choices`, and `changes_spaces`. Operators say the same of their own environments in a
dictionary KWARGS of their module, by id and name; what is not told there is not taken.
"""

import difflib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

Argument = Mapping[str, Any]

#: What `gymnasium.make` takes besides, and documents say elsewhere.
ELSEWHERE = {"max_episode_steps": "Steps are limited by `environment.max_steps`."}


class Wrong(NamedTuple):
    """One thing that is wrong with keyword arguments."""

    name: str
    is_unknown: bool
    is_out_of_range: bool
    expected: str
    hint: str | None


def _switch(meaning: str, *, default: bool = False, changes_spaces: bool = False) -> dict[str, Any]:
    return {"type": "boolean", "default": default, "meaning": meaning, "changes_spaces": changes_spaces}


def _number(meaning: str, default: float, low: float, high: float) -> dict[str, Any]:
    return {"type": "number", "default": default, "min": low, "max": high, "meaning": meaning, "changes_spaces": False}


_LANDER = {
    "gravity": _number("Gravity; the moon's and more.", -10.0, -11.99, -0.01),
    "enable_wind": _switch("Whether wind blows."),
    "wind_power": _number("The most that wind pushes.", 15.0, 0.0, 20.0),
    "turbulence_power": _number("The most that wind turns.", 1.5, 0.0, 2.0),
}
_CAR = {
    "lap_complete_percent": _number("Part of the tiles that makes a lap.", 0.95, 0.0, 1.0),
    "domain_randomize": _switch("Whether every episode has its own colours."),
}
_ICE = {
    "is_slippery": _switch("Whether the ice sometimes leads elsewhere.", default=True),
    "success_rate": _number("Chance of going where one wants to on slippery ice.", 1 / 3, 0.0, 1.0),
}
_GOAL = {"goal_velocity": _number("Velocity that is asked for at the goal.", 0.0, 0.0, 0.07)}
_POLE = {"sutton_barto_reward": _switch("Whether a fall costs 1, and nothing else pays or costs.")}

#: Of Gymnasium's own environments: what they are, and the keyword arguments that they take.
OWN: dict[str, tuple[str, dict[str, Any]]] = {
    "Acrobot-v1": ("Swing the tip of a double pendulum above a line, with a motor in its elbow.", {}),
    "BipedalWalker-v3": (
        "Walk on two legs over gentle ground.", {"hardcore": _switch("Whether there are stumps, steps and pits.")}
    ),
    "BipedalWalkerHardcore-v3": ("Walk on two legs over stumps, steps and pits.", {}),
    "Blackjack-v1": (
        "Take cards, but not more than 21.",
        {"natural": _switch("Whether 21 with two cards pays half more."),
         "sab": _switch("Whether the rules of the book of Sutton and Barto hold; goes before natural.", default=True)},
    ),
    "CarRacing-v3": (
        "Drive around a track that is seen from above.",
        _CAR | {"continuous": _switch("Whether wheel and pedals are numbers.", default=True, changes_spaces=True)},
    ),
    "CartPole-v0": ("Balance a pole on a cart.", _POLE),
    "CartPole-v1": ("Balance a pole on a cart, for longer.", _POLE),
    "CliffWalking-v1": (
        "Find the short way along a cliff.", {"is_slippery": _switch("Whether steps sometimes lead elsewhere.")}
    ),
    "CliffWalkingSlippery-v1": ("Find a safe way along a slippery cliff.", {}),
    "FrozenLake-v1": (
        "Cross slippery ice without falling into a hole.",
        _ICE | {"map_name": {"type": "choice", "choices": ["4x4", "8x8"], "default": "4x4", "meaning": "Which lake.",
                             "changes_spaces": True}},
    ),
    "FrozenLake8x8-v1": ("Cross a larger lake without falling into a hole.", _ICE),
    "LunarLander-v3": (
        "Land between two flags with little fuel.",
        _LANDER | {"continuous": _switch("Whether engines take numbers.", changes_spaces=True)},
    ),
    "LunarLanderContinuous-v3": ("Land between two flags with little fuel; engines take numbers.", _LANDER),
    "MountainCar-v0": ("Swing a weak car up a hill.", _GOAL),
    "MountainCarContinuous-v0": ("Swing a weak car up a hill; its force is a number.", _GOAL),
    "Pendulum-v1": ("Swing a pendulum up and hold it there.", {"g": _number("Gravity.", 10.0, 0.0, 100.0)}),
    "Taxi-v4": (
        "Fetch a passenger and bring it where it wants to go.",
        {"is_rainy": _switch("Whether steps sometimes lead elsewhere."),
         "fickle_passenger": _switch("Whether the passenger may change its mind.")},
    ),
}


def wrong(
    arguments: Mapping[str, Argument], given: Mapping[str, Any], *, undeclared: Sequence[str] = ()
) -> Iterator[Wrong]:
    """Everything that is wrong with keyword arguments.

    Args:
        undeclared: what an operator's environment takes, and its module does not tell in KWARGS.
    """
    for name, value in given.items():
        argument = arguments.get(name)
        if argument is None:
            expected, hint = _expected(arguments, undeclared), _hint(name, arguments, undeclared)
            yield Wrong(name, True, False, expected, hint)
        elif not _has_type(argument, value):
            yield Wrong(name, False, False, words_of(argument), None)
        elif not _is_within(argument, value):
            yield Wrong(name, False, True, words_of(argument), None)


def _expected(arguments: Mapping[str, Argument], undeclared: Sequence[str]) -> str:
    if arguments:
        return f"one of {', '.join(arguments)}"
    if undeclared:
        return "no keyword arguments, as no module declares those of this environment in KWARGS"
    return "no keyword arguments, as this environment takes none"


def _hint(name: str, arguments: Mapping[str, Argument], undeclared: Sequence[str]) -> str | None:
    if name in ELSEWHERE:
        return ELSEWHERE[name]
    if name in undeclared:
        return (
            f'The environment takes "{name}", but no module declares it: whoever runs the server adds it to '
            "KWARGS of a module that ENVIRONMENT_MODULES names, with type, limits, default and meaning."
        )
    meant = difflib.get_close_matches(name.casefold()[:60], [*arguments, *undeclared], n=1)
    return f'Did you mean "{meant[0]}"?' if meant else None


def completed_kwargs(arguments: Mapping[str, Argument], given: Mapping[str, Any]) -> dict[str, Any]:
    """Right keyword arguments with the defaults of those left out, every number as one with a fraction.

    A default that is not told, or that would not be taken itself, stays left out.
    """
    defaults = {name: each["default"] for name, each in arguments.items()}
    told = {name: value for name, value in defaults.items() if not any(wrong(arguments, {name: value}))}
    return {name: float(value) if arguments[name]["type"] == "number" else value for name, value in (told | dict(given)).items()}


def _has_type(argument: Argument, value: Any) -> bool:
    match argument["type"]:
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
    return any(type(value) is type(choice) for choice in argument["choices"])


def _is_within(argument: Argument, value: Any) -> bool:
    if argument["type"] == "choice":
        return value in argument["choices"]
    low, high = argument.get("min", -math.inf), argument.get("max", math.inf)
    return argument["type"] == "boolean" or bool(low <= value <= high)


def words_of(argument: Argument) -> str:
    """What an argument takes."""
    match argument["type"]:
        case "boolean":
            return "true or false"
        case "choice":
            return f"one of {', '.join(json.dumps(choice) for choice in argument['choices'])}"
    low, high = argument.get("min"), argument.get("max")
    limits = f" from {low:g} to {high:g}" if low is not None and high is not None else ""
    return f"a {'whole number' if argument['type'] == 'integer' else 'number'}{limits}"
