"""Environments that go wrong in all the ways there are, and processes that are lost."""

import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from processing.core.children.process import Process
from processing.core.criterion import Closing
from processing.core.environments.foreign.spaces import Writer, described
from processing.core.errors import Broken, Refused, Transient
from processing.core.judges import foreign as judge
from processing.core.search.plan import Plan
from processing.core.steppers import pool as processes
from processing.core.types import Evaluations, Failure
from tests.core import strange_worlds
from tests.core.beats import over_after
from tests.core.foreign import MODULE, foreign_plan
from tests.core.searches import run


@pytest.fixture(autouse=True)
def _modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT_MODULES", MODULE)


def evaluated(plan: Plan, *, number: int = 24, threads: int = 2, **where: Any) -> Evaluations:
    genomes = plan.genome.random(number, seed=4, generation=0)
    found: Evaluations = plan.judge.evaluate(genomes, seed=4, generation=0, threads=threads, **where)
    return found


WORDS = {
    "Panicking-v0": "step() raised Panic: the bridge is gone", "Wordless-v0": "step() raised WordlessError",
    "Garbled-v0": "step() raised RuntimeError: the \ufffd bridge ? is gone",
    "Crashing-v0": "step() raised RuntimeError: the bridge is gone",
    "Ambiguous-v0": "step() gave an array of the shape (2,) as terminated and False as truncated: each must "
    "be true or false.",
}


@pytest.mark.parametrize("name", WORDS)
def test_whatever_an_environment_raises_or_returns_ends_its_agent_alone(name: str) -> None:
    evaluations, crashing = evaluated(foreign_plan(name)), evaluated(foreign_plan("Crashing-v0"))
    assert np.array_equal(evaluations.failures, crashing.failures)
    assert 0 < np.count_nonzero(evaluations.failures) < 24
    assert set(evaluations.failures) == {Failure.NONE, Failure.ENVIRONMENT_ERROR}
    assert {reason for _, reason in evaluations.reasons} == {WORDS[name]}
    assert np.array_equal(evaluations.fitness, crashing.fitness, equal_nan=True)


def test_an_environment_that_runs_out_of_memory_is_told_as_one() -> None:
    evaluations, crashing = evaluated(foreign_plan("Hungry-v0")), evaluated(foreign_plan("Crashing-v0"))
    assert set(evaluations.failures) == {Failure.NONE, Failure.OUT_OF_MEMORY}
    assert np.array_equal(evaluations.fitness, crashing.fitness, equal_nan=True)
    assert {reason for _, reason in evaluations.reasons} == {
        "step() raised MemoryError: no room for a bridge"
    }


def test_an_agent_whose_rewards_are_no_number_is_told_so() -> None:
    evaluations = evaluated(foreign_plan("Priceless-v0"))
    assert set(evaluations.failures) == {Failure.NONE, Failure.NON_FINITE_FITNESS}
    failed = np.flatnonzero(evaluations.failures)
    assert evaluations.reasons == tuple(
        (index, "Its environment gave it rewards whose sum is nan.") for index in failed
    )


def test_a_process_that_dies_and_leaves_another_behind_is_seen_at_once() -> None:
    started = time.monotonic()
    forking, raising = (evaluated(foreign_plan(name), number=4) for name in ("Forking-v0", "Crashing-v0"))
    assert np.array_equal(forking.fitness, raising.fitness, equal_nan=True)
    assert set(forking.failures) == {Failure.NONE, Failure.ENVIRONMENT_ERROR}
    assert "died (exit code 3)" in forking.reasons[0][1]
    assert time.monotonic() - started < 50  # the time-out is 60 s


LEFT_BEHIND = """
import os, time
if os.fork() == 0:
    print(os.getpid(), file=open({file!r}, "w"), flush=True)
    time.sleep(60)
import tests.core.strange_worlds
"""


def test_what_an_environment_has_begun_ends_with_its_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "number"
    (tmp_path / "forking_worlds.py").write_text(LEFT_BEHIND.format(file=str(file)))
    plan = foreign_plan("Shifted-v0")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("ENVIRONMENT_MODULES", "forking_worlds")
    assert not evaluated(plan, number=2, threads=1).failures.any()
    began = int(file.read_text())
    assert is_alive(began)
    processes.pool().close()
    wait_for(lambda: not is_alive(began))


def test_agents_that_cannot_be_told_apart_from_a_dead_module_say_what_was_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = foreign_plan("Shifted-v0")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name, text, told in (
        ("assets_worlds", "open('/nowhere/assets.bin')", "No such file"),
        ("leaving_worlds", "import os; os.write(2, b'no licence'); os._exit(7)", "exit code 7.*no licence"),
    ):
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.setenv("ENVIRONMENT_MODULES", name)
        with pytest.raises(Broken, match=told):
            evaluated(plan, number=2, threads=1)


def test_what_environments_print_is_bounded(capfd: pytest.CaptureFixture[str]) -> None:
    evaluations = evaluated(foreign_plan("Printing-v0"), number=24, threads=1)
    assert not evaluations.failures.any()
    assert len("".join(capfd.readouterr())) < 100_000


def test_processes_are_shared_by_all_who_ask_for_fewer_or_more() -> None:
    plan = foreign_plan("Shifted-v0")
    processes.pool().close()
    for threads in (1, 2, 3, 1):
        evaluated(plan, threads=threads)
    assert 1 <= len(processes.pool().all) <= 3


def test_a_process_that_is_stopped_in_the_middle_of_a_message_holds_up_no_beat() -> None:
    one = Process(processes.PROGRAM, purpose="a test")
    try:
        one.channel.post(b"x" * 50_000_000)  # nobody reads it all
        os.kill(one.process.pid, signal.SIGSTOP)
        started = time.monotonic()
        one.exchange()
        assert time.monotonic() - started < 5
    finally:
        one.end()


def test_where_no_process_can_be_started_somebody_tries_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    processes.pool().close()
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(Transient):
        evaluated(foreign_plan("FrozenLake-v1"), number=2)
    assert len(os.listdir("/proc/self/fd")) == before


def test_an_environment_that_always_hangs_ends_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "MOST_HANGS", 3)
    with pytest.raises(Refused, match=r"Stuck-v0 did not answer within 1 s, 3 times in a row"):
        evaluated(foreign_plan("Stuck-v0", timeout_seconds=1.0), number=100)


def test_where_the_turn_is_over_the_first_agents_are_returned() -> None:
    plan = foreign_plan("Slow-v0", episodes=2)
    some = evaluated(plan, number=40, beat=over_after(3))
    assert 1 <= len(some) < 20
    assert np.array_equal(some.fitness, evaluated(plan, number=40, last=len(some)).fitness)
    assert len(evaluated(plan, number=4, beat=over_after(1))) >= 1


def test_slow_environments_get_few_lives_at_a_time() -> None:
    most: list[int] = []

    def look() -> bool:
        most.append(max(len(child.jobs) for child in processes.pool().all))
        return False

    evaluated(foreign_plan("Slow-v0"), number=16, beat=look)
    assert max(most) <= 4


@pytest.mark.parametrize(("name", "failure"), [
    ("Hanging-v0", Failure.TIMEOUT), ("Hungry-v0", Failure.OUT_OF_MEMORY), ("Killed-v0", Failure.WORKER_LOST),
    ("Dying-v0", Failure.WORKER_LOST),
])
def test_lives_that_a_machine_decided_while_somebody_confirmed_are_told(
    name: str, failure: Failure, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = foreign_plan(name, timeout_seconds=1.0)
    monkeypatch.setattr(type(plan.judge), "confirmations", 6)  # each that hangs takes a second and a process
    genomes = plan.genome.random(6, seed=4, generation=0)
    trial = plan.judge.confirm(genomes, 0, 1.0, Closing(4, 0, threads=2))
    assert failure in trial.failures
    assert not trial.is_passed


def test_observations_that_are_not_finite_do_not_count() -> None:
    plan = foreign_plan("Blinded-v0", normalize_observations=True)
    state = next(itertools.islice(run(plan, seed=3, threads=1), 1)).checkpoint.judge
    assert state["observations"] == 24 * 7  # of ten, three are not
    assert state["mean"] == pytest.approx([900 / 7 + 1100 * 6 / 7, 5.0])
    assert state["variance"] == pytest.approx([200**2 * 6 / 49, 0.0], rel=1e-6)


@pytest.mark.parametrize("name", ["Narrow", "Counting", "Counted", "Levers"])
def test_the_smallest_and_the_largest_command_are_actions_of_the_space(name: str) -> None:
    space = getattr(strange_worlds, name).action_space
    commands = np.array([[-1, -0.999, 0, 0.999, 1]] * 2, np.float32)
    actions = Writer(described(space, is_action=True)).actions(np.zeros(5), commands, commands)
    assert all(space.contains(action) for action in actions)
    assert np.array_equal(actions[0].ravel(), space.low.ravel())
    assert actions[-1].ravel() == pytest.approx(space.high.ravel())


def is_alive(process: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline


ORPHANS = """
import os, sys
os.environ["ENVIRONMENT_MODULES"] = "tests.core.strange_worlds"
from tests.core.foreign import foreign_plan
from processing.core.steppers import pool
plan = foreign_plan("Hanging-v0", timeout_seconds=600.0)

def tell():
    at_work = [child.process.pid for child in pool.pool().all if child.at_work() is not None]
    if at_work:
        print(at_work[0], flush=True)
    return False

plan.judge.evaluate(plan.genome.random(8, seed=4, generation=0), seed=4, generation=0, threads=1, beat=tell)
"""


def test_processes_end_with_their_parent_however_that_died() -> None:
    with subprocess.Popen([sys.executable, "-c", ORPHANS], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    wait_for(lambda: not is_alive(child))


def test_a_process_that_somebody_kills_changes_nothing() -> None:
    plan = foreign_plan("LunarLander-v3", max_steps=200)
    undisturbed, killed = evaluated(plan), []

    def kill_one() -> bool:
        busy = [child for child in processes.pool().all if child.jobs]
        if busy and not killed:
            killed.append(busy[0].process.pid)
            os.kill(killed[0], signal.SIGKILL)
        return False

    assert np.array_equal(evaluated(plan, beat=kill_one).fitness, undisturbed.fitness)
    assert killed


def test_whoever_stops_an_evaluation_ends_its_processes_and_the_next_one_works() -> None:
    plan = foreign_plan("LunarLander-v3")

    def stop() -> bool:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        evaluated(plan, beat=stop)
    assert not any(child.jobs for child in processes.pool().all)
    assert not evaluated(plan, number=2).failures.any()


def test_a_process_that_has_gone_while_nobody_needed_it_is_replaced() -> None:
    plan = foreign_plan("Shifted-v0")
    before = evaluated(plan, threads=1)
    for child in processes.pool().all:
        child.process.kill()
        child.process.wait()
    assert np.array_equal(evaluated(plan, threads=1).fitness, before.fitness)
