"""Whose turn is next, what a turn is charged, and what wakes are for."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from celery import current_app
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from api import intake
from database import services, turns
from database.models import Event, Instance, Share, Slice
from database.services import served
from database.services.shares import weight
from database.turns import Found, StepKind
from processing import (
    claims,
    dispatch,
    heartbeat,
    node,
    recovery,
    replays,
    runner,
    shift,
    slices,
    states,
    tasks,
)
from processing.core.evaluations import lost
from processing.core.search import slice_payload
from processing.core.search.generation import GenerationResult
from processing.core.search.slice_payload import joined
from processing.core.types import no_beat
from processing.run import Run
from tests import builders, ready
from tests.processing.test_runs import finished, submitted

pytestmark = pytest.mark.django_db


def user(name: str) -> User:
    return User.objects.create_user(name)


def run_of(owner: User | None, **changes: Any) -> Instance:
    return intake.submit(builders.document(**changes), owner, announce=False).instances[0]


def plans_of(*questions: Callable[[], object]) -> list[str]:
    """The lines of the database's plans for these questions."""
    with CaptureQueriesContext(connection) as captured:
        for question in questions:
            question()
    explain = {"postgresql": "EXPLAIN", "sqlite": "EXPLAIN QUERY PLAN"}[connection.vendor]
    found = []
    for query in captured.captured_queries:
        *settings_of, statement = query["sql"].split(";")
        with connection.cursor() as cursor:
            cursor.execute(";".join([*settings_of, f"{explain} {statement}"]))
            found += [str(row[-1]).strip() for row in cursor.fetchall()]
    return found


def next_run() -> int | None:
    """The run whose turn is next."""
    found = turns.next_step(node.abilities())
    assert found is None or found.kind == StepKind.RUN
    return None if found is None else found.pk


def shares_of(instance: Instance) -> tuple[float, float]:
    """What the run's submitter and its work item were charged."""
    share = Share.objects.select_related("parent").get(pk=instance.share_id)
    assert share.parent is not None
    return share.parent.charged_seconds, share.charged_seconds


def next_turns(number: int, seconds: float = 1.0) -> list[int]:
    """The runs that have the next turns, each of which takes so many seconds."""
    order = []
    for _ in range(number):
        found = next_run()
        assert found is not None
        order.append(found)
        instance = Instance.objects.get(pk=found)
        builders.charged(instance, seconds)
        Instance.objects.filter(pk=found).update(turn_order=services.database_now())
    return order


def test_the_turns_alternate_between_submitters_however_many_runs_each_has() -> None:
    ada, bob = user("ada"), user("bob")
    many, single = [run_of(ada).pk for _ in range(5)], run_of(bob).pk
    order = next_turns(8)
    assert [number == single for number in order] == [False, True] * 4
    assert {number for number in order if number != single} == set(many[:4])


def test_without_an_account_each_work_item_is_a_submitter() -> None:
    first = intake.submit(builders.document(replicates=3), None, announce=False).instances
    other = run_of(None)
    order = next_turns(4)
    assert [number == other.pk for number in order] == [False, True, False, True]
    assert order[0] == first[0].pk
    assert order[2] == first[1].pk


def test_within_a_submitter_the_turns_alternate_between_work_items() -> None:
    ada = user("ada")
    many = intake.submit(builders.document(replicates=4), ada, announce=False).instances
    single = run_of(ada)
    assert [number == single.pk for number in next_turns(4)] == [False, True, False, True]
    assert Share.objects.filter(parent__isnull=True).count() == 1
    assert many[0].share_id != single.share_id


def test_a_turn_is_charged_by_the_weight_of_the_priority() -> None:
    assert [weight(priority) for priority in (100, 50, 0, -100)] == [4.0, 2.0, 1.0, 0.25]
    high, low = run_of(None, priority=100), run_of(None, priority=-100)
    order = next_turns(17)
    assert order.count(high.pk) == 16
    assert order.count(low.pk) == 1


def test_within_a_work_item_the_highest_priority_comes_first_and_waiting_raises_it() -> None:
    low, high = intake.submit(builders.document(replicates=2), user("ada"), announce=False).instances
    states.pause(low.pk)
    Instance.objects.filter(pk=low.pk).update(priority=-3)
    states.resume(low.pk)
    assert next_run() == high.pk
    Instance.objects.filter(pk=low.pk).update(turn_order=F("turn_order") - timedelta(seconds=31))
    assert next_run() == low.pk


def test_what_a_worker_holds_or_cannot_do_is_passed_over(settings: LazySettings) -> None:
    held, other, paused = run_of(None), run_of(None), run_of(None)
    assert claims.claim(held.pk) is not None
    Instance.objects.filter(pk=other.pk).update(profile="another")
    states.pause(paused.pk)
    assert next_run() is None
    settings.NUMERIC_PROFILE = "another"
    assert next_run() == other.pk


def test_a_step_in_back_off_is_passed_over() -> None:
    instance = run_of(None)
    claim = claims.claim(instance.pk)
    assert claim is not None
    claims.back_off(claim, "For a test.")
    assert next_run() is None
    Instance.objects.update(lease_until=services.database_now() - timedelta(seconds=1))
    assert next_run() == instance.pk


def test_a_replay_is_of_the_same_line_and_charged_to_who_asked() -> None:
    ada, bob = user("ada"), user("bob")
    ended = builders.generation(run_of(ada), [1.0, 2.0])
    states.cancel(ended.pk)
    busy = run_of(ada)
    builders.charged(busy, 10.0)
    replay = replays.request(
        instance_id=ended.pk, generation=0, index=1, episode=0, with_pictures=False, owner=bob
    )
    assert turns.next_step(node.abilities()) == Found(StepKind.RUN, busy.pk)  # both were charged the same
    builders.charged(busy, 1.0)
    claim = claims.claim_next()
    assert isinstance(claim, services.ReplayClaim)
    assert claim.replay_id == replay.pk
    assert Share.objects.get(pk=claim.share_id).parent == Share.objects.get(user=bob)
    services.fail_replay(claim=claim, failure="For a test.")
    assert not Share.objects.get(user=bob).has_work


def test_a_worker_takes_several_small_slices_a_turn_and_goes_on_with_their_run() -> None:
    whole, instance = finished(submitted()), submitted(execution={"slice_size": 2})
    runner.take_turn()
    instance.refresh_from_db()
    assert (instance.state, instance.digest) == ("SUCCEEDED", whole.digest)


def test_a_generation_is_cut_at_the_end_of_the_turn_and_ends_with_the_same_bits(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, instance = finished(submitted()), submitted()
    settings.SHIFT_SECONDS = 0.0
    judge = type(Run.load(instance.pk, threads=1).plan.judge)
    evaluate = judge.evaluate

    def interrupted(self: Any, genomes: Any, **arguments: Any) -> Any:
        number = self.genome.count(genomes)
        is_over = arguments["beat"]()
        last = max(1, number // 2) if is_over else number
        return evaluate(self, genomes, **arguments | {"last": last, "beat": no_beat})

    monkeypatch.setattr(judge, "evaluate", interrupted)
    seen = set()
    for _ in range(200):
        runner.take_turn()
        seen.add(Slice.objects.count())
    instance.refresh_from_db()
    assert (instance.state, instance.digest) == ("SUCCEEDED", whole.digest)
    assert max(seen) > 1


def test_no_more_than_so_many_slices_are_open(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (slices, shift, slice_payload):
        monkeypatch.setattr(module, "MOST_SLICES", 4)
    instance = submitted(execution={"slice_size": 1})
    runner.work_shift(instance.pk)
    assert len(ready.slices(instance.pk)) == 4
    assert finished_in_turns(instance).state == "SUCCEEDED"


def finished_in_turns(instance: Instance) -> Instance:
    while turns.next_step(node.abilities()) is not None:
        runner.take_turn()
    instance.refresh_from_db()
    return instance


def test_slices_are_claimed_when_the_last_of_them_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "BATCH_BYTES", 1)
    add, written = services.add_slices, []

    def added(**arguments: Any) -> None:
        assert ready.slices() == []
        written.append(len(arguments["slices"]))
        add(**arguments)

    monkeypatch.setattr(services, "add_slices", added)
    instance = submitted(execution={"slice_size": 6})
    runner.work_shift(instance.pk)
    assert written == [1, 1, 1, 1]
    assert len(ready.slices(instance.pk)) == 4


def test_what_an_interrupted_worker_wrote_of_slices_is_written_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, instance = finished(submitted()), submitted(execution={"slice_size": 6})
    monkeypatch.setattr(slices, "BATCH_BYTES", 1)
    add = services.add_slices

    def dies(**arguments: Any) -> None:
        add(**arguments)
        if not arguments["is_first"]:
            raise KeyboardInterrupt

    monkeypatch.setattr(services, "add_slices", dies)
    with pytest.raises(KeyboardInterrupt):
        runner.work_shift(instance.pk)
    assert Slice.objects.count() == 1  # the second transaction was rolled back
    monkeypatch.setattr(services, "add_slices", add)
    recovery.worker_died(node.process_name(), crashed=False)
    assert finished_in_turns(instance).digest == whole.digest


def test_no_wake_is_sent_while_as_many_wait_as_there_are_processes(settings: LazySettings) -> None:
    settings.NUMBER_OF_WORKERS = 2
    assert [dispatch.wake() for _ in range(4)] == [1, 1, 0, 0]
    assert dispatch.wake(5) == 0
    assert dispatch.waiting() == 2


def test_a_wake_is_sent_over_a_new_connection_where_the_old_one_broke(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    assert dispatch.wake() == 1
    count, answers = dispatch._count, iter([OSError("Timeout reading from socket"), None])

    def counted(connection: Any, queue: str) -> int:
        error = next(answers)
        if error is not None:
            raise error
        return count(connection, queue)

    monkeypatch.setattr(dispatch, "_count", counted)
    monkeypatch.setattr(dispatch, "processes", lambda: 8)
    assert dispatch.wake() == 1


def test_a_wake_wakes_others_where_more_is_ready_and_its_end_wakes_again(settings: LazySettings) -> None:
    settings.NUMBER_OF_WORKERS = 8
    submitted(), submitted()
    runner.take_turn()
    assert dispatch.waiting() == 2  # one for the other run, one at the end
    runner.take_turn()
    assert dispatch.waiting() == 3
    runner.take_turn()
    assert dispatch.waiting() == 3


def test_wakes_too_many_and_messages_of_earlier_versions_change_nothing() -> None:
    instance = submitted()
    for name in dispatch.OLDER:
        current_app.tasks[name].run(999_999)
    for _ in range(3):
        tasks.wake()
    instance.refresh_from_db()
    assert (instance.state, instance.next_generation) == ("SUCCEEDED", 4)
    assert Event.objects.filter(instance=instance, type="STATE_CHANGED").count() == 3


@pytest.mark.parametrize("size", [5, 20])
@pytest.mark.parametrize("room", [1, 2, 100])
@pytest.mark.parametrize("agents", [[2], [0], [4], [0, 3], [1, 3], [2, 4]])
def test_some_results_of_a_turn_are_always_kept(agents: list[int], room: int, size: int) -> None:
    plan = Run.load(submitted().pk, threads=1).plan
    population = plan.strategy.ask(plan.strategy.begin(), seed=1, generation=0)
    population = joined([population], plan.genome)
    few = slice_payload.unpack_slice(slice_payload.pack_slice(population, 0, size, plan.genome), plan.genome)
    evaluations = replace(lost(len(agents)), agents=np.array(agents, np.int32))
    found = list(slices.begun(plan, few, evaluations, seconds=1.0, room=room))
    assert [each.first for each in found] == [0, *(each.last for each in found[:-1])]
    assert found[-1].last == size
    assert any(each.results for each in found)
    assert sum(each.results is None for each in found) <= max(room, 2)


def test_slices_of_the_rest_take_about_a_turn(settings: LazySettings) -> None:
    settings.SHIFT_SECONDS = 10.0
    plan = Run.load(submitted().pk, threads=1).plan
    population = plan.strategy.ask(plan.strategy.begin(), seed=1, generation=0)
    for seconds, expected in ((10.0, 2), (5.0, 4), (20.0, 1)):
        found = list(slices.begun(plan, population, lost(2), seconds=seconds, room=1_000))
        assert {each.last - each.first for each in found[1:-1]} == {expected}


def test_a_generation_that_would_not_end_in_the_turn_is_left_to_the_next_one(settings: LazySettings) -> None:
    settings.SHIFT_SECONDS, settings.GENERATION_PAUSE_SECONDS = 0.5, 0.3
    instance = submitted()
    runner.take_turn()
    instance.refresh_from_db()
    assert (instance.next_generation, instance.pending_slices, instance.claimed_by) == (1, None, "")


def test_where_a_generation_is_opened_in_slices_others_are_woken(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.NUMBER_OF_WORKERS = 8
    woken: list[int] = []
    monkeypatch.setattr(dispatch, "wake", lambda *_: woken.append(len(ready.slices())) or 1)
    submitted(execution={"slice_size": 6}, stop={"max_generations": 1})
    runner.take_turn()
    assert woken == [3, 0]  # one slice is claimed, three wait; and at the end


def test_a_run_that_works_in_one_process_alone_pauses_at_the_end_of_a_generation(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = submitted()
    monkeypatch.setattr(heartbeat, "LOOK_AFTER_SECONDS", -1.0)

    def pause(_: GenerationResult) -> None:
        states.pause(instance.pk)

    runner.work_run(instance.pk, threads=1, watch=pause)
    instance.refresh_from_db()
    assert (instance.state, instance.next_generation) == ("PAUSED", 2)


def test_one_process_alone_finishes_what_a_lost_worker_left_in_slices(settings: LazySettings) -> None:
    whole, instance = finished(submitted()), submitted(execution={"slice_size": 6})
    runner.work_shift(instance.pk)
    settings.LEASE_SECONDS = -1.0
    assert claims.claim_slice(ready.slices(instance.pk)[0]) is not None
    settings.LEASE_SECONDS = 30.0
    runner.work_run(instance.pk, threads=1)
    instance.refresh_from_db()
    assert (instance.state, instance.digest) == ("SUCCEEDED", whole.digest)


def test_every_row_is_found_by_an_index_whatever_statistics_the_database_has() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    part = run_of(User.objects.create_user("ada")).share
    assert part.parent_id is not None
    submitter = part.parent_id
    plans = plans_of(
        lambda: turns.next_step(node.abilities()), lambda: turns.count_ready(most=4),
        lambda: served.least_charged(None, but=None), lambda: served.least_charged(submitter, but=part.pk),
        lambda: served.most_charged(None, but=None), lambda: served.most_charged(submitter, but=None),
        lambda: served.is_served(part.pk), lambda: served.submitter_is_served(submitter),
    )
    assert not [line for line in plans if re.search(r"Seq Scan|^SCAN ([abirs]|database_\w+)$", line)]
    of_replays = [line for line in plans if re.search(r"database_replay r|SEARCH r ", line)]
    assert [line for line in of_replays if "replay_next" in line or "replay_ready" in line] == of_replays
