"""Why a run has no turn yet, and its place among what waits."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from api import intake
from database import services
from database.models import Instance, Replay, Slice, Worker
from database.selectors import Place, Queue, Situation, Wait, explain_wait, places
from processing import claims, node, recovery, replays, runner, states
from tests import builders, ready
from tests.processing.test_runs import submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker() -> None:
    """A worker is online."""
    node.register()


def run_of(owner: User | None = None, **changes: Any) -> Instance:
    return intake.submit(builders.document(**changes), owner, announce=False).instances[0]


def wait_of(instance: Instance) -> Wait:
    found = explain_wait(instance.pk)
    assert found is not None
    return found


def queue_of(instance: Instance) -> Queue:
    queue = wait_of(instance).queue
    assert queue is not None
    return queue


def statements(instance: Instance) -> int:
    with CaptureQueriesContext(connection) as queries:
        wait_of(instance)
    return len(queries)


def test_there_is_none_of_a_run_that_does_not_exist() -> None:
    assert explain_wait(999_999) is None


@pytest.mark.usefixtures("worker")
def test_submitters_are_counted_that_were_charged_less_and_have_a_step() -> None:
    own, less, least, more, held = (run_of() for _ in range(5))
    for instance, seconds in ((own, 120.0), (less, 50.0), (least, 14.0), (more, 300.0), (held, 1.0)):
        builders.charged(instance, seconds)
    assert claims.claim(held.pk) is not None
    found = wait_of(own)
    assert (found.situation, found.submitter_seconds, found.work_item_seconds) == (Situation.WAITS, 120, 120)
    assert found.queue is not None
    assert (found.queue.submitters, found.queue.work_items, found.queue.steps) == (
        Place(2, 4), Place(0, 1), Place(0, 1)
    )
    assert found.queue.least_work_item_seconds == 120.0
    assert 1.0 <= (found.queue.least_submitter_seconds or 0.0) <= 14.0  # with the turn under way
    assert queue_of(least).submitters == Place(0, 4)
    assert queue_of(more).submitters == Place(3, 4)


@pytest.mark.usefixtures("worker")
def test_submitters_that_were_charged_the_same_come_in_the_order_of_their_shares() -> None:
    assert [queue_of(each).submitters for each in (run_of(), run_of())] == [Place(0, 2), Place(1, 2)]


@pytest.mark.usefixtures("worker")
def test_work_items_are_counted_within_their_submitter() -> None:
    ada = User.objects.create_user("ada")
    first, second, third = run_of(ada), run_of(ada), run_of(ada)
    run_of(User.objects.create_user("bob"))
    for instance, seconds in ((first, 30.0), (second, 20.0), (third, 10.0)):
        builders.charged(instance, seconds)
    assert [queue_of(each).work_items for each in (first, second, third)] == [
        Place(2, 3), Place(1, 3), Place(0, 3)
    ]
    found = wait_of(second)
    assert (found.submitter_seconds, found.work_item_seconds) == (60.0, 20.0)
    assert found.queue is not None
    assert (found.queue.least_submitter_seconds, found.queue.least_work_item_seconds) == (0.0, 10.0)


@pytest.mark.usefixtures("worker")
def test_steps_are_counted_within_their_work_item_in_the_order_of_turns() -> None:
    low, high, other = intake.submit(
        builders.document(replicates=3), User.objects.create_user("ada"), announce=False
    ).instances
    Instance.objects.filter(pk=high.pk).update(turn_order=F("turn_order") - timedelta(seconds=60))
    assert [queue_of(each).steps for each in (low, high, other)] == [Place(1, 3), Place(0, 3), Place(2, 3)]
    states.pause(high.pk)
    assert [queue_of(each).steps for each in (low, other)] == [Place(0, 2), Place(1, 2)]


@pytest.mark.usefixtures("worker")
def test_slices_and_replays_are_steps_of_their_work_item() -> None:
    ada = User.objects.create_user("ada")
    sliced, other = intake.submit(
        builders.document(replicates=2, execution={"slice_size": 1}), ada, announce=False
    ).instances
    ended = builders.generation(run_of(ada), [1.0, 2.0])
    states.cancel(ended.pk)
    runner.work_shift(sliced.pk)
    slices = len(ready.slices(sliced.pk))
    assert slices > 1
    assert queue_of(other).steps == Place(0, 1 + slices)
    assert queue_of(sliced).steps == Place(1, 1 + slices)
    Instance.objects.filter(pk=other.pk).update(turn_order=services.database_now() + timedelta(hours=1))
    assert queue_of(other).steps == Place(slices, 1 + slices)
    replays.request(
        instance_id=ended.pk, generation=0, index=1, episode=0, with_pictures=False, owner=ada
    )
    assert queue_of(other).work_items == Place(0, 2)
    Replay.objects.update(share=other.share_id)
    assert queue_of(other).steps == Place(slices + 1, slices + 2)


@pytest.mark.usefixtures("worker")
def test_the_counts_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "MOST_COUNTED", 2)
    last = [run_of() for _ in range(5)][-1]
    assert queue_of(last).submitters == Place(2, 2)


@pytest.mark.usefixtures("worker")
def test_waiting_raises_the_priority() -> None:
    instance = run_of(priority=-3)
    Instance.objects.filter(pk=instance.pk).update(turn_order=F("turn_order") - timedelta(seconds=50))
    found = wait_of(instance)
    assert found.waited_seconds is not None
    assert 50 <= found.waited_seconds < 60
    assert found.present_priority == pytest.approx(-3 + found.waited_seconds / 10)


def test_the_worker_that_holds_a_run_or_a_slice_of_it_has_its_turn() -> None:
    instance = run_of()
    assert claims.claim(instance.pk) is not None
    found = wait_of(instance)
    assert (found.situation, found.queue, found.waited_seconds) == (Situation.IN_TURN, None, None)
    sliced = submitted(execution={"slice_size": 1})
    runner.work_shift(sliced.pk)
    assert wait_of(sliced).situation == Situation.NO_WORKER
    assert claims.claim_slice(ready.slices(sliced.pk)[0]) is not None
    assert wait_of(sliced).situation == Situation.IN_TURN
    states.pause(sliced.pk)
    assert wait_of(sliced).situation == Situation.IN_TURN


def test_a_run_that_is_paused_or_has_ended_does_not_wait() -> None:
    instance = run_of()
    states.pause(instance.pk)
    assert wait_of(instance).situation == Situation.PAUSED
    states.cancel(instance.pk)
    found = wait_of(instance)
    assert (found.situation, found.queue, found.present_priority) == (Situation.ENDED, None, None)


def test_a_run_whose_pause_waits_for_a_sweep_is_as_good_as_paused() -> None:
    sliced = submitted(execution={"slice_size": 1})
    runner.work_shift(sliced.pk)
    Instance.objects.filter(pk=sliced.pk).update(state="PAUSING")
    assert wait_of(sliced).situation == Situation.PAUSED


def test_without_a_worker_that_was_seen_the_place_is_that_among_all() -> None:
    node.register()
    Worker.objects.update(seen_at=services.database_now() - timedelta(seconds=31))
    run_of()
    found = wait_of(run_of(execution={"slice_size": 1}))
    assert (found.situation, found.workers) == (Situation.NO_WORKER, 0)
    assert found.queue is not None
    assert found.queue.submitters == Place(1, 2)


def test_a_run_waits_for_workers_of_its_numeric_profile(settings: LazySettings) -> None:
    settings.NUMERIC_PROFILE = "x86+openblas"
    node.register()
    core, full, other = run_of(), run_of(), run_of()
    for instance, profile in ((core, "x86"), (full, "x86+openblas"), (other, "arm")):
        Instance.objects.filter(pk=instance.pk).update(profile=profile)
    services.register_worker(name="second", host="h", profile="x86+mkl", threads=1)
    assert [wait_of(each).able_workers for each in (core, full, other, run_of())] == [2, 1, 0, 2]
    found = wait_of(other)
    assert (found.situation, found.workers, found.profile) == (Situation.OTHER_PROFILE, 2, "arm")
    assert queue_of(full).submitters == Place(1, 3)  # nobody can do those of `other`


@pytest.mark.usefixtures("worker")
def test_a_back_off_says_until_when_and_why() -> None:
    instance = run_of()
    claim = claims.claim(instance.pk)
    assert claim is not None
    claims.back_off(claim, "The kind `toy` is not known.", tries_to_report=1)
    found = wait_of(instance)
    assert (found.situation, found.queue) == (Situation.BACK_OFF, None)
    assert found.retry_at is not None
    assert found.retry_seconds is not None
    assert 0 < found.retry_seconds <= 1
    assert found.reason == "The kind `toy` is not known. It is tried again and again."


@pytest.mark.usefixtures("worker")
def test_a_back_off_of_all_slices_lasts_until_the_first_of_them_is_tried_again() -> None:
    sliced = submitted(execution={"slice_size": 1})
    runner.work_shift(sliced.pk)
    soon, late = (services.database_now() + timedelta(seconds=seconds) for seconds in (20, 40))
    Slice.objects.update(lease_until=late)
    Slice.objects.filter(pk=min(Slice.objects.values_list("pk", flat=True))).update(lease_until=soon)
    found = wait_of(sliced)
    assert (found.situation, found.reason) == (Situation.BACK_OFF, None)
    assert found.retry_at is not None
    assert abs((found.retry_at - soon).total_seconds()) < 0.01


@pytest.mark.usefixtures("worker")
def test_the_reason_is_one_of_this_wait() -> None:
    instance = run_of()
    assert claims.claim(instance.pk) is not None
    recovery.worker_died(node.process_name(), crashed=True)
    builders.generation(Instance.objects.get(pk=instance.pk), [1.0])
    Instance.objects.update(lease_until=services.database_now() + timedelta(seconds=30))
    found = wait_of(instance)
    assert (found.situation, found.reason) == (Situation.BACK_OFF, None)


@pytest.mark.usefixtures("worker")
def test_as_many_statements_are_sent_however_much_waits() -> None:
    instance = run_of()
    few = statements(instance)
    ada = User.objects.create_user("ada")
    for _ in range(3):
        intake.submit(builders.document(replicates=3), ada, announce=False)
        run_of()
    assert statements(instance) == few == 4
    sliced = submitted(execution={"slice_size": 1})
    runner.work_shift(sliced.pk)
    assert statements(sliced) == 5
    Slice.objects.update(lease_until=services.database_now() + timedelta(seconds=20))
    assert statements(sliced) == 6
