"""Novelty search: agents are selected for rare behaviour, alone or together with their fitness.

An agent's novelty is the mean distance from its behaviour to those of its k nearest neighbours, among its own
generation and an archive of earlier behaviours. The environment defines the behaviour from the end values of
an episode: in the grid world it is the row and the column of the last cell. The behaviour of an agent is the
mean over its episodes. Champions, statistics and stop rules still go by the fitness. Novelty is computed when
a generation closes, in the order of the agents, so that slices and threads do not change it. Agents that
failed have no novelty, and count as no agent's neighbours.

Source: Lehman and Stanley 2011, "Abandoning Objectives: Evolution through the Search for Novelty Alone",
equation 1; the mixture with fitness: Cuccu and Gomez 2011, "When Novelty Is Not Enough".
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from collections.abc import Mapping
from enum import StrEnum
from typing import Self

import numpy as np

from processing.core.concern import Asked, Concern, ConcernKind, Part
from processing.core.criterion import Closing
from processing.core.judges.episodes import Episodes
from processing.core.judges.judge import Setting, Summary
from processing.core.kernels.build import compiled
from processing.core.kernels.pieces import ranges
from processing.core.kernels.roles import kernel
from processing.core.number_text import figure
from processing.core.parameters import Parameters, parameter
from processing.core.problem import CompiledEnvironment, Problem
from processing.core.ranking import in_unit, mean, ranked
from processing.core.rollouts.network_kind import NetworkKind
from processing.core.types import Evaluations, Float32Array, Float64Array, Int32Array, Population, State

#: The archive's threshold is multiplied by _FALL where no behaviour joined during _PATIENCE evaluations, and
#: by _RISE where more than _MANY joined at once.
_FALL, _PATIENCE, _RISE, _MANY = 0.95, 2_500, 1.2, 4


class Joining(StrEnum):
    """Which agents join the archive."""

    MOST_NOVEL = "most_novel"
    THRESHOLD = "threshold"


class ArchiveParameters(Parameters):
    """What is remembered of earlier generations."""

    joining: Joining = parameter(
        Joining.MOST_NOVEL,
        meaning="Who joins when a generation closes: the most novel agents, or all whose novelty exceeds a "
        "threshold that "
                "rises by a fifth where more than 4 join at once, and falls by a twentieth after 2,500 "
                "evaluations without any.",
        source="Lehman and Stanley 2011 (threshold)",
    )
    number: int = parameter(
        5, meaning="Most novel: so many of each generation join.", unit="agents", ge=0, le=10_000
    )
    threshold: float = parameter(
        3.0, meaning="Threshold: its value in generation 0, as a distance between behaviours.", gt=0.0, le=1e9
    )
    size: int = parameter(
        2_000, meaning="Behaviours that are kept; the oldest make room.", unit="behaviours", ge=0, le=100_000
    )


class NoveltyParameters(Parameters):
    """Selection for novel behaviour."""

    k: int = parameter(
        15, meaning="Nearest neighbours whose mean distance is an agent's novelty.", unit="neighbours", ge=1,
        le=1_000, source="Lehman and Stanley 2011",
    )
    weight: float = parameter(
        1.0, gt=0.0, le=1.0, source="Cuccu and Gomez 2011",
        meaning="1: novelty alone counts. Below: so much novelty, and the rest fitness, each scaled to 0..1 "
        "in its generation.",
    )
    archive: ArchiveParameters = parameter(
        ArchiveParameters(), meaning="What is remembered of earlier generations."
    )


#: Largest population with novelty, which compares all pairs of agents; more would take too long.
MOST_AGENTS = 50_000
#: Pairs of agents that are compared in the first piece of work.
FIRST_PAIRS = 5_000_000


NOVELTY = Setting(
    NoveltyParameters, None,
    "Select for novel behaviour, where the environment reports how agents behaved; null for fitness alone.",
)


class Novelty(Episodes):
    """The judge `novelty`: that of episodes, where the strategy is given novelty in place of the fitness.

    State: `archive` (A, D) float32, the oldest first; `threshold`; `waiting`, the evaluations since a
    behaviour joined.
    """

    settings = {"novelty": NOVELTY}

    def __init__(
        self, environment: CompiledEnvironment, genome: NetworkKind, parameters: NoveltyParameters
    ) -> None:
        super().__init__(environment, genome)
        self.parameters, self.behaviours = parameters, environment.behaviours

    @classmethod
    def of(
        cls, problem: CompiledEnvironment, genome: NetworkKind, settings: Mapping[str, Parameters]
    ) -> Self:
        """Return the judge of these settings."""
        return cls(problem, genome, NOVELTY.read(settings["novelty"]))

    @classmethod
    def is_asked_for(cls, settings: Mapping[str, Parameters]) -> bool:
        """Whether the document has the group `novelty`."""
        return "novelty" in settings

    @classmethod
    def faults(
        cls, settings: Mapping[str, Parameters | None], problem: type[Problem], asked: Asked
    ) -> list[Concern]:
        """Return why novelty cannot be looked for: no behaviours, or too many agents."""
        if settings.get("novelty") is None:
            return []
        if not problem.behaviours:
            expected = f"null, as the environment {asked.problem_type} does not tell where an agent ended"
            return [Concern(("novelty",), expected, "an object", part=Part.WHOLE)]
        population = asked.population_size
        if population > MOST_AGENTS:
            expected = f"at most {MOST_AGENTS} agents where novelty is looked for"
            return [
                Concern(
                    ("population_size",), expected, str(population), kind=ConcernKind.LIMIT_EXCEEDED,
                    part=Part.STRATEGY
                )
            ]
        return []

    def warnings(self, asked: Asked, *, has_threshold: bool) -> list[Concern]:
        """Warn of novelty mixed with fitness under a rising threshold, as mixed scores never exceed 1."""
        if self.parameters.weight == 1.0 or not has_threshold:
            return []
        expected = (
            "1, or another strategy: mixed scores never exceed 1, and a threshold that rises is soon above "
            "all of them"
        )
        return [Concern(("novelty", "weight"), expected, repr(self.parameters.weight), part=Part.WHOLE)]

    @property
    def has_state(self) -> bool:
        """True, as behaviours are compared with those in an archive of earlier generations."""
        return True

    def best_score(self, best: float | None) -> None:
        """None: novelty has no bound."""

    def begin(self) -> State:
        """The state before generation 0, with an empty archive."""
        return {
            "archive": np.zeros((0, self.behaviours), np.float32),
            "threshold": self.parameters.archive.threshold, "waiting": 0,
        }

    def closed(
        self, state: State, population: Population, evaluations: Evaluations, closing: Closing
    ) -> tuple[State, Float64Array]:
        """Close a generation.

        Returns:
            The state, with the behaviours that join the archive; and the scores that the strategy is given in
            place of the fitness, (N,) float64, NaN where an agent failed: the novelty, or its mixture with
            the fitness.
        """
        fitness, behaviours = evaluations.fitness, evaluations.behaviours
        valid = np.flatnonzero(~np.isnan(fitness)).astype(np.int32)
        assert behaviours is not None
        novelty = np.full(len(fitness), np.nan)
        novelty[valid] = novelty_of(behaviours[valid], state["archive"], self.parameters.k)
        scores, weight = novelty, self.parameters.weight
        if weight < 1:
            scores = weight * scaled(novelty) + (1 - weight) * scaled(fitness)
        return self._archived(state, behaviours, novelty), scores

    def summary(self, state: State, scores: Float64Array) -> Summary:
        """Summarise a closed generation.

        Args:
            state: the one that `closed` returned.
            scores: (N,) float64, NaN where an agent failed.
        Returns:
            Mean and largest score, None where all agents failed, and the size of the archive.
        """
        known, size = scores[~np.isnan(scores)], len(state["archive"])
        values = {
            "mean_novelty": mean(known) if len(known) else None,
            "largest_novelty": float(known.max()) if len(known) else None, "archive_size": size,
        }
        novelty = (
            f"novelty up to {figure(known.max())}, mean {figure(mean(known))}; " if len(known) else ""
        )
        return Summary(values, f"{novelty}{size} in the archive")

    def _archived(self, state: State, behaviours: Float32Array, novelty: Float64Array) -> State:
        rule, threshold, waiting = (
            self.parameters.archive, state["threshold"], state["waiting"] + len(novelty)
        )
        order: Int32Array = ranked(novelty)
        if rule.joining == Joining.MOST_NOVEL:
            joining = order[: rule.number]
        else:
            joining = np.sort(order[novelty[order] > threshold])
            if len(joining) > _MANY:
                threshold *= _RISE
            elif not len(joining) and waiting >= _PATIENCE:
                threshold, waiting = threshold * _FALL, 0
        archive = np.concatenate([state["archive"], behaviours[joining]])
        waiting = 0 if len(joining) else waiting
        return {
            "archive": archive[max(0, len(archive) - rule.size) :], "threshold": threshold, "waiting": waiting
        }


def novelty_of(behaviours: Float32Array, archive: Float32Array, k: int) -> Float64Array:
    """Return the mean distance of each behaviour from its k nearest neighbours.

    Neighbours are the other behaviours and those of the archive, all of them where there are fewer than k.
    Distances are Euclidean, in float64, and added from the nearest to the farthest.

    Args:
        behaviours: (N, D) float32; archive: (A, D) float32.
        k: number of neighbours, at least 1.
    Returns:
        (N,) float64, 0 where there are no neighbours.
    Source: Lehman and Stanley 2011, eq. 1.
    """
    novelty, nearest = np.zeros(len(behaviours)), np.zeros(k)
    points = np.concatenate([behaviours, archive]).astype(np.float64)
    for first, last in ranges(len(novelty), at_first=FIRST_PAIRS // max(1, len(points))):
        compiled(fill_novelty)(points, nearest, novelty, first, last)
    return novelty


def scaled(values: Float64Array) -> Float64Array:
    """Scale values (N,) linearly, the least to 0 and the largest to 1.

    Returns:
        (N,) float64 in [0, 1]; 0 where all values are equal, NaN where a value is NaN.
    """
    if np.isnan(values).all():
        return values
    values, _ = in_unit(values)
    low, high = np.nanmin(values), np.nanmax(values)
    found: Float64Array = (values - low) / (high - low if high > low else 1.0)
    return found


@kernel
def fill_novelty(points, nearest, novelty, first, last):
    """Fill novelty[first:last], of these of the first N of `points`.

    Args:
        points: (N + A, D) float64.
        nearest: (k,) float64, room for the least squared distances in ascending order.
        novelty: (N,) float64.
        first, last: indices from 0 to N.
    """
    for agent in range(first, last):
        found = 0
        for other in range(points.shape[0]):
            if other == agent:
                continue
            square = 0.0
            for d in range(points.shape[1]):
                away = points[agent, d] - points[other, d]
                square += away * away
            if found == nearest.size and not square < nearest[found - 1]:
                continue
            if found < nearest.size:
                found += 1
            place = found - 1
            while place > 0 and square < nearest[place - 1]:
                nearest[place] = nearest[place - 1]
                place -= 1
            nearest[place] = square
        total = 0.0
        for place in range(found):
            total += np.sqrt(nearest[place])
        novelty[agent] = total / max(found, 1)
