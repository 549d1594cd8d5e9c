"""A run from claim to champion, and whatever may come between."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import OperationalError

from api import intake
from database import services
from database.errors import Conflict, Fenced, NotFound
from database.models import (
    ENDED,
    Agent,
    Checkpoint,
    CheckpointPart,
    Event,
    Generation,
    Instance,
    InstanceState,
    PartKind,
    Slice,
)
from processing import claims, dispatch, node, recovery, runner, states
from processing.core.search.generation import GenerationResult
from staging.staged_item import load
from tests import ready

pytestmark = pytest.mark.django_db

EXAMPLES = {
    path.stem: json.loads(path.read_text())
    for path in sorted((Path(__file__).parents[2] / "examples").glob("*.json"))
    if path.stem != "work-item.schema"
}
EXAMPLE = EXAMPLES["maze-5x5"]
GENERATIONS, AGENTS = 4, 20


def submitted(*, start: bool = True, **changes: Any) -> Instance:
    """A small run that only its generation limit ends."""
    document = EXAMPLE | {
        "strategy": {"type": "genetic", "population_size": AGENTS}, "stop": {"max_generations": GENERATIONS},
    } | changes
    return intake.submit(document, None, start=start, announce=False).instances[0]


def finished(instance: Instance) -> Instance:
    """The instance after as many shifts as it takes."""
    while runner.work_shift(instance.pk, threads=1):
        continue
    instance.refresh_from_db()
    return instance


def test_a_run_ends_with_every_generation_an_agent_row_each_and_its_digest() -> None:
    instance = finished(submitted())
    assert (instance.state, instance.stop_reason) == ("SUCCEEDED", "GENERATION_LIMIT")
    assert instance.evaluations == GENERATIONS * AGENTS
    numbers = list(Generation.objects.filter(instance=instance).values_list("number", flat=True))
    assert numbers == list(range(GENERATIONS))
    assert Agent.objects.filter(instance=instance).count() == GENERATIONS * AGENTS
    assert instance.digest == Generation.objects.get(instance=instance, number=GENERATIONS - 1).digest
    assert instance.lease_until is None
    assert instance.stop_explanation["rule"] == "GENERATION_LIMIT"


def test_events_are_numbered_without_a_gap_and_end_with_the_end() -> None:
    instance = finished(submitted())
    events = list(Event.objects.filter(instance=instance))
    assert [event.sequence for event in events] == list(range(1, instance.event_sequence + 1))
    assert events[-1].data == {"state": "SUCCEEDED", "outcome": "LIMIT_REACHED"}
    assert events[-1].message == "Completed: The number of generations that the stop rules allow was reached."


def test_champions_alone_are_rows_where_the_work_item_asks_for_it() -> None:
    instance = finished(submitted(record={"agents": "champions"}))
    assert Agent.objects.filter(instance=instance).count() == GENERATIONS


def test_only_the_newest_checkpoint_and_every_tenth_are_kept() -> None:
    instance = finished(submitted(stop={"max_generations": 13}))
    kept = list(Checkpoint.objects.filter(instance=instance).values_list("generation", flat=True))
    assert kept == [0, 10, 12]


def test_shifts_of_one_generation_give_the_same_digest_as_one_shift() -> None:
    whole, shifted = finished(submitted()), submitted()
    shifts = 1
    while runner.work_shift(shifted.pk, seconds=0.0, threads=2):
        shifts += 1
    shifted.refresh_from_db()
    assert shifts == GENERATIONS
    assert shifted.digest == whole.digest


def test_replicates_have_seeds_of_their_own_and_the_first_has_the_work_items() -> None:
    document = EXAMPLE | {"replicates": 3, "seed": 5}
    seeds = [instance.seed for instance in intake.submit(document, None, announce=False).instances]
    assert seeds[0] == 5
    assert len(set(seeds)) == 3


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_workers_are_given_is_the_document_that_queries_show(
    name: str, settings: LazySettings
) -> None:
    work_item = intake.submit(EXAMPLES[name], None, announce=False).work_item
    work_item.refresh_from_db()
    staged = load(work_item.staged, settings.SECRET_KEY.encode())
    assert staged.spec == work_item.spec


def test_a_claimed_run_is_nobody_elses() -> None:
    instance = submitted()
    assert claims.claim(instance.pk) is not None
    assert claims.claim(instance.pk) is None
    assert not runner.work_shift(instance.pk)


def test_a_worker_whose_lease_ran_out_is_fenced(settings: LazySettings) -> None:
    settings.LEASE_SECONDS = -1.0
    instance = submitted()
    zombie = claims.claim(instance.pk)
    settings.LEASE_SECONDS = 30.0
    recovery.sweep()
    heir = claims.claim(instance.pk)
    assert zombie is not None
    assert heir is not None
    assert heir.token > zombie.token
    with pytest.raises(Fenced), claims.fenced(zombie):
        pass
    with pytest.raises(Fenced):
        services.extend(claim=zombie, lease_seconds=30)


def test_a_takeover_in_the_middle_of_a_generation_changes_no_bit(settings: LazySettings) -> None:
    undisturbed, instance = finished(submitted()), submitted()

    def take_over(closed: GenerationResult) -> None:
        if closed.number == 1:
            Instance.objects.filter(pk=instance.pk).update(token=1_000_000, claimed_by="", lease_until=None)

    assert not runner.work_shift(instance.pk, watch=take_over)
    assert Generation.objects.filter(instance=instance).count() == 2
    assert finished(instance).digest == undisturbed.digest


def test_cancel_while_a_generation_is_computed_discards_it() -> None:
    instance = submitted()

    def cancel(closed: GenerationResult) -> None:
        if closed.number == 1:
            states.cancel(instance.pk)

    runner.work_shift(instance.pk, watch=cancel)
    instance.refresh_from_db()
    assert (instance.state, instance.stop_reason, instance.next_generation) == ("CANCELLED", "CANCELLED", 2)


def test_pause_takes_effect_at_the_generations_end_and_resume_goes_on_to_the_same_digest() -> None:
    undisturbed, instance = finished(submitted()), submitted()

    def pause(closed: GenerationResult) -> None:
        if closed.number == 0:
            assert states.pause(instance.pk).state == InstanceState.PAUSING

    assert not runner.work_shift(instance.pk, watch=pause)
    instance.refresh_from_db()
    assert (instance.state, instance.next_generation) == ("PAUSED", 2)
    assert not runner.work_shift(instance.pk)
    states.resume(instance.pk)
    assert finished(instance).digest == undisturbed.digest


def test_cancel_can_let_the_generation_finish() -> None:
    instance = submitted()

    def cancel(closed: GenerationResult) -> None:
        if closed.number == 0:
            assert states.cancel(instance.pk, immediately=False).state == InstanceState.CANCELLING

    runner.work_shift(instance.pk, watch=cancel)
    instance.refresh_from_db()
    assert (instance.state, instance.next_generation) == ("CANCELLED", 2)


def test_a_queued_run_is_paused_and_cancelled_at_once() -> None:
    instance = submitted()
    assert states.pause(instance.pk).state == InstanceState.PAUSED
    assert states.cancel(instance.pk).state == InstanceState.CANCELLED
    for verb in (states.pause, states.resume, states.cancel):
        with pytest.raises(Conflict):
            verb(instance.pk)
        with pytest.raises(NotFound):
            verb(999_999)


def test_a_work_item_can_be_stored_without_being_started() -> None:
    instance = submitted(start=False)
    assert instance.state == InstanceState.PAUSED
    assert instance.pk not in ready.runs()


def test_the_sweep_finds_what_is_ready_and_what_lost_its_worker(settings: LazySettings) -> None:
    settings.NUMBER_OF_WORKERS = 8
    waits, lost, held = submitted(), submitted(), submitted(priority=1)
    claims.claim(held.pk)
    settings.LEASE_SECONDS = -1.0
    claims.claim(lost.pk)
    assert recovery.sweep() == 2
    assert ready.runs() == [waits.pk, lost.pk]


def test_a_run_that_crashes_its_workers_fails_with_a_reason_and_can_be_resumed(
    settings: LazySettings
) -> None:
    instance = submitted()
    for _ in range(settings.MAXIMUM_CRASHES):
        assert claims.claim(instance.pk) is not None
        recovery.worker_died(node.process_name(), crashed=True)
    assert not runner.work_shift(instance.pk)
    instance.refresh_from_db()
    assert (instance.state, instance.stop_reason) == ("FAILED", "ERROR")
    assert instance.failure_message is not None
    assert "crashed 3 times" in instance.failure_message
    states.resume(instance.pk)
    assert finished(instance).state == InstanceState.SUCCEEDED


def test_a_run_that_loses_too_many_workers_fails(settings: LazySettings) -> None:
    settings.MAXIMUM_ATTEMPTS = 2
    instance = submitted()
    for _ in range(2):
        assert claims.claim(instance.pk) is not None
        recovery.worker_died(node.process_name(), crashed=False)
    assert claims.claim(instance.pk) is None
    instance.refresh_from_db()
    assert instance.state == InstanceState.FAILED


def test_the_time_limit_ends_a_run_and_marks_it() -> None:
    instance = finished(submitted(stop={"max_generations": 1_000, "max_seconds": 1e-6}))
    assert (instance.state, instance.stop_reason) == ("SUCCEEDED", "TIME_LIMIT")
    assert not instance.reproducible
    assert instance.stop_explanation["rule"] == "TIME_LIMIT"


def test_a_broken_checkpoint_fails_the_run_with_a_reason() -> None:
    instance = submitted()
    runner.work_shift(instance.pk, seconds=0.0)
    CheckpointPart.objects.filter(checkpoint__instance=instance, kind=PartKind.STATE).update(data=b"nonsense")
    assert not runner.work_shift(instance.pk)
    instance.refresh_from_db()
    assert instance.state == InstanceState.FAILED
    assert "checkpoint" in (instance.failure_message or "")


def test_an_active_run_cannot_be_deleted_and_an_ended_one_can() -> None:
    instance = submitted()
    with pytest.raises(Conflict):
        services.delete_instance(instance_id=instance.pk)
    states.cancel(instance.pk)
    services.delete_instance(instance_id=instance.pk)
    assert not Instance.objects.filter(pk=instance.pk).exists()
    with pytest.raises(NotFound):
        services.delete_instance(instance_id=instance.pk)


def test_sweeping_again_and_again_does_not_fill_the_queue(settings: LazySettings) -> None:
    settings.NUMBER_OF_WORKERS = 2
    for _ in range(3):
        submitted()
    assert [recovery.sweep() for _ in range(20)] == [2] + 19 * [0]
    assert dispatch.waiting() == 2


def test_a_bug_fails_the_run_under_a_number_and_frees_it() -> None:
    instance = submitted()

    def stumble(_: GenerationResult) -> None:
        raise ZeroDivisionError

    assert not runner.work_shift(instance.pk, watch=stumble)
    instance.refresh_from_db()
    assert (instance.state, instance.lease_until) == ("FAILED", None)
    assert "log" in (instance.failure_message or "")


@pytest.mark.django_db(transaction=True)
def test_a_database_that_does_not_answer_frees_the_run_for_a_later_try() -> None:
    instance = submitted()

    def stumble(_: GenerationResult) -> None:
        raise OperationalError("gone")

    assert not runner.work_shift(instance.pk, watch=stumble)
    instance.refresh_from_db()
    assert (instance.state, instance.claimed_by, instance.attempts) == ("RUNNING", "", 0)
    assert claims.claim(instance.pk) is None
    Instance.objects.update(lease_until=None)  # some seconds later
    assert finished(instance).state == InstanceState.SUCCEEDED


def test_trouble_of_the_database_fails_nobody(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, instance = finished(submitted()), submitted(execution={"slice_size": 6})
    runner.work_shift(instance.pk)
    store = services.store_results
    refused = iter(range(2 * settings.MAXIMUM_ATTEMPTS))

    def refuse(**arguments: Any) -> None:
        if next(refused, None) is not None:
            raise OperationalError("no space left")
        store(**arguments)

    monkeypatch.setattr(services, "store_results", refuse)
    while instance.state not in ENDED:
        for number in ready.slices():
            runner.work_slice(number)
        for number in ready.runs():
            runner.work_shift(number)
        Slice.objects.update(lease_until=None)  # some seconds later
        instance.refresh_from_db()
    assert (instance.state, instance.failed_agents, instance.digest) == ("SUCCEEDED", 0, whole.digest)


def test_a_worker_that_was_told_to_stop_costs_no_attempt() -> None:
    instance = submitted()
    assert claims.claim(instance.pk) is not None
    recovery.worker_stopped(node.process_name())
    instance.refresh_from_db()
    assert (instance.attempts, instance.lease_until) == (0, None)


def test_a_pause_that_is_not_reached_yet_can_be_withdrawn() -> None:
    undisturbed, instance = finished(submitted()), submitted()

    def hesitate(closed: GenerationResult) -> None:
        if closed.number == 0:
            states.pause(instance.pk)
            assert states.resume(instance.pk).state == InstanceState.RUNNING

    runner.work_shift(instance.pk, watch=hesitate)
    instance.refresh_from_db()
    assert (instance.state, instance.digest) == ("SUCCEEDED", undisturbed.digest)


def test_checkpoints_of_a_long_run_stay_few() -> None:
    tiny = {"type": "genetic", "population_size": 2, "parents": 1}
    instance = finished(submitted(stop={"max_generations": 400}, strategy=tiny))
    kept = list(Checkpoint.objects.filter(instance=instance).values_list("generation", flat=True))
    assert len(kept) <= services.MOST_CHECKPOINTS + 2
    assert (kept[0], kept[-1]) == (0, 399)
