"""Checks of an environment together with the networks that act in it."""

from processing.core.concern import Concern, Part
from processing.core.problem import Environment
from processing.core.rollouts.network_kind import NetworkKind
from processing.core.value_text import shown


def acting_warnings(environment: Environment, genome: NetworkKind) -> list[Concern]:
    """Warn of episodes, aggregates and outputs that have no effect in this environment."""
    return [
        *_aggregate_warnings(environment), *_episode_warnings(environment, genome),
        *_output_warnings(environment, genome),
    ]


def _aggregate_warnings(environment: Environment) -> list[Concern]:
    if environment.aggregate == "mean" or environment.episodes > 1:
        return []
    expected = "null, as there is only one episode for each agent"
    return [Concern(("aggregate",), expected, shown(str(environment.aggregate)))]


def _episode_warnings(environment: Environment, genome: NetworkKind) -> list[Concern]:
    if environment.episodes == 1 or environment.is_random or genome.output == "softmax":
        return []
    expected = "1, as every episode is the same where neither the environment nor the actions are random"
    return [Concern(("episodes",), expected, str(environment.episodes))]


def _output_warnings(environment: Environment, genome: NetworkKind) -> list[Concern]:
    """Warn of an output that selects actions where the environment takes numbers."""
    if genome.output != "softmax" or environment.actions == "choice":
        return []
    expected = '"argmax", as this environment takes numbers, and nothing is drawn'
    return [Concern(("output",), expected, shown("softmax"), part=Part.GENOME)]
