"""Runs whose last generation has no agent with a fitness: how they end, and how they go on once their
environment is mended.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from api import intake
from database import selectors, steps
from database.errors import Conflict
from database.models import Event, EventLevel, EventType, Instance, InstanceState, Species
from database.outcomes import Outcome, outcome_of
from processing import runner, states
from processing.core.search import checkpoint as checkpoints
from processing.core.search.plan import Plan
from processing.run import Run
from tests.processing.test_slices import carried_on

pytestmark = pytest.mark.django_db

MODULE = "tests.core.bridge"
BRIDGE = Path(os.environ["DATA_FOLDER"]) / "bridge"
REASON = "All failed for this reason: step() raised RuntimeError: the bridge is gone."
GENERATIONS = 5
STRATEGIES: dict[str, dict[str, Any]] = {
    "genetic": {"parents": 4}, "rising_threshold": {"maximum_failures": 2}, "neat": {}, "openai_es": {},
    "cma_es": {}, "random_search": {},
}


@pytest.fixture(autouse=True)
def _modules(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.ENVIRONMENT_MODULES = [MODULE]
    monkeypatch.setenv("ENVIRONMENT_MODULES", MODULE)
    intake.known_environments.cache_clear()
    yield
    BRIDGE.unlink(missing_ok=True)
    intake.known_environments.cache_clear()


#: A strategy with parents and one without: for each database, and to go on where the contract of strategies
#: has said for all how they are revived.
WITH_AND_WITHOUT_PARENTS = ("neat", "openai_es")
with_and_without_parents = pytest.mark.parametrize("strategy", WITH_AND_WITHOUT_PARENTS)


@pytest.fixture(params=[
    pytest.param(name, marks=[] if name in WITH_AND_WITHOUT_PARENTS else pytest.mark.any_database)
    for name in STRATEGIES
])
def strategy(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def submitted(
    strategy: str = "genetic", *, execution: dict[str, Any] | None = None, normalized: bool = False,
    **stop: Any
) -> Instance:
    document = {
        "version": 1, "kind": "neat" if strategy == "neat" else "weight_evolution", "name": "bridge",
        "seed": 3,
        "environment": {"type": "gymnasium", "id": "Bridge-v0", "normalize_observations": normalized},
        "strategy": {"type": strategy, "population_size": 8} | STRATEGIES[strategy],
        "stop": {"max_generations": GENERATIONS} | stop, "execution": execution or {},
    }
    return intake.submit(document, None, announce=False).instances[0]


def finished(instance: Instance) -> Instance:
    """The run after all of its generations, each evaluated in one go, as `evolve` does it."""
    while runner.work_shift(instance.pk, threads=1, in_slices=False):
        continue
    instance.refresh_from_db()
    return instance


def advanced(instance: Instance) -> Instance:
    """The run after one more generation."""
    runner.work_shift(instance.pk, seconds=0.0, threads=1, in_slices=False)
    instance.refresh_from_db()
    return instance


def resumed(instance: Instance) -> Instance:
    """The run, resumed after its environment was mended."""
    BRIDGE.touch()
    return states.resume(instance.pk)


def outcome(instance: Instance) -> Outcome | None:
    return outcome_of(instance.state, instance.stop_reason)


def messages(instance: Instance, **which: Any) -> list[str]:
    return list(Event.objects.filter(instance=instance, **which).values_list("message", flat=True))


def state_of(instance: Instance) -> dict[str, Any]:
    """The strategy's state after the last generation."""
    plan: Plan = Run.load(instance.pk, threads=1).plan
    data = steps.newest_checkpoint(instance.pk)
    assert data is not None
    return dict(checkpoints.unpack(data, plan.genome).state)


@pytest.mark.any_database
def test_a_run_all_of_whose_agents_fail_has_failed_and_says_of_what(strategy: str) -> None:
    instance = finished(submitted(strategy))
    assert (instance.state, instance.stop_reason, outcome(instance)) == (
        "FAILED", "EXTINCTION", Outcome.DIED_OUT
    )
    assert instance.failure_message == f"No agent of the last generation has a fitness. {REASON}"
    assert instance.stop_explanation["message"] == instance.failure_message
    assert "may be resumed" in instance.stop_explanation["advice"]
    ended = Event.objects.filter(instance=instance, type=EventType.STATE_CHANGED).latest("sequence")
    assert (ended.message, ended.level) == (f"Died out: {instance.failure_message}", EventLevel.ERROR)
    assert ended.data == {"state": "FAILED", "outcome": "DIED_OUT"}


@pytest.mark.parametrize(("stop", "rule"), [
    ({"max_generations": 1}, "GENERATION_LIMIT"),
    pytest.param({"max_seconds": 1e-6}, "TIME_LIMIT", marks=pytest.mark.any_database),
    pytest.param({"stagnation_generations": 1}, "STAGNATION", marks=pytest.mark.any_database),
])
@pytest.mark.parametrize("work", [finished, carried_on])
def test_a_run_has_died_out_whichever_rule_ended_it_and_whoever_worked_on_it(
    stop: dict[str, Any], rule: str, work: Callable[[Instance], Instance]
) -> None:
    execution = {"slice_size": 3} if work is carried_on else {}
    instance = work(submitted("rising_threshold", execution=execution, **stop))
    assert (instance.state, instance.stop_reason, instance.next_generation) == ("FAILED", "EXTINCTION", 1)
    assert instance.stop_explanation["led_to"]["ended_by"] == rule
    assert REASON in instance.stop_explanation["message"]
    assert instance.reproducible is (rule != "TIME_LIMIT")


@pytest.mark.any_database
def test_a_run_that_lost_all_agents_of_one_generation_only_has_not_died_out() -> None:
    instance = advanced(submitted("rising_threshold"))
    assert (instance.state, instance.stop_reason) == ("RUNNING", None)
    instance = finished(resumed_by_itself(instance))
    assert instance.state == InstanceState.SUCCEEDED
    assert instance.reproducible


def resumed_by_itself(instance: Instance) -> Instance:
    """The run, whose environment works from now on; nobody resumes it."""
    BRIDGE.touch()
    Run.load(instance.pk, threads=1).plan.judge.renew(instance.pk, -1)
    return instance


@pytest.mark.any_database
@with_and_without_parents
def test_without_parents_a_mended_run_goes_on_with_new_agents_to_a_good_end(strategy: str) -> None:
    died = finished(submitted(strategy))
    instance = resumed(died)
    assert (instance.state, instance.stop_reason, instance.failure_message) == ("QUEUED", None, None)
    assert (instance.reproducible, instance.revived_generation) == (False, died.next_generation)
    told = Event.objects.get(instance=instance, type=EventType.NOTE, message__contains="had died out")
    assert (told.level, told.generation) == (EventLevel.WARNING, died.next_generation)
    assert "not reproducible" in told.message
    instance = finished(instance)
    assert instance.state == InstanceState.SUCCEEDED
    assert outcome(instance) in (Outcome.LIMIT_REACHED, Outcome.THRESHOLD_MISSED)
    assert instance.best_fitness is not None
    assert not instance.reproducible
    first, new = (genomes(instance, number) for number in (died.next_generation - 1, died.next_generation))
    assert not first & new


def genomes(instance: Instance, generation: int) -> set[bytes]:
    found = (selectors.genome_of(instance.pk, generation, index) for index in range(8))
    return {each for each in found if each is not None}


@pytest.mark.any_database
@with_and_without_parents
def test_a_mended_run_goes_on_from_its_last_parents_to_a_good_end(strategy: str) -> None:
    BRIDGE.touch()
    instance = advanced(submitted(strategy, max_generations=8))
    before = state_of(instance)
    BRIDGE.unlink()
    died = finished(instance)
    assert (died.state, died.stop_reason) == ("FAILED", "EXTINCTION")
    number = died.next_generation
    instance = advanced(resumed(died))
    assert (instance.state, instance.next_generation) == ("RUNNING", number + 1)
    agents = selectors.agents(
        instance.pk, first=8, filter=selectors.AgentFilter(generation_from=number, generation_to=number)
    )
    if strategy == "neat":
        assert {parent[0] for agent in agents.items for parent in agent.parents} == {0}
    else:
        assert before["mean"] is not None
    assert all(agent.fitness is not None for agent in agents.items)
    instance = finished(instance)
    assert instance.state == InstanceState.SUCCEEDED
    assert len(messages(instance, message__contains="had died out")) == 1


@pytest.mark.any_database
def test_failures_and_stagnation_are_counted_anew_after_a_resume_and_in_a_shift_that_begins_again() -> None:
    died = finished(submitted("rising_threshold", stagnation_generations=2, max_generations=9))
    assert died.next_generation == 2
    assert state_of(died)["failures"] == 2
    instance = advanced(states.resume(died.pk))  # nothing was mended
    assert (instance.state, state_of(instance)["failures"]) == ("RUNNING", 1)
    instance = advanced(instance)
    assert (instance.state, state_of(instance)["failures"], instance.next_generation) == ("FAILED", 2, 4)


def test_a_mended_run_is_evaluated_in_slices_as_it_was() -> None:
    died = carried_on(submitted("genetic", execution={"slice_size": 3}))
    assert died.state == InstanceState.FAILED
    instance = carried_on(resumed(died))
    assert (instance.state, instance.stop_reason) == ("SUCCEEDED", "GENERATION_LIMIT")


@pytest.mark.any_database
def test_a_mended_run_goes_on_where_observations_are_normalised() -> None:
    instance = finished(resumed(finished(submitted(normalized=True))))
    assert (instance.state, instance.stop_reason) == ("SUCCEEDED", "GENERATION_LIMIT")


@pytest.mark.any_database
def test_a_mended_run_whose_time_is_used_up_completes_one_more_generation() -> None:
    died = finished(submitted(max_seconds=1e-6))
    instance = finished(resumed(died))
    assert (instance.state, instance.stop_reason) == ("SUCCEEDED", "TIME_LIMIT")
    assert instance.next_generation == died.next_generation + 1


@pytest.mark.any_database
def test_a_run_without_a_generation_left_is_not_resumed_and_says_why() -> None:
    died = finished(submitted(max_generations=1))
    assert "cannot be resumed" in died.stop_explanation["advice"]
    with pytest.raises(Conflict, match="no generation left to go on with: it has completed 1 of 1"):
        resumed(died)
    died.refresh_from_db()
    assert (died.state, outcome(died), died.reproducible) == ("FAILED", Outcome.DIED_OUT, True)


def test_a_run_that_an_earlier_version_left_as_succeeded_is_not_resumed_and_says_why() -> None:
    died = finished(submitted())
    Instance.objects.filter(pk=died.pk).update(state=InstanceState.SUCCEEDED, failure_message=None)
    died.refresh_from_db()
    assert outcome(died) == Outcome.DIED_OUT
    with pytest.raises(Conflict, match="died out and was stored as SUCCEEDED, which is final"):
        resumed(died)


@pytest.mark.any_database
def test_species_lost_with_all_agents_are_the_same_when_they_are_back_and_no_number_is_given_twice() -> None:
    BRIDGE.touch()
    instance = advanced(submitted("neat", max_generations=8))
    BRIDGE.unlink()
    died = finished(instance)
    before = {row.number: row.born_in for row in Species.objects.filter(instance=died)}
    instance = finished(resumed(died))
    after = {row.number: row for row in Species.objects.filter(instance=instance)}
    assert {number: after[number].born_in for number in before} == before
    assert all(
        row.born_in > died.next_generation - 1 for number, row in after.items() if number not in before
    )
