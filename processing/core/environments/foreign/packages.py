"""Well-known packages of environments that are not installed with this server.

Each registers its environments with Gymnasium when its module, named in ENVIRONMENT_MODULES, is imported.
"""

import re
from typing import NamedTuple


class Package(NamedTuple):
    """A package that registers environments whose ids match a pattern."""

    ids: str  # a regular expression
    package: str  # name for pip
    module: str  # name for ENVIRONMENT_MODULES


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
#: Extras of Gymnasium by the package that its own environments need.
EXTRAS = {"mujoco": "gymnasium[mujoco]", "jax": "gymnasium[jax]"}


def package_of(name: str) -> Package | None:
    """Return the package whose environments have such ids; None where no pattern matches."""
    return next((each for each in PACKAGES if re.fullmatch(each.ids, name)), None)


def extra_words(needs: str) -> str:
    """Return how to install a package that environments of Gymnasium need, as a sentence."""
    package = EXTRAS.get(needs, needs)
    return f'Whoever runs the server installs "{package}"; ENVIRONMENT_MODULES need not name it.'


def package_words(package: str, module: str) -> str:
    """Return how to install and enable a package of environments, as a sentence."""
    return f'Whoever runs the server installs "{package}" and names "{module}" in ENVIRONMENT_MODULES.'
