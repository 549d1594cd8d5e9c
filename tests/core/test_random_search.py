"""Random search: what it draws, and when it dies out."""

from typing import Any

import numpy as np
import pytest

from processing.core.kinds import KINDS
from processing.core.search import generation as generations
from processing.core.search.generation import GenerationResult
from processing.core.strategies import failures
from processing.core.types import NO_PARENT, StopReason
from tests.contracts.cases import problem_for
from tests.core.searches import evaluations_of, search

SEED = 3


def ran(
    scores: list[list[float]], *, limit: int = 1_000, kind: str = "weight_evolution"
) -> list[GenerationResult]:
    """Generations with these scores, NaN for agents that failed, until the search ends."""
    plan = search(
        strategy={"type": "random_search", "population_size": len(scores[0])}, kind=kind,
        stop={"max_generations": limit}, problem=problem_for(kind),
    )
    checkpoint, closed = generations.begin(plan), []
    for fitness in scores:
        population = generations.open_generation(plan, checkpoint, seed=SEED)
        closed.append(generations.close_generation(
            plan, checkpoint, population, evaluations_of(np.array(fitness)), seed=SEED
        ))
        checkpoint = closed[-1].checkpoint
        if closed[-1].stop is not None:
            break
    return closed


@pytest.mark.parametrize("kind", KINDS)
def test_agents_of_every_kind_are_drawn_anew_in_each_generation(kind: str) -> None:
    first, second = ran([[1.0] * 5] * 2, kind=kind)
    assert len({first.genomes, second.genomes}) == 2
    assert set(second.population.mothers.tolist()) == {NO_PARENT}


@pytest.mark.parametrize(("scores", "stop"), [
    ([[np.nan]] * 19 + [[1.0]], None),
    ([[np.nan]] * 20, 20),
    ([[np.nan] * 7] * 3, 3),
    ([[np.nan] * 300], 1),
    ([[1.0]] + [[np.nan]] * 99 + [[1.0]], None),
    ([[1.0]] + [[np.nan]] * 100, 101),
    ([[1.0] + [np.nan] * 149] * 4, None),
    ([[1.0] + [np.nan] * 49] + [[np.nan] * 50] * 2, 3),
])
def test_a_search_dies_out_where_its_first_twenty_or_its_last_hundred_agents_failed(
    scores: list[list[float]], stop: int | None
) -> None:
    closed = ran(scores)
    assert [each.stop for each in closed[:-1]] == [None] * (len(closed) - 1)
    assert closed[-1].stop == (None if stop is None else StopReason.EXTINCTION)
    assert len(closed) == (stop or len(scores))


@pytest.mark.parametrize(("scores", "reason"), [
    ([[1.0]] * 4 + [[np.nan]], StopReason.GENERATION_LIMIT), ([[np.nan]] * 5, StopReason.EXTINCTION),
    ([[np.nan]] * 4 + [[1.0]], StopReason.GENERATION_LIMIT),
])
def test_one_failed_agent_at_the_end_is_no_failed_search(scores: list[Any], reason: StopReason) -> None:
    last = ran(scores, limit=5)[-1]
    assert last.stop == reason
    assert last.explanation is not None
    assert last.explanation["led_to"].get("ended_by") == (
        "GENERATION_LIMIT" if reason == StopReason.EXTINCTION else None
    )


def test_failures_in_a_row_are_counted_over_generations() -> None:
    state: Any = failures.none()
    for scores, in_a_row in (([np.nan, 1.0, np.nan], 1), ([np.nan, np.nan], 3), ([1.0], 0)):
        state = failures.counted(state, np.array(scores))
        assert state["failed_in_a_row"] == in_a_row
    assert state["evaluated"] == 6
