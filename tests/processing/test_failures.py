"""What a run that died out says of its agents' failures, and of what may be done."""

from dataclasses import replace

import numpy as np
import pytest

from processing.core.search import generation as generations
from processing.core.search.generation import GenerationResult
from processing.failures import with_reasons
from tests.core.searches import evaluations_of, search


def died_out(*reasons: str) -> GenerationResult:
    """A first generation of four agents that all failed, the first ones for these reasons."""
    plan = search(strategy={"type": "genetic", "population_size": 4, "parents": 2})
    start = generations.begin(plan)
    evaluations = replace(evaluations_of(np.full(4, np.nan)), reasons=tuple(enumerate(reasons)))
    population = generations.open_generation(plan, start, seed=1)
    return generations.close_generation(plan, start, population, evaluations, seed=1)


@pytest.mark.parametrize(("reasons", "told"), [
    (("no\n  bridge",) * 4, "All failed for this reason: no bridge."),
    (("no bridge.", "fog", "no bridge."), "2 of 4 failed for this reason: no bridge."),
    ((), "All failed for this reason: its fitness is not a finite number."),
])
def test_the_commonest_reason_is_told_in_one_line(reasons: tuple[str, ...], told: str) -> None:
    explanation = with_reasons(died_out(*reasons), max_generations=8, noun="environment").explanation
    assert explanation is not None
    assert explanation["message"] == f"No agent of the last generation has a fitness. {told}"


@pytest.mark.parametrize(("reasons", "generations", "advice"), [
    (("fog",), 2, "Once the environment is mended, the run may be resumed"),
    (("fog",), 1, "the run cannot be resumed: once the environment is mended"),
    ((), 2, "check the rewards. The run may be resumed"),
    ((), 1, "No generation is left, so the run cannot be resumed."),
])
def test_whether_the_run_may_be_resumed_depends_on_the_generations_left(
    reasons: tuple[str, ...], generations: int, advice: str
) -> None:
    closed = died_out(*reasons)
    explanation = with_reasons(closed, max_generations=generations, noun="environment").explanation
    assert explanation is not None
    assert advice in explanation["advice"]


def test_a_run_that_goes_on_says_nothing() -> None:
    closed = replace(died_out("fog"), stop=None, explanation=None)
    assert with_reasons(closed, max_generations=8, noun="environment") is closed
