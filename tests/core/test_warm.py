"""What `compile` and `warm` leave behind: searches that wait for no compiler."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import searches
from processing.core.kernels import build
from processing.core.search.warm import repeated, warm_up
from processing.core.types import Evaluations

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


@pytest.mark.parametrize("name", ["xor-neat", "mountaincar-continuous-cma", "frozenlake-weights", "maze-5x5"])
def test_a_search_that_was_warmed_up_compiles_nothing(name: str) -> None:
    plan = searches.plan(json.loads((EXAMPLES / f"{name}.json").read_text()))
    warm_up(plan)
    passes: list[bool] = []
    with build.while_compiling(lambda: passes.append(True)):
        for closed in searches.closed_generations(plan, seed=1):
            if closed.number == 2:
                break
    assert not passes


def test_a_few_agents_stand_for_all_and_nobody_has_solved_the_task() -> None:
    few = Evaluations(
        np.array([1.0, 2.0]), np.array([3, 4], np.int32), np.zeros(2, np.uint8), np.ones(2, np.uint8)
    )
    many = repeated(few, 5)
    assert many.fitness.tolist() == [1.0, 2.0, 1.0, 2.0, 1.0]
    assert many.solved is not None
    assert not many.solved.any()
