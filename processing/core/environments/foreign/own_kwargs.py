"""Descriptions and keyword arguments of Gymnasium's own environments and of Atari; see `kwargs.py`."""

from collections.abc import Mapping
from typing import Any

#: The module that registers Atari games, with a trailing dot.
ATARI_MODULE = "ale_py."


def _switch(meaning: str, *, default: bool = False, changes_spaces: bool = False) -> dict[str, Any]:
    return {"type": "boolean", "default": default, "meaning": meaning, "changes_spaces": changes_spaces}


def _number(meaning: str, default: float, low: float, high: float) -> dict[str, Any]:
    return {
        "type": "number", "default": default, "min": low, "max": high, "meaning": meaning,
        "changes_spaces": False
    }


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
_LAKE = {
    "map_name": {
        "type": "choice", "choices": ["4x4", "8x8"], "default": "4x4", "meaning": "Which lake.",
        "changes_spaces": True
    },
    "desc": {
        "type": "texts", "default": None, "min_length": 2, "max_length": 50, "letters": "SFHG",
        "rectangular": True, "exactly_one": "S", "at_least_one": "G", "instead_of": ["map_name"],
        "changes_spaces": True, "meaning": "A lake of one's own, row by row: S start, F ice, H hole, G goal.",
    },
}
_GOAL = {"goal_velocity": _number("Velocity that is asked for at the goal.", 0.0, 0.0, 0.07)}
_POLE = {"sutton_barto_reward": _switch("Whether a fall costs 1, and nothing else pays or costs.")}

#: Description and keyword arguments of Gymnasium's own environments, by id.
OWN: dict[str, tuple[str, dict[str, Any]]] = {
    "Acrobot-v1": ("Swing the tip of a double pendulum above a line, with a motor in its elbow.", {}),
    "BipedalWalker-v3": (
        "Walk on two legs over gentle ground.",
        {"hardcore": _switch("Whether there are stumps, steps and pits.")}
    ),
    "BipedalWalkerHardcore-v3": ("Walk on two legs over stumps, steps and pits.", {}),
    "Blackjack-v1": (
        "Take cards, but not more than 21.",
        {"natural": _switch("Whether 21 with two cards pays half more."),
         "sab": _switch(
             "Whether the rules of the book of Sutton and Barto hold; goes before natural.", default=True
         )},
    ),
    "CarRacing-v3": (
        "Drive around a track that is seen from above.",
        _CAR | {
            "continuous": _switch("Whether wheel and pedals are numbers.", default=True, changes_spaces=True)
        },
    ),
    "CartPole-v0": ("Balance a pole on a cart.", _POLE),
    "CartPole-v1": ("Balance a pole on a cart, for longer.", _POLE),
    "CliffWalking-v1": (
        "Find the short way along a cliff.",
        {"is_slippery": _switch("Whether steps sometimes lead elsewhere.")}
    ),
    "CliffWalkingSlippery-v1": ("Find a safe way along a slippery cliff.", {}),
    "FrozenLake-v1": (
        "Cross slippery ice without falling into a hole.",
        _ICE | _LAKE,
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


#: Keyword arguments of every Atari game; the registry overrides the defaults.
_ATARI: dict[str, dict[str, Any]] = {
    "obs_type": {
        "type": "choice", "choices": ["rgb", "grayscale", "ram"], "default": "rgb", "changes_spaces": True,
        "meaning": "Whether pictures are observed, or the 128 bytes of the game's memory.",
    },
    "frameskip": {
        "type": "integer", "default": 4, "min": 1, "max": 100,
        "meaning": "Frames for which an action is taken.",
        "changes_spaces": False,
    },
    "repeat_action_probability": _number(
        "Chance that the last action is taken again instead.", 0.25, 0.0, 1.0
    ),
    "full_action_space": _switch(
        "Whether there are all 18 actions, or those that do something.", changes_spaces=True
    ),
    "mode": {
        "type": "integer", "default": None, "min": 0, "max": 255,
        "meaning": "The game's mode; games have different ones.",
        "changes_spaces": False,
    },
    "difficulty": {
        "type": "integer", "default": None, "min": 0, "max": 255,
        "meaning": "The game's difficulty; games have different ones.",
        "changes_spaces": False,
    },
}


def atari_arguments(registered: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keyword arguments of an Atari game, with the defaults of its registration."""
    return {name: each | {"default": registered.get(name, each["default"])} for name, each in _ATARI.items()}
