"""How runs ended, for each combination of state and stop reason, in Python and in SQL."""

from itertools import product

import pytest

from database.models import Instance, InstanceState
from database.outcomes import Outcome, has_aim, outcome_of, outcome_words, with_outcome
from processing.core.types import StopReason
from tests import builders

GOES_ON = [
    each for each in InstanceState
    if each not in (InstanceState.SUCCEEDED, InstanceState.FAILED, InstanceState.CANCELLED)
]
REASONS = [None, *StopReason]


@pytest.mark.django_db
def test_the_condition_of_an_outcome_finds_the_runs_that_have_it_and_no_others() -> None:
    first = builders.run(replicates=len(REASONS) * len(InstanceState))
    runs = list(Instance.objects.filter(work_item=first.work_item_id))
    for run, (state, reason) in zip(runs, product(InstanceState, REASONS), strict=True):
        run.state, run.stop_reason = state, reason
    Instance.objects.bulk_update(runs, ["state", "stop_reason"])
    for outcome in Outcome:
        expected = {run.pk for run in runs if outcome_of(run.state, run.stop_reason) == outcome}
        assert expected
        assert set(Instance.objects.filter(with_outcome([outcome])).values_list("pk", flat=True)) == expected
    both = Instance.objects.filter(with_outcome([Outcome.SOLVED, Outcome.DIED_OUT]))
    assert both.count() == 1 + len(InstanceState)


@pytest.mark.parametrize("state", InstanceState)
def test_who_died_out_did_so_whatever_the_state(state: InstanceState) -> None:
    assert outcome_of(state, StopReason.EXTINCTION) == Outcome.DIED_OUT


@pytest.mark.parametrize(("state", "reason", "outcome"), [
    (InstanceState.SUCCEEDED, StopReason.FITNESS_REACHED, Outcome.SOLVED),
    (InstanceState.SUCCEEDED, StopReason.THRESHOLD_MISSED, Outcome.THRESHOLD_MISSED),
    (InstanceState.SUCCEEDED, StopReason.GENERATION_LIMIT, Outcome.LIMIT_REACHED),
    (InstanceState.SUCCEEDED, StopReason.TIME_LIMIT, Outcome.LIMIT_REACHED),
    (InstanceState.SUCCEEDED, StopReason.STAGNATION, Outcome.LIMIT_REACHED),
    (InstanceState.FAILED, StopReason.ERROR, Outcome.FAILED),
    (InstanceState.CANCELLED, StopReason.CANCELLED, Outcome.CANCELLED),
])
def test_an_outcome_follows_from_state_and_stop_reason(
    state: InstanceState, reason: StopReason, outcome: Outcome
) -> None:
    assert outcome_of(state, reason) == outcome


@pytest.mark.parametrize("state", GOES_ON)
def test_a_run_that_goes_on_has_no_outcome(state: InstanceState) -> None:
    assert {outcome_of(state, reason) for reason in REASONS if reason != StopReason.EXTINCTION} == {None}


@pytest.mark.parametrize(("stop", "aim"), [
    ({"max_generations": 3}, False), ({"max_generations": 3, "fitness": None, "solved": False}, False),
    ({"fitness": 0.0}, True), ({"fitness": -3.5, "solved": False}, True),
    ({"fitness": None, "solved": True}, True),
])
def test_an_aim_is_a_fitness_or_a_criterion_that_is_asked_for(stop: dict[str, object], aim: bool) -> None:
    assert has_aim(stop) is aim


def test_whether_a_limit_is_a_good_end_depends_on_the_aim() -> None:
    words = {outcome: [outcome_words(outcome, aim=aim) for aim in (False, True)] for outcome in Outcome}
    assert words[Outcome.LIMIT_REACHED] == ["completed", "not solved"]
    assert words[Outcome.THRESHOLD_MISSED] == ["completed", "threshold missed"]
    assert words[Outcome.SOLVED] == ["solved", "solved"]
    assert words[Outcome.DIED_OUT] == ["died out", "died out"]
