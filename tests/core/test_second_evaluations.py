"""Some agents are evaluated twice, in another process: environments that depend on more than their seed are
found out.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from processing.core.judges import second_evaluations
from processing.core.judges.second_evaluations import chosen
from processing.core.search.plan import Plan
from processing.core.steppers.pool import pool
from processing.core.types import Evaluations, RemarkKind
from tests.cases.foreign import MODULE, case_plan
from tests.core import foreign
from tests.core.beats import over_after


@pytest.fixture(autouse=True)
def _modules(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ENVIRONMENT_MODULES", MODULE)
    monkeypatch.setenv("CASES_FILE", str(tmp_path / "count"))


def evaluated(
    name: str, *, twice: tuple[int, ...] = (), threads: int = 1, plan: Plan | None = None, number: int = 20,
    **where: Any
) -> Evaluations:
    """The evaluations of some agents, of which those in `twice` are evaluated twice."""
    plan = plan or case_plan(name, episodes=2)
    genomes = plan.genome.random(number, seed=4, generation=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(second_evaluations, "chosen", lambda **_: list(twice))
        return plan.judge.evaluate(
            genomes, seed=4, generation=0, threads=threads, population=number, **where
        )


@pytest.mark.parametrize("name", ["Counter", "Clock", "File"])
def test_state_in_a_module_the_time_and_files_are_found_out(name: str) -> None:
    pool().close()  # the file's name is another one in every test
    remarks = evaluated(name, twice=(7, 12)).remarks
    remark = next(each for each in remarks if each.what == RemarkKind.DIFFERENCE)
    assert remark.agent == 7
    assert remark.sentence.startswith("episode 0 gave a return of ")
    assert " steps first, then a return of " in remark.sentence


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("name", ["OwnRandom", "GlobalRandom", "NanObservation", "Raises"])
def test_what_depends_on_its_seed_alone_ends_the_same_and_counts_once(name: str, threads: int) -> None:
    once, twice = evaluated(name, threads=threads), evaluated(name, twice=(3, 7, 12), threads=threads)
    assert not any(each.what == RemarkKind.DIFFERENCE for each in twice.remarks)
    assert np.array_equal(once.fitness, twice.fitness, equal_nan=True)
    assert np.array_equal(once.steps, twice.steps)
    assert once.reasons == twice.reasons


def test_the_second_time_is_in_another_process() -> None:
    pool().close()
    evaluated("OwnRandom")
    assert len(pool().all) == 1
    evaluated("OwnRandom", twice=(1, 4))
    assert len(pool().all) == 2


def test_agents_are_chosen_by_their_address_however_a_generation_is_cut() -> None:
    for generation in (0, 3):
        where = {"seed": 9, "generation": generation, "population": 1_000}
        whole = chosen(origin=0, number=1_000, **where)
        parts = [
            origin + index for origin in range(0, 1_000, 40)
            for index in chosen(origin=origin, number=40, **where)
        ]
        assert whole == parts
    assert chosen(seed=9, generation=3, origin=0, number=1_000, population=1_000) != chosen(
        seed=10, generation=3, origin=0, number=1_000, population=1_000
    )


@pytest.mark.parametrize("population", [1, 2, 10, 150, 1_000])
def test_at_least_one_of_generation_0_and_few_of_all_are_evaluated_twice(population: int) -> None:
    for seed in range(50):
        assert chosen(seed=seed, generation=0, origin=0, number=population, population=population)
    number = sum(
        len(chosen(seed=1, generation=generation, origin=0, number=population, population=population))
        for generation in range(max(2, 20_000 // population))
    )
    assert number <= 0.02 * 20_000


def test_an_agent_that_a_clock_ended_is_not_evaluated_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT_MODULES", foreign.MODULE)
    plan = foreign.foreign_plan("Hanging-v0", timeout_seconds=1.0)
    found = evaluated("Hanging-v0", plan=plan, number=4, twice=(0, 1, 2, 3))
    assert found.failures.any()
    assert found.remarks == ()


def test_where_the_turn_is_over_only_those_that_were_evaluated_once_are_evaluated_again(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENVIRONMENT_MODULES", foreign.MODULE)
    plan = foreign.foreign_plan("Slow-v0")
    found = evaluated("Slow-v0", plan=plan, number=30, beat=over_after(2), twice=(0, 29))
    assert 1 <= len(found) < 29
    assert found.remarks == ()


def test_where_no_other_process_can_be_started_nothing_is_evaluated_twice(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    pool().close()
    once = evaluated("Counter")
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    twice = evaluated("Counter", twice=(3,))
    assert len(once) == len(twice) == 20
    assert twice.remarks == ()
