"""The part of a document that describes a Gymnasium environment."""

from enum import StrEnum
from typing import Any, Literal

from processing.core.environments.foreign.wrappers import MOST_WRAPPERS, AnyWrapper, Part
from processing.core.parameters import Parameters, parameter


class Seeds(StrEnum):
    """Which episodes the agents of a generation meet."""

    COMMON = "common"
    FRESH = "fresh"


class Aggregate(StrEnum):
    """What the returns of an agent's episodes come to."""

    MEAN = "mean"
    WORST = "worst"
    MEDIAN = "median"


class GymnasiumParameters(Parameters):
    """An environment of Gymnasium, by its registered id."""

    type: Literal["gymnasium"] = parameter(meaning="An environment of Gymnasium.")
    id: str = parameter(
        meaning='Its registered id, as "Acrobot-v1".', unit="characters", min_length=1, max_length=100,
        source="https://gymnasium.farama.org",
    )
    max_steps: int | None = parameter(
        None, meaning="Steps after which an episode is cut off; null for what is registered, or 1,000 where "
        "nothing is.",
        unit="steps", ge=1, le=1_000_000,
    )
    episodes: int = parameter(
        1, meaning="Episodes per agent; its fitness is their mean, or what `aggregate` says.",
        unit="episodes", ge=1, le=1_000
    )
    seeds: Seeds = parameter(
        Seeds.COMMON,
        meaning="Whether all agents of a generation meet the same episodes, or each its own; every "
        "generation has new ones.",
    )
    kwargs: dict[str, Any] = parameter(
        {}, meaning="Its keyword arguments; the catalogue says which ones an environment takes.",
        max_length=50
    )
    normalize_observations: bool = parameter(
        False,
        meaning="Whether observations are shifted and scaled to mean 0 and variance 1, as measured in the "
        "generations before.",
        source="Mania et al. 2018, algorithm 2 (V2); there also within a generation",
    )
    wrappers: tuple[AnyWrapper, ...] | None = parameter(
        None, meaning="Wrappers around it, the first innermost; null for none.", unit="wrappers",
        max_length=MOST_WRAPPERS, source="https://gymnasium.farama.org/api/wrappers",
    )
    observe: tuple[Part, ...] | None = parameter(
        None,
        meaning="Which parts of an observation networks get, by name (of a Tuple \"0\", \"1\", …); where "
        "left out, those that networks can take.",
        unit="parts", min_length=1, max_length=1_000,
    )
    aggregate: Aggregate | None = parameter(
        None,
        meaning="Which of the returns of an agent's episodes is its fitness; null for their mean. Fresh "
        "episodes that confirm a champion always count by their mean.",
    )
    minimise: bool | None = parameter(
        None, meaning="Whether returns are costs: the fitness is then the negative return, and the least "
        "return is the best.",
    )
    timeout_seconds: float = parameter(
        60.0,
        meaning="An environment that does not answer for so long ends its agent; not reproducible then, as a "
        "clock decided.",
        unit="seconds", ge=1.0, le=3_600.0,
    )
