"""What every judge of the registry promises: `Judge` in `judges/judge.py`."""

import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from formatting.parse import parse
from processing.core.criterion import Closing
from processing.core.environments.foreign.lookup import Lookup
from processing.core.errors import Refused
from processing.core.evaluation_texts import with_storable_texts
from processing.core.evaluations import check, consecutive, joined_results
from processing.core.json_values import finite
from processing.core.kinds import JUDGES, KINDS
from processing.core.limits import Limits
from processing.core.search.plan import Plan, plan_of
from processing.core.search.slice_payload import pack_results, unpack_results
from processing.core.types import Evaluations, Failure, Purpose
from processing.core.value_text import storable
from staging.stage import stage
from tests.contracts import cases
from tests.core.beats import Beats, over_after
from tests.core.searches import population_of_genomes

SEED, SIZE = 5, 20


@pytest.fixture(params=cases.JUDGES, scope="module")
def plan(request: pytest.FixtureRequest) -> Plan:
    if KINDS[cases.JUDGES[request.param]["kind"]].trains:
        pytest.importorskip("torch")
    document = {"version": 1, "name": "test", "seed": SEED, "stop": {"max_generations": 2}}
    item = stage(
        parse(json.dumps(document | cases.JUDGES[request.param])), Limits(), known=Lookup(None, [])
    )
    return plan_of(item.spec, item.facts)


@pytest.fixture(scope="module")
def genomes(plan: Plan) -> Any:
    return plan.genome.random(SIZE, seed=SEED, generation=0)


def evaluated(plan: Plan, genomes: Any, **given: Any) -> Evaluations:
    where = {"seed": SEED, "generation": 0, "state": plan.judge.begin()}
    return plan.judge.evaluate(genomes, **where | given)


def equal(one: Evaluations, other: Evaluations) -> bool:
    names = ("fitness", "steps", "failures", "solved", "behaviours", "metrics", "curves")
    columns = [(getattr(one, name), getattr(other, name)) for name in names]
    return one.reasons == other.reasons and all(
        (a is None) == (b is None) and (a is None or np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))
        for a, b in columns
    )


def test_every_judge_of_the_registry_is_held_to_the_contract() -> None:
    assert {name.removeprefix("toy: ").partition(",")[0].split()[0] for name in cases.JUDGES} == set(JUDGES)


def test_every_agent_has_a_fitness_or_a_failure(plan: Plan, genomes: Any) -> None:
    found = evaluated(plan, genomes)
    assert len(found) == len(found.steps) == len(found.failures) == SIZE
    assert np.array_equal(np.isnan(found.fitness), found.failures != Failure.NONE)
    assert (found.steps >= 0).all()


def test_metrics_and_curves_have_names(plan: Plan, genomes: Any) -> None:
    found = evaluated(plan, genomes)
    if found.metrics is None:
        assert found.metric_names == ()
    else:
        assert found.metrics.shape == (SIZE, len(found.metric_names))
        assert found.metrics.dtype == np.float64
    if found.curves is None:
        assert found.curve_names == ()
    else:
        assert found.curves.shape[::2] == (SIZE, len(found.curve_names))
        assert found.curves.dtype == np.float32


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("bounds", [(0, SIZE), (0, 1, 7, SIZE)])
def test_results_depend_neither_on_threads_nor_on_slices(
    plan: Plan, genomes: Any, threads: int, bounds: tuple[int, ...]
) -> None:
    parts = [
        evaluated(
            plan, plan.genome.take(genomes, np.arange(first, last, dtype=np.int32)), origin=first,
            threads=threads
        )
        for first, last in pairwise(bounds)
    ]
    stored = [unpack_results(pack_results(each, plan.genome), plan.genome) for each in parts]
    assert equal(joined_results(stored), evaluated(plan, genomes))


@pytest.mark.parametrize("is_in_place", [True, False])
def test_where_the_turn_is_over_what_is_finished_is_returned_and_the_others_follow(
    plan: Plan, genomes: Any, is_in_place: bool
) -> None:
    waiting, parts = [(0, SIZE)], dict[int, Evaluations]()
    while waiting:
        start, end = waiting.pop(0)
        left = np.arange(start, end, dtype=np.int32)
        found = (
            evaluated(plan, genomes, first=start, last=end, beat=over_after(1)) if is_in_place
            else evaluated(plan, plan.genome.take(genomes, left), origin=start, beat=over_after(1))
        )
        check(found, end - start, may_be_fewer=True)
        assert 1 <= len(found) <= end - start
        for first, last, run in consecutive(found, end - start):
            if run is None:
                waiting.append((start + first, start + last))
            else:
                parts[start + first] = run
    ordered = [parts[first] for first in sorted(parts)]
    stored = [unpack_results(pack_results(each, plan.genome), plan.genome) for each in ordered]
    assert equal(joined_results(stored), evaluated(plan, genomes))


def test_texts_can_be_stored_as_they_are_and_no_number_is_infinite(plan: Plan, genomes: Any) -> None:
    found = evaluated(plan, genomes, population=SIZE)
    kept = with_storable_texts(found)
    for name in ("reasons", "remarks", "metric_names", "curve_names"):
        assert getattr(kept, name) == getattr(found, name)
    assert all(found.failures[index] for index, _ in found.reasons)
    for names in (found.metric_names, found.curve_names):
        assert len(set(names)) == len(names)
    for numbers in (found.fitness, found.metrics, found.curves):
        assert numbers is None or not np.isinf(numbers).any()


def test_what_it_says_of_a_generation_is_json(plan: Plan, genomes: Any) -> None:
    found = evaluated(plan, genomes)
    population = population_of_genomes(genomes, SIZE)
    state, scores = plan.judge.closed(plan.judge.begin(), population, found, Closing(SEED, 0))
    values, words = plan.judge.summary(state, scores)
    json.dumps(finite(values), allow_nan=False)
    assert storable(words) == words


def test_what_its_remarks_mean_can_be_told(plan: Plan) -> None:
    for meaning in plan.judge.remarks.values():
        assert "{" not in meaning.text.format(agent=3, sentence="so it was")


def test_a_beat_is_given_and_what_it_raises_ends_the_evaluation(plan: Plan, genomes: Any) -> None:
    beats = Beats()
    found = evaluated(plan, genomes, beat=beats, population=SIZE)
    assert beats.number
    assert equal(found, evaluated(plan, genomes))

    def refuse() -> bool:
        raise Refused("enough")

    with pytest.raises(Refused, match="enough"):
        evaluated(plan, genomes, beat=refuse)


def test_another_purpose_gives_fresh_draws_where_the_judge_is_random(plan: Plan, genomes: Any) -> None:
    purposes = (Purpose.EPISODE, Purpose.CONFIRMATION)
    found, fresh = (evaluated(plan, genomes, purpose=each) for each in purposes)
    assert np.array_equal(found.fitness, fresh.fitness, equal_nan=True) is not plan.judge.is_random


def test_a_champion_is_confirmed_where_the_judge_is_random(plan: Plan, genomes: Any) -> None:
    found = evaluated(plan, genomes)
    best = int(np.nanargmax(found.fitness))
    trial = plan.judge.confirm(genomes, best, -1e9, Closing(SEED, 0, plan.judge.begin()))
    assert trial.is_passed
    assert (trial.confirmation is None) is not plan.judge.is_random


def test_a_generation_is_closed_with_scores_for_all_that_did_not_fail(plan: Plan, genomes: Any) -> None:
    found = evaluated(plan, genomes)
    state, scores = plan.judge.closed(
        plan.judge.begin(), population_of_genomes(genomes, SIZE), found, Closing(SEED, 0)
    )
    assert np.array_equal(np.isnan(scores), np.isnan(found.fitness))
    assert plan.judge.has_state or not state
    if scores is found.fitness:
        assert plan.judge.best_score(1.5) == 1.5
    else:
        summary = plan.judge.summary(state, scores)
        assert set(map(type, summary.values.values())) <= {int, float, type(None)}
        assert not summary.words.endswith(".")


def test_it_knows_its_cost(plan: Plan) -> None:
    cost = plan.judge.cost()
    assert 0 < cost.seconds_low <= cost.seconds_high
    assert cost.steps >= evaluated(plan, plan.genome.random(2, seed=1, generation=0)).steps.max()
    assert cost.basis
    assert cost.stored_bytes >= 0


def test_episodes_are_shown_again_or_a_sentence_says_why_not(plan: Plan, genomes: Any) -> None:
    genome = plan.genome.pack(plan.genome.take(genomes, np.zeros(1, np.int32)))
    replays = plan.judge.replays
    refusal = replays.refusal(genome)
    if refusal is not None:
        assert refusal.endswith(".")
        with pytest.raises(Refused, match=refusal[:20]):
            replays.episode(genome, seed=SEED, generation=0, agent=0)
        return
    assert not replays.is_recorded
    assert replays.episode(genome, seed=SEED, generation=0, agent=0).steps > 0
    with pytest.raises(Refused, match="episode: expected"):
        replays.check_episode(replays.episodes)
