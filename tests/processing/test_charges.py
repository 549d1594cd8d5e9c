"""What turns are charged, to whom, and how those who come are raised to the others."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from database import services, steps
from database.errors import Fenced
from database.models import Instance, Replay, Share, Slice
from processing import claims, node, recovery, replays, runner, slices, states
from tests import builders, ready
from tests.processing.test_runs import finished, submitted
from tests.processing.test_turns import next_run, run_of, shares_of, user

pytestmark = pytest.mark.django_db


def held_for(rows: Any, seconds: float) -> None:
    """Workers have held these steps for so many seconds more."""
    rows.update(claimed_at=F("claimed_at") - timedelta(seconds=seconds))



def test_a_turn_is_charged_to_the_submitter_and_to_the_work_item() -> None:
    instance = submitted()
    before = time.monotonic()
    runner.take_turn()
    took = time.monotonic() - before
    submitter, work_item = shares_of(instance)
    assert 0 < submitter == work_item <= took
    instance.refresh_from_db()
    assert instance.state == "SUCCEEDED"
    assert not Share.objects.filter(has_work=True).exists()


def test_a_lost_turn_is_charged_too() -> None:
    instance = submitted()
    assert claims.claim(instance.pk) is not None
    held_for(Instance.objects.all(), 10_000.0)
    recovery.worker_died(node.process_name(), crashed=True)
    assert 10_000.0 <= shares_of(instance)[0] < 15_000.0


def test_a_crash_at_once_is_charged_the_restart_and_a_stop_is_not() -> None:
    for crashed, least, most in ((True, 2.0, 1_000.0), (None, 0.0, 1.5)):
        instance = submitted()
        assert claims.claim(instance.pk) is not None
        Instance.objects.update(claimed_at=F("lease_until"))
        before = shares_of(instance)[0]
        message = "for a test"
        services.release_worker(worker=node.process_name(), crashed=crashed, message=message)
        assert least <= shares_of(instance)[0] - before < most


def test_a_machine_that_was_switched_off_charges_a_lost_turn_up_to_the_end_of_its_lease() -> None:
    instance = submitted()
    assert claims.claim(instance.pk) is not None
    hours = timedelta(hours=10)
    Instance.objects.update(claimed_at=F("claimed_at") - hours, lease_until=F("lease_until") - hours)
    recovery.sweep()
    assert 25 <= shares_of(instance)[0] <= 40


def test_a_turn_that_was_lost_is_charged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = submitted()

    def stopped(*_: Any, **__: Any) -> Any:
        held_for(Instance.objects.all(), 10_000.0)
        recovery.worker_died(node.process_name(), crashed=False)
        raise services_fenced

    services_fenced = Fenced("for a test")
    monkeypatch.setattr(runner.Shift, "work", stopped)
    runner.take_turn()
    assert 10_000.0 <= shares_of(instance)[0] < 15_000.0


def test_a_submitter_is_charged_for_a_work_item_that_was_deleted_meanwhile() -> None:
    instance = run_of(user("ada"))
    claim = claims.claim(instance.pk)
    assert claim is not None
    states.cancel(instance.pk)
    services.delete_work_item(work_item_id=instance.work_item_id)
    services.charge(
        submitter_id=claim.submitter_id, share_id=claim.share_id, seconds=10_000.0, priority=claim.priority
    )
    assert 10_000.0 <= Share.objects.get(pk=claim.submitter_id).charged_seconds < 15_000.0


def test_the_replays_of_a_run_that_is_deleted_leave_the_line() -> None:
    ended = builders.generation(run_of(user("ada")), [1.0, 2.0])
    states.cancel(ended.pk)
    replays.request(
        instance_id=ended.pk, generation=0, index=1, episode=0, with_pictures=False, owner=user("bob")
    )
    services.delete_work_item(work_item_id=ended.work_item_id)
    assert not Share.objects.filter(has_work=True).exists()


def test_who_comes_is_raised_to_the_least_of_those_with_work() -> None:
    ada, bob, eve = user("ada"), user("bob"), user("eve")
    first, second = run_of(ada), run_of(bob)
    builders.charged(first, 30.0)
    builders.charged(second, 20.0)
    late = run_of(eve)
    assert shares_of(late)[0] == 20.0
    states.cancel(late.pk)
    builders.charged(second, 80.0)
    assert shares_of(run_of(eve))[0] == 30.0


def test_who_is_in_a_turn_counts_among_those_with_work() -> None:
    ada, bob = user("ada"), user("bob")
    working = run_of(ada)
    builders.charged(working, 50.0)
    assert claims.claim(working.pk) is not None
    assert shares_of(run_of(bob))[0] == 50.0


def test_who_has_work_left_is_not_raised_and_who_paused_everything_is() -> None:
    ada, bob = user("ada"), user("bob")
    first, second, other = run_of(ada), run_of(ada), run_of(bob)
    builders.charged(other, 40.0)
    states.pause(first.pk)
    assert run_of(ada).share_id != first.share_id
    assert shares_of(second)[0] == 0.0
    for instance in Instance.objects.filter(work_item__submitted_by=ada).exclude(state="PAUSED"):
        states.pause(instance.pk)
    states.resume(first.pk)
    assert shares_of(first)[0] == 40.0


def test_where_nobody_has_work_who_comes_is_raised_to_the_most_that_anybody_was_charged() -> None:
    ada, bob = user("ada"), user("bob")
    first = run_of(ada)
    builders.charged(first, 1_000.0)
    states.cancel(first.pk)
    assert shares_of(run_of(bob))[0] == 1_000.0
    assert shares_of(run_of(ada))[0] == 1_000.0


def test_a_run_in_back_off_does_not_fall_behind_what_others_are_charged() -> None:
    waits, busy = run_of(user("ada")), run_of(user("bob"))
    builders.charged(busy, 500.0)
    claim = claims.claim(waits.pk)
    assert claim is not None
    claims.back_off(claim, "For a test.")
    assert shares_of(waits)[0] == 500.0


def test_shares_that_are_wrongly_counted_are_mended() -> None:
    instance, ended = submitted(), submitted()
    states.cancel(ended.pk)
    Share.objects.filter(pk=instance.share_id).update(has_work=False)
    Share.objects.filter(pk=ended.share_id).update(has_work=True)
    assert next_run() is None
    assert services.mend() == 2
    assert next_run() == instance.pk
    assert set(Share.objects.filter(has_work=True).values_list("work_item", flat=True)) == {
        instance.work_item_id
    }


def test_a_turn_whose_run_is_cancelled_is_charged() -> None:
    instance = run_of(user("ada"))
    assert claims.claim(instance.pk) is not None
    held_for(Instance.objects.all(), 10_000.0)
    states.cancel(instance.pk)
    assert 10_000.0 <= shares_of(instance)[0] < 15_000.0


def test_a_cancel_within_a_turn_is_charged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = submitted()

    def cancelled(*_: Any, **__: Any) -> Any:
        held_for(Instance.objects.all(), 10_000.0)
        states.cancel(instance.pk)
        raise Fenced("for a test")

    monkeypatch.setattr(runner.Shift, "work", cancelled)
    runner.take_turn()
    assert 10_000.0 <= shares_of(instance)[0] < 15_000.0


def test_where_one_slice_fails_a_run_the_others_under_way_are_charged() -> None:
    instance = submitted(execution={"slice_size": 6})
    runner.work_shift(instance.pk)
    failing, other = (claims.claim_slice(number) for number in ready.slices()[:2])
    assert failing is not None
    assert other is not None
    held_for(Slice.objects.filter(pk=other.slice_id), 10_000.0)
    held_for(Slice.objects.filter(pk=failing.slice_id), 100_000.0)  # its own worker charges that
    assert claims.fail(failing, "For a test.")
    assert 10_000.0 <= shares_of(instance)[0] < 15_000.0
    assert not claims.fail(other, "Too late.")
    assert not claims.hand_back(other)
    assert not claims.back_off(other, "Too late.")


def test_a_replay_under_way_that_is_asked_for_anew_or_deleted_is_charged() -> None:
    ended = builders.generation(run_of(user("ada")), [1.0, 2.0])
    states.cancel(ended.pk)
    address: dict[str, Any] = {"instance_id": ended.pk, "generation": 0, "index": 1, "episode": 0}
    bob = user("bob")
    replay = replays.request(**address, with_pictures=False, owner=bob)
    for number, seconds in enumerate((10_000.0, 20_000.0)):
        assert claims.claim_replay(replay.pk) is not None
        held_for(Replay.objects.all(), seconds)
        if number == 0:
            replays.request(**address, with_pictures=True, owner=bob)
    services.delete_work_item(work_item_id=ended.work_item_id)
    assert 30_000.0 <= Share.objects.get(user=bob).charged_seconds < 35_000.0


def test_a_worker_that_is_killed_has_charged_the_slices_that_it_finished(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "CHARGE_AFTER_SECONDS", 0.0)
    instance = submitted(execution={"slice_size": 6})
    runner.work_shift(instance.pk)
    store, charged_before = slices.store, []

    def killed(*arguments: Any) -> None:
        charged_before.append(shares_of(instance)[0])
        if len(charged_before) == 3:
            raise KeyboardInterrupt
        store(*arguments)

    monkeypatch.setattr(slices, "store", killed)
    with pytest.raises(KeyboardInterrupt):
        runner.take_turn()
    assert charged_before[0] < charged_before[1] < charged_before[2]


def test_who_comes_is_not_raised_to_those_whose_steps_are_all_in_back_off() -> None:
    ada, bob = user("ada"), user("bob")
    waiting, busy = [run_of(ada), run_of(ada)], run_of(bob)
    builders.charged(busy, 5_000.0)
    for instance in waiting:
        claim = claims.claim(instance.pk)
        assert claim is not None
        Share.objects.filter(user=ada).update(charged_seconds=0.0)
        claims.back_off(claim, "For a test.")
    assert shares_of(run_of(user("eve")))[0] == 5_000.0
    assert shares_of(waiting[0])[0] == 5_000.0


def test_a_run_whose_slices_are_all_in_back_off_does_not_fall_behind() -> None:
    instance, busy = submitted(execution={"slice_size": 12}), run_of(user("bob"))
    runner.work_shift(instance.pk)
    builders.charged(busy, 500.0)
    for number in ready.slices(instance.pk):
        claim = claims.claim_slice(number)
        assert claim is not None
        assert shares_of(instance)[0] < 500.0
        claims.back_off(claim, "For a test.")
    assert shares_of(instance)[0] == 500.0


def test_the_back_off_of_a_run_that_was_deleted_changes_nothing() -> None:
    instance = run_of(user("ada"))
    claim = claims.claim(instance.pk)
    assert claim is not None
    states.cancel(instance.pk)
    services.delete_work_item(work_item_id=instance.work_item_id)
    assert not claims.back_off(claim, "For a test.")
    services.keep_up(claim.share_id)


def test_the_time_in_which_slices_wait_is_not_computing_time() -> None:
    instance = submitted(execution={"slice_size": 6})
    runner.work_shift(instance.pk)
    numbers = ready.slices()
    for number in numbers:
        runner.work_slice(number)
    hour = timedelta(hours=1)
    Slice.objects.update(opened_at=F("opened_at") - hour)
    Slice.objects.filter(pk=numbers[0]).update(
        claimed_at=F("claimed_at") - hour, finished_at=F("finished_at") - hour
    )
    assert 0 < steps.seconds_of_slices(instance.pk) < 3_000
    assert finished(instance).compute_seconds < 3_000


def test_time_in_which_several_workers_work_counts_once() -> None:
    instance = submitted(execution={"slice_size": 12})
    runner.work_shift(instance.pk)
    now = services.database_now()
    spans = dict(zip(ready.slices(), ((0, 10), (5, 12)), strict=True))
    for number, (began, ended) in spans.items():
        Slice.objects.filter(pk=number).update(
            claimed_at=now + timedelta(seconds=began), finished_at=now + timedelta(seconds=ended)
        )
    assert steps.seconds_of_slices(instance.pk) == 12.0


def test_slices_whose_writing_was_interrupted_are_deleted_with_the_claim(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "BATCH_BYTES", 1)
    instance = submitted(execution={"slice_size": 6})
    add = services.add_slices

    def interrupted(**arguments: Any) -> None:
        if not arguments["is_first"]:
            raise runner.Stopping
        add(**arguments)

    monkeypatch.setattr(services, "add_slices", interrupted)
    runner.work_shift(instance.pk)
    assert not Slice.objects.exists()
    instance.refresh_from_db()
    assert (instance.claimed_by, instance.attempts) == ("", 0)
