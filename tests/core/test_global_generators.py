"""Environments that draw from the generators that all of a process shares."""

import os
import random
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from processing.core.environments.foreign.lookup import Lookup
from processing.core.search.plan import plan_of
from processing.core.steppers import global_generators
from processing.core.steppers.global_generators import GlobalGenerators
from processing.core.steppers.pool import pool
from processing.core.types import Evaluations, RemarkKind
from tests.cases.foreign import MODULE, case_plan
from tests.core.foreign import staged_with

LATE = """
import gymnasium
gymnasium.register("late/World-v0", entry_point="late_world:World")
"""
LATE_WORLD = """
import random
from tests.cases.environments import Plain
SIZE = random.random()
class World(Plain): pass
"""


@pytest.fixture(autouse=True)
def _modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT_MODULES", MODULE)


def evaluated(name: str, *, number: int = 20, seeds: str = "common", **where: Any) -> Evaluations:
    plan = case_plan(name, episodes=2, seeds=seeds)
    genomes = plan.genome.random(number, seed=4, generation=0)
    found: Evaluations = plan.judge.evaluate(genomes, seed=4, generation=0, **{"threads": 1} | where)
    return found


def test_episodes_do_not_depend_on_processes_batches_or_what_was_evaluated_before() -> None:
    one, again, two = evaluated("GlobalRandom"), evaluated("GlobalRandom"), evaluated(
        "GlobalRandom", threads=2
    )
    pool().close()
    part = evaluated("GlobalRandom", first=13)
    # all agents meet the same episodes, whose rewards do not depend on actions
    assert len(set(one.fitness)) == 1
    for other in (again, two):
        assert np.array_equal(one.fitness, other.fitness)
    assert np.array_equal(one.fitness[13:], part.fitness)


def test_it_is_remarked_where_they_are_drawn_from_and_only_there() -> None:
    assert [each.what for each in evaluated("GlobalRandom").remarks] == [RemarkKind.GLOBAL_GENERATORS]
    assert evaluated("OwnRandom").remarks == ()


def test_a_process_that_is_killed_changes_nothing() -> None:
    undisturbed, killed = evaluated("GlobalRandom", number=300, seeds="fresh"), []

    def kill_one() -> bool:
        busy = [child for child in pool().all if child.jobs]
        if busy and not killed:
            killed.append(busy[0].process.pid)
            os.kill(killed[0], signal.SIGKILL)
        return False

    disturbed = evaluated("GlobalRandom", number=300, seeds="fresh", beat=kill_one)
    assert killed
    assert np.array_equal(undisturbed.fitness, disturbed.fitness)


def test_one_that_draws_seldom_is_found_out_too() -> None:
    one, two = (evaluated("SeldomGlobal", threads=threads, seeds="fresh") for threads in (1, 2))
    assert np.array_equal(one.fitness, two.fitness)
    assert len(set(one.fitness)) > 1
    assert one.remarks


def test_one_that_draws_only_where_its_module_is_imported_is_not_slowed_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "late_worlds.py").write_text(LATE)
    (tmp_path / "late_world.py").write_text(LATE_WORLD)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("ENVIRONMENT_MODULES", "late_worlds")
    item = staged_with(Lookup(None, ["late_worlds"]), "late/World-v0")
    plan = plan_of(item.spec, item.facts)
    genomes = plan.genome.random(20, seed=4, generation=0)
    found = plan.judge.evaluate(genomes, seed=4, generation=0, threads=1)
    assert not found.failures.any()
    assert found.remarks == ()


@pytest.mark.parametrize(
    "draw",
    [random.random, np.random.rand, np.random.randn, lambda: random.seed(3), lambda: np.random.seed(3)]
)
def test_every_move_is_seen(draw: object) -> None:
    before = random.getstate(), np.random.get_state()
    generators = GlobalGenerators()
    assert not generators.have_moved()
    draw()  # type: ignore[operator]
    assert generators.have_moved()
    generators.remember()
    assert not generators.have_moved()
    random.setstate(before[0])
    np.random.set_state(before[1])


def test_an_address_puts_both_generators_where_it_says() -> None:
    before = random.getstate(), np.random.get_state()
    draws = []
    for key in (5, 2**64 - 1, 5):
        global_generators.seed(key)
        draws.append((random.random(), np.random.rand()))
    random.setstate(before[0])
    np.random.set_state(before[1])
    assert draws[0] == draws[2] != draws[1]
    assert draws[0][0] != draws[0][1]
