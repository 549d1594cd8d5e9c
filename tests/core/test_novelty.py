"""Novelty: distances to neighbours, an archive that remembers, and scores that change what is selected and
nothing else.
"""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from formatting.canonical import canonical
from formatting.parse import parse
from processing.core.criterion import Closing
from processing.core.judges.novelty import (
    ArchiveParameters,
    Joining,
    Novelty,
    NoveltyParameters,
    novelty_of,
    scaled,
)
from processing.core.search import generation as generations
from processing.core.search.checkpoint import pack, unpack
from processing.core.search.plan import Plan, plan_of
from processing.core.types import Evaluations, Float32Array, Float64Array
from tests.arithmetic import added
from tests.core.mazes import SMALL, judge, maze
from tests.core.searches import evaluations_of, run

SEED = 5


def plan(novelty: dict[str, Any] | None, **changes: Any) -> Plan:
    document = {
        "version": 1, "kind": "weight_evolution", "name": "test",
        "environment": {"type": "maze", "rows": SMALL, "max_steps": 20}, "network": {"hidden": [6]},
        "strategy": {"type": "genetic", "population_size": 60}, "stop": {"max_generations": 6},
    }
    return plan_of(canonical(parse(json.dumps(document | {"novelty": novelty} | changes))))


def points(number: int, *, seed: int = 1, spread: int = 6) -> Float32Array:
    return np.random.default_rng(seed).integers(0, spread, (number, 2)).astype(np.float32)


def by_hand(behaviours: Float32Array, archive: Float32Array, k: int) -> list[float]:
    found = []
    for agent, own in enumerate(behaviours.astype(float)):
        others = [*np.delete(behaviours, agent, axis=0).astype(float), *archive.astype(float)]
        distances = sorted(float(np.hypot(*(own - other))) for other in others)[:k]
        found.append(added(distances) / len(distances) if distances else 0.0)
    return found


@pytest.mark.parametrize("k", [1, 3, 15, 100])
def test_novelty_is_the_mean_distance_to_the_nearest_neighbours(k: int) -> None:
    behaviours, archive = points(30), points(12, seed=2, spread=20)
    assert novelty_of(behaviours, archive, k) == pytest.approx(by_hand(behaviours, archive, k), rel=1e-12)
    alone = np.zeros((0, 2), np.float32)
    assert novelty_of(behaviours, alone, k) == pytest.approx(by_hand(behaviours, alone, k), rel=1e-12)


def test_one_agent_without_an_archive_is_not_novel() -> None:
    assert novelty_of(points(1), np.zeros((0, 2), np.float32), 15).tolist() == [0.0]


def test_novelty_does_not_depend_on_the_order_of_the_agents() -> None:
    behaviours, order = points(40), np.random.default_rng(3).permutation(40)
    archive = points(5, seed=4)
    assert np.array_equal(
        novelty_of(behaviours, archive, 7)[order], novelty_of(behaviours[order], archive, 7)
    )


def test_scaled_values_lie_from_0_to_1_and_nan_stays() -> None:
    assert scaled(np.array([3.0, np.nan, 5.0, 4.0])).tolist()[::2] == [0.0, 1.0]
    assert scaled(np.array([2.0, 2.0])).tolist() == [0.0, 0.0]
    assert np.isnan(scaled(np.full(3, np.nan))).all()


def a_judge(**parameters: Any) -> Novelty:
    one = judge(maze())
    return Novelty(one.problem, one.genome, NoveltyParameters(**parameters))


def seen(fitness: list[float], behaviours: list[tuple[int, int]]) -> Evaluations:
    return replace(evaluations_of(np.array(fitness)), behaviours=np.array(behaviours, np.float32))


def closed(one: Novelty, state: Any, evaluations: Evaluations) -> tuple[Any, Float64Array]:
    return one.closed(state, None, evaluations, Closing(1, 0))  # type: ignore[arg-type]


def test_the_most_novel_join_the_archive_and_the_oldest_leave_it() -> None:
    one = a_judge(k=1, archive=ArchiveParameters(number=1, size=2))
    state = one.begin()
    for far in (5, 9, 14):
        state, _ = closed(one, state, seen([1, 1, 1], [(0, 0), (0, 1), (far, 0)]))
    assert state["archive"].tolist() == [[9, 0], [14, 0]]


def test_agents_beyond_the_threshold_join_and_many_raise_it() -> None:
    one = a_judge(k=1, archive=ArchiveParameters(joining=Joining.THRESHOLD, threshold=2.0))
    state, _ = closed(one, one.begin(), seen([1, 1, 1], [(0, 0), (0, 1), (5, 0)]))
    assert (state["archive"].tolist(), state["threshold"], state["waiting"]) == ([[5, 0]], 2.0, 0)
    state, _ = closed(one, state, seen([1] * 5, [(10 * number, 50) for number in range(5)]))
    assert len(state["archive"]) == 6
    assert state["threshold"] == 2.0 * 1.2


def test_a_threshold_that_nobody_passes_falls() -> None:
    one = a_judge(k=1, archive=ArchiveParameters(joining=Joining.THRESHOLD, threshold=4.0))
    state = one.begin()
    for _ in range(3):
        state, _ = closed(one, state, seen([1.0] * 1000, [(0, 0)] * 1000))
    assert (state["threshold"], state["waiting"], len(state["archive"])) == (4.0 * 0.95, 0, 0)


def test_the_failed_have_no_score_and_are_nobodys_neighbours() -> None:
    one = a_judge(k=1)
    state, scores = closed(one, one.begin(), seen([1, np.nan, 1], [(0, 0), (0, 0), (3, 4)]))
    assert np.isnan(scores[1])
    assert scores[[0, 2]].tolist() == [5.0, 5.0]
    assert state["archive"].tolist() == [[0, 0], [3, 4]]


def test_what_is_told_of_novelty_leaves_out_the_failed() -> None:
    one = a_judge(k=1)
    state, scores = closed(one, one.begin(), seen([1, np.nan, 1, 1], [(0, 0), (0, 0), (3, 4), (0, 2)]))
    assert one.summary(state, scores).values == {
        "mean_novelty": (2 + 13**0.5 + 2) / 3, "largest_novelty": 13**0.5, "archive_size": 3
    }
    nobody = one.summary(one.begin(), np.full(2, np.nan))
    assert nobody == (
        {"mean_novelty": None, "largest_novelty": None, "archive_size": 0}, "0 in the archive"
    )


def test_a_closed_generation_tells_what_its_strategy_saw() -> None:
    one = next(run(plan({"k": 3}), seed=SEED))
    assert one.scores is not None
    assert one.summary is not None
    assert one.summary.words.startswith("novelty up to ")
    assert one.summary.values == {
        "mean_novelty": pytest.approx(one.scores.mean()), "largest_novelty": one.scores.max(),
        "archive_size": 5,
    }
    *_, last = run(plan({"k": 3}, stop={"max_generations": 2}), seed=SEED)
    assert last.explanation is not None
    assert last.explanation["led_to"]["archive_size"] == 10
    without = next(run(plan(None), seed=SEED))
    assert (without.scores, without.summary) == (None, None)


def test_a_mixture_weighs_scaled_novelty_and_scaled_fitness() -> None:
    one = a_judge(k=1, weight=0.25)
    _, scores = closed(one, one.begin(), seen([10, 20, 30], [(0, 0), (0, 1), (0, 5)]))
    assert scores.tolist() == [0.0, 0.75 * 0.5, 0.25 + 0.75]


def test_behaviour_is_where_a_walk_ends() -> None:
    one = plan({})
    *_, last = run(one, seed=SEED)
    behaviours = last.evaluations.behaviours
    assert behaviours is not None
    for agent in range(0, 60, 7):
        genome = one.genome.pack(last.population.genomes[agent : agent + 1])
        way = one.judge.replays.episode(genome, seed=SEED, generation=last.number, agent=agent)
        assert tuple(behaviours[agent].tolist()) == way.positions[-1]


def test_behaviour_of_several_episodes_is_their_mean() -> None:
    environment = {"type": "maze", "rows": SMALL, "max_steps": 20, "episodes": 3}
    one = plan({}, environment=environment, network={"hidden": [6], "output": "softmax"})
    first = next(run(one, seed=SEED))
    behaviours = first.evaluations.behaviours
    assert behaviours is not None
    genome = one.genome.pack(first.population.genomes[4:5])
    ends = [
        one.judge.replays.episode(genome, seed=SEED, generation=0, agent=4, episode=episode).positions[-1]
        for episode in range(3)
    ]
    assert behaviours[4].tolist() == pytest.approx(np.mean(ends, axis=0), rel=1e-6)


def test_fitness_stays_the_environments_and_the_champion_the_fittest() -> None:
    one, other = (next(run(plan(novelty), seed=SEED)) for novelty in (None, {"k": 3}))
    assert np.array_equal(one.evaluations.fitness, other.evaluations.fitness)
    assert one.champion == other.champion
    assert one.checkpoint.digest == other.checkpoint.digest
    assert one.evaluations.behaviours is None


@pytest.mark.parametrize(
    "novelty", [{}, {"weight": 0.5, "archive": {"joining": "threshold", "threshold": 1.0, "size": 30}}]
)
def test_a_resumed_run_and_other_threads_and_slices_have_the_same_digests(novelty: dict[str, Any]) -> None:
    whole = list(run(plan(novelty), seed=SEED))
    digests = [each.checkpoint.digest for each in whole]
    assert digests == [each.checkpoint.digest for each in run(plan(novelty), seed=SEED, threads=2, slices=3)]
    for each in whole[:-1]:
        again = plan(novelty)
        start = unpack(pack(each.checkpoint, again.genome), again.genome)
        assert digests[each.number + 1 :] == [
            one.checkpoint.digest for one in run(again, seed=SEED, start=start)
        ]
    sizes = [len(each.checkpoint.judge["archive"]) for each in whole]
    assert sizes == sorted(sizes)
    assert 0 < sizes[-1] <= 30


def test_a_generation_that_fails_altogether_leaves_the_archive_alone() -> None:
    one = plan({})
    before = generations.begin(one)
    state, scores = one.judge.closed(before.judge, None, seen([np.nan] * 3, [(0, 0)] * 3), Closing(1, 0))
    assert len(state["archive"]) == 0
    assert np.isnan(scores).all()


#: Going back and forth near the start pays at once; the goals, that pay more, lie behind walls.
DECEPTIVE = (
    "G....#....G", ".....#.....", "..#.....#..", "..#.###.#..", "...........", "....#S#....", "....#.#....",
    "...........",
    "..#.###.#..", ".....#.....", "G....#....G",
)


def cells_reached(novelty: dict[str, Any] | None, seed: int) -> int:
    environment = {
        "type": "maze", "rows": DECEPTIVE, "max_steps": 60,
        "rewards": {"open": 0.0, "goal": 1.0, "revisit": 0.1},
    }
    search = plan(
        novelty, environment=environment, network={"hidden": [8]}, stop={"max_generations": 25},
        strategy={
            "type": "genetic", "population_size": 100, "mutation_probability": 0.1, "mutation_scale": 1.0
        },
    )
    found: set[tuple[float, ...]] = set()
    for each in run(search, seed=seed):
        ends = each.evaluations.behaviours
        if ends is None:
            search.judge.behaviours = 2
            ends = search.judge.evaluate(
                each.population.genomes, seed=seed, generation=each.number
            ).behaviours
        found.update(map(tuple, ends.tolist()))
    return len(found)


def test_novelty_ends_in_more_places_than_fitness_in_a_deceptive_maze() -> None:
    plain = [cells_reached(None, seed) for seed in range(1, 6)]
    novel = [cells_reached({}, seed) for seed in range(1, 6)]
    assert min(novel) > max(plain)
