"""Work is done in pieces, on any number of threads, with the same bits; a turn that is over cuts no agent."""

import json
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from processing.core.environments.double_pole.double_pole import DoublePole, DoublePoleParameters
from processing.core.environments.maze.grid_world import GridWorld
from processing.core.environments.table import Table, TableParameters
from processing.core.errors import Broken, Refused
from processing.core.evaluations import check, consecutive, joined_results
from processing.core.genomes.dense import Dense, DenseParameters, Output
from processing.core.genomes.graph import Graph, GraphParameters
from processing.core.judges.episodes import Episodes
from processing.core.judges.novelty import Novelty, NoveltyParameters, novelty_of
from processing.core.judges.table import Tables
from processing.core.kernels import pieces
from processing.core.kernels.pieces import Pace, beating, in_pieces, on_threads, ranges
from processing.core.types import Evaluations, Purpose, no_beat
from tests.core import mazes
from tests.core.beats import Beats, Fixed, over_after

SIZE = 40
HUGE = 2**40


def dense_in_a_maze() -> Episodes:
    return mazes.judge(mazes.maze(episodes=3), output=Output.SOFTMAX)


def graphs_with_poles() -> Episodes:
    poles = DoublePole(DoublePoleParameters(type="double_pole", velocities=False, max_steps=300))
    return Episodes(poles, Graph(GraphParameters(recurrent=True), inputs=poles.inputs, outputs=1))


def novelty_in_a_maze() -> Novelty:
    world = GridWorld(mazes.maze(episodes=2))
    return Novelty(world, Dense(DenseParameters(), inputs=24, outputs=9), NoveltyParameters())


def table() -> Tables:
    numbers = np.random.default_rng(4)
    values = {
        "type": "table", "inputs": numbers.normal(0, 1, (13, 2)).tolist(),
        "targets": numbers.random((13, 2)).tolist(),
    }
    rows = Table(TableParameters.model_validate_json(json.dumps(values)))
    return Tables(rows, Graph(GraphParameters(recurrent=True), inputs=2, outputs=2))


JUDGES: dict[str, Callable[[], Any]] = {
    "dense, sampled, three episodes": dense_in_a_maze, "graphs": graphs_with_poles,
    "novelty": novelty_in_a_maze, "table": table,
}


@pytest.fixture(params=JUDGES)
def judge(request: pytest.FixtureRequest) -> Any:
    return JUDGES[request.param]()


def paced(judge: Any, steps: int) -> Any:
    """The judge, whose pieces have so many steps."""
    (judge if isinstance(judge, Tables) else judge.engine).pace = Fixed(steps)
    return judge


def evaluated(judge: Any, **given: Any) -> Evaluations:
    genomes = judge.genome.random(SIZE, seed=3, generation=0)
    found: Evaluations = judge.evaluate(genomes, **{"seed": 5, "generation": 8, **given})
    check(found, given.get("last", SIZE) - given.get("first", 0), may_be_fewer=True)
    return found


def same(one: Evaluations, other: Evaluations) -> bool:
    names = ("fitness", "steps", "failures", "solved", "behaviours")
    return all(
        (a is None) == (b is None) and (a is None or np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))
        for a, b in ((getattr(one, name), getattr(other, name)) for name in names)
    )


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("steps", [1, 7, 1_000])
def test_pieces_of_any_size_and_threads_change_no_bit(judge: Any, steps: int, threads: int) -> None:
    whole = evaluated(paced(judge, HUGE))
    assert same(evaluated(paced(judge, steps), threads=threads, beat=no_beat), whole)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("beats", [1, 3, 10])
def test_what_a_turn_finished_and_what_later_turns_do_are_the_whole(
    judge: Any, beats: int, threads: int
) -> None:
    whole, parts = evaluated(paced(judge, HUGE)), []
    waiting, has_waited = [(0, SIZE)], False
    while waiting:
        start, end = waiting.pop(0)
        found = evaluated(
            paced(judge, 7), first=start, last=end, threads=threads, beat=over_after(beats)
        )
        assert len(found) >= 1
        for first, last, run in consecutive(found, end - start):
            if run is None:
                waiting.append((start + first, start + last))
                has_waited = True
            else:
                parts.append((start + first, run))
    assert has_waited or threads > 1 or beats > 1  # another thread may have finished before
    assert same(joined_results([run for _, run in sorted(parts, key=lambda part: part[0])]), whole)


def test_agents_that_are_finished_need_not_be_the_first_ones(judge: Any) -> None:
    whole = evaluated(paced(judge, HUGE))
    found = evaluated(paced(judge, 1), beat=over_after(1))
    if found.agents is None:
        pytest.skip("all of them took one piece")
    assert np.array_equal(found.steps, whole.steps[found.agents])
    assert np.array_equal(found.fitness, whole.fitness[found.agents], equal_nan=True)
    assert 1 <= len(found) < SIZE


@pytest.mark.parametrize("threads", [1, 2])
def test_an_agent_that_takes_longer_than_a_turn_is_not_cut(threads: int) -> None:
    one = paced(graphs_with_poles(), 1)
    counted = Beats()

    def always_over() -> bool:
        counted()
        return True

    found = evaluated(one, first=3, last=4, threads=threads, beat=always_over)
    assert found.agents is None
    assert same(found, evaluated(paced(graphs_with_poles(), HUGE), first=3, last=4))
    assert counted.number == found.steps[0]  # it beats after each step


def test_the_rollouts_of_all_agents_are_those_of_one_call() -> None:
    one = dense_in_a_maze()
    genomes = one.genome.random(SIZE, seed=3, generation=0)
    given: dict[str, Any] = {"seed": 1, "generation": 2, "purpose": Purpose.CONFIRMATION}
    whole = paced(one, HUGE).rollouts(genomes, **given)
    for steps in (1, 7):
        for threads in (1, 2):
            found = paced(one, steps).rollouts(genomes, threads=threads, **given)
            for mine, theirs in zip(found, whole, strict=True):
                assert np.array_equal(mine, theirs)


@pytest.mark.parametrize("threads", [1, 2])
def test_what_a_beat_raises_ends_the_evaluation(judge: Any, threads: int) -> None:
    calls = Beats()

    def refuse() -> bool:
        calls()
        raise Refused("enough")

    with pytest.raises(Refused, match="enough"):
        evaluated(paced(judge, 1), threads=threads, beat=refuse)
    assert calls.number == 1
    assert all_threads_are_free()


def all_threads_are_free() -> bool:
    """Whether both threads of the pool can meet, as neither goes on with earlier work."""
    meeting = threading.Barrier(2)
    pool = pieces._pool(2, os.getpid())
    for each in [pool.submit(meeting.wait, 60.0) for _ in range(2)]:
        each.result()
    return True


def test_no_thread_works_on_when_the_calling_one_has_stopped() -> None:
    others, done = threading.Event(), Beats()

    def begin() -> Callable[[int], bool]:
        is_other = threading.current_thread() is not threading.main_thread()

        def work(steps: int) -> bool:
            if is_other:
                others.set()
                done()
            return False

        return work

    def beat_when_both_work() -> bool:
        others.wait(60.0)
        raise Refused("enough")

    with pytest.raises(Refused):
        on_threads(
            begin, 2, most=2, pace=Pace(1), beat=beat_when_both_work, is_enough=lambda: False
        )
    stopped_at = done.number
    assert stopped_at > 0
    assert all_threads_are_free()
    assert done.number == stopped_at


def test_an_error_in_another_thread_ends_the_work_and_is_raised() -> None:
    def begin() -> Callable[[int], bool]:
        is_other = threading.current_thread() is not threading.main_thread()

        def work(steps: int) -> bool:
            if is_other:
                raise ValueError("a fault")
            return False

        return work

    with pytest.raises(ValueError, match="a fault"):
        on_threads(begin, 2, most=2, pace=Pace(1), beat=no_beat, is_enough=lambda: False)


def test_the_calling_thread_beats_while_it_waits_for_the_others() -> None:
    is_waiting, beats = threading.Event(), Beats()

    def begin() -> Callable[[int], bool]:
        is_other = threading.current_thread() is not threading.main_thread()
        if is_other:
            begun.set()
        return lambda steps: is_waiting.wait(60.0) if is_other else begun.wait(60.0)

    def beat() -> bool:
        if beats.number == 2:  # the calling thread has done its own work
            is_waiting.set()
        return beats()

    begun = threading.Event()
    on_threads(begin, 2, most=2, pace=Pace(1), beat=beat, is_enough=lambda: False)
    assert beats.number >= 3


def test_the_size_of_pieces_follows_the_time_that_they_take() -> None:
    pace = Pace(0)
    assert pace.steps == 1
    pace.adapt(1, 0.01)
    pace.adapt(2, 0.01)
    assert pace.steps == 4
    pace.adapt(4, 0.2)
    assert pace.steps == 4
    pace.adapt(4, 0.5)
    assert pace.steps == 2
    pace.adapt(1, 0.01)
    assert pace.steps == 2


def test_ranges_and_pieces_cover_all_and_beat_where_somebody_listens() -> None:
    beats, done = Beats(), []
    with beating(beats):
        found = list(ranges(10, at_first=4, most=4))
        in_pieces(lambda steps: done.append(steps) or len(done) == 3, at_first=1)
    assert found == [(0, 4), (4, 8), (8, 10)]
    assert beats.number == 6
    assert list(ranges(0, at_first=1)) == []
    assert beats.number == 6


def test_novelty_is_the_same_in_pieces_and_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = np.random.default_rng(2)
    points = numbers.normal(size=(50, 2)).astype(np.float32)
    whole = novelty_of(points[:40], points[40:], 7)
    monkeypatch.setattr("processing.core.judges.novelty.FIRST_PAIRS", 50)
    monkeypatch.setattr(pieces, "PIECE_SECONDS", 0.0)
    beats = Beats()
    with beating(beats):
        assert np.array_equal(novelty_of(points[:40], points[40:], 7), whole)
    assert beats.number == 40


def test_runs_of_evaluated_agents_and_of_others_are_told_apart() -> None:
    found = evaluated(paced(dense_in_a_maze(), HUGE), last=5)
    found = replace(
        found, agents=np.array([1, 2, 5, 6, 9], np.int32), reasons=((2, "one"), (4, "two")),
    )
    runs = list(consecutive(found, 12))
    assert [(first, last, run is not None) for first, last, run in runs] == [
        (0, 1, False), (1, 3, True), (3, 5, False), (5, 7, True), (7, 9, False), (9, 10, True),
        (10, 12, False),
    ]
    parts = [run for *_, run in runs if run is not None]
    assert [part.reasons for part in parts] == [(), ((0, "one"),), ((0, "two"),)]
    assert all(part.agents is None for part in parts)
    assert np.array_equal(np.concatenate([part.fitness for part in parts]), found.fitness)
    first = replace(found, agents=None)
    assert [(a, b, run is None) for a, b, run in consecutive(first, 7)] == [(0, 5, False), (5, 7, True)]
    assert [(a, b) for a, b, _ in consecutive(first, 5)] == [(0, 5)]


@pytest.mark.parametrize(("changes", "message"), [
    ({"agents": np.array([0, 2, 2, 3, 4])}, "expected ascending ones of 0 to 8"),
    ({"agents": np.array([-1, 2, 3, 4, 5])}, "expected ascending ones of 0 to 8"),
    ({"agents": np.array([0, 2, 3, 4, 9])}, "expected ascending ones of 0 to 8"),
    ({"agents": np.array([0.0, 1.0, 2.0, 3.0, 4.0])}, "expected an array of whole numbers"),
    ({"agents": [0, 1, 2, 3, 4]}, "expected an array of whole numbers"),
    ({"agents": np.zeros((1, 5), np.int32)}, "expected an array of whole numbers"),
    ({"agents": np.zeros(0, np.int32)}, "expected one at least"),
    ({"agents": np.array([0, 1, 2, 3])}, r"expected an array of shape \(4,\), got \(5,\)"),
])
def test_agents_of_a_judge_are_checked(changes: dict[str, Any], message: str) -> None:
    found = Evaluations(np.zeros(5), np.zeros(5, np.int32), np.zeros(5, np.uint8))
    with pytest.raises(Broken, match=message):
        check(replace(found, **changes), 9, may_be_fewer=True)


def test_where_all_agents_are_asked_for_no_judge_may_return_some() -> None:
    found = Evaluations(
        np.zeros(5), np.zeros(5, np.int32), np.zeros(5, np.uint8), agents=np.arange(5, dtype=np.int32)
    )
    check(found, 9, may_be_fewer=True)
    with pytest.raises(Broken, match="agents of the judge: expected None, as all 5 were to be evaluated"):
        check(found, 5)
