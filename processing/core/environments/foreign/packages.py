"""Packages that people know environments by, and that are not installed with this server: what they take.

Each registers its environments with Gymnasium where its module is imported, as ENVIRONMENT_MODULES asks for.
"""

import re
from typing import NamedTuple


class Package(NamedTuple):
    """Where environments with such ids come from."""

    ids: str  # a regular expression
    package: str  # as pip calls it
    module: str  # for ENVIRONMENT_MODULES


PACKAGES = (
    Package(r"ALE/.+|\w+NoFrameskip-v\d+|\w+Deterministic-v\d+|\w+-ram-v\d+", "ale-py", "ale_py"),
    Package(r"(MiniGrid|BabyAI)-.+", "minigrid", "minigrid"),
    Package(r"MiniWorld-.+", "miniworld", "miniworld"),
    Package(
        r"(Fetch|Hand|AdroitHand|FrankaKitchen|PointMaze_|AntMaze_).+",
        "gymnasium-robotics", "gymnasium_robotics",
    ),
    Package(
        r"(highway|merge|roundabout|parking|intersection|racetrack|exit|lane-keeping|two-way|u-turn)-.+",
        "highway-env", "highway_env",
    ),
    Package(r"FlappyBird-.+", "flappy-bird-gymnasium", "flappy_bird_gymnasium"),
    Package(r"popgym-.+", "popgym", "popgym"),
    Package(r"Meta-World/.+", "metaworld", "metaworld"),
    Package(r"dm_control/.+", "shimmy[dm-control]", "shimmy"),
)
#: What Gymnasium itself registers, and makes only where another package is there too, by that package's name.
EXTRAS = {"mujoco": "gymnasium[mujoco]", "jax": "gymnasium[jax]"}


def package_of(name: str) -> Package | None:
    """The package that an id is known from; None where that is not known here."""
    return next((each for each in PACKAGES if re.fullmatch(each.ids, name)), None)


def extra_words(needs: str) -> str:
    """What it takes to have environments of Gymnasium that need this package."""
    package = EXTRAS.get(needs, needs)
    return f'Whoever runs the server installs "{package}"; ENVIRONMENT_MODULES need not name it.'


def package_words(package: str, module: str) -> str:
    """What it takes to have the environments of a package."""
    return f'Whoever runs the server installs "{package}" and names "{module}" in ENVIRONMENT_MODULES.'
