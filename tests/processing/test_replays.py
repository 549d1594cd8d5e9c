"""Replays: asked for, claimed with a lease, done by a worker, kept."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User

from database import selectors, services
from database.errors import Fenced, NotFound, TooMany
from database.models import Agent, Event, Instance, Replay
from database.services import replays as replay_services
from processing import claims, dispatch, node, recovery, replays, stopping
from processing.core.steppers.recording import unpack
from processing.run import Run
from tests import ready
from tests.processing.recorded import drawn_worlds, replayed, requested, run_in, waiting

__all__ = ["drawn_worlds"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("drawn_worlds")]


@pytest.fixture
def instance() -> Instance:
    return run_in("Drawn-v0")


def kept(replay: Replay) -> Any:
    plan = Run.load(replay.instance_id, threads=1).plan
    result, film = selectors.replay_result(replay.pk), selectors.replay_film(replay.pk)
    assert result is not None
    return unpack(result, plan.genome, film)


def test_a_worker_replays_what_was_asked_for_and_it_adds_up_to_the_agents_fitness(instance: Instance) -> None:
    replay = replayed(instance, index=2, pictures=True)
    assert (replay.state, replay.claimed_by, replay.lease_until, replay.failure) == ("DONE", "", None, "")
    found = kept(replay)
    assert found.trajectory.total == Agent.objects.get(instance=instance, index=2).fitness
    assert len(found.film.pictures) == 11


@pytest.mark.any_database
def test_every_episode_of_a_normalised_run_is_the_one_that_was_scored() -> None:
    instance = run_in("Drifting-v0", generations=3, episodes=2, normalize_observations=True)
    agent = Agent.objects.get(instance=instance, generation=2, index=1)
    ways = []
    for episode in (0, 1):
        replay = replays.request(
            instance_id=instance.pk, generation=2, index=1, episode=episode, with_pictures=False, owner=None
        )
        ready.work_on_replay(replay.pk)
        replay.refresh_from_db()
        ways.append(kept(replay).trajectory)
    assert sum(way.total for way in ways) / 2 == agent.fitness


def test_asking_again_changes_nothing_while_it_waits_and_when_it_is_done(instance: Instance) -> None:
    first = requested(instance)
    assert requested(instance).pk == first.pk
    assert dispatch.waiting() == 0  # the transaction of this test never ends
    done = replayed(instance)
    again = requested(instance)
    assert (again.pk, again.state, again.finished_at) == (first.pk, "DONE", done.finished_at)
    assert waiting() == []


def test_asking_for_pictures_of_what_was_done_without_them_has_it_done_anew_and_keeps_the_numbers_till_then(
    instance: Instance,
) -> None:
    done = replayed(instance)
    drawn = requested(instance, pictures=True)
    assert (drawn.pk, drawn.state, drawn.with_pictures) == (done.pk, "WAITING", True)
    assert kept(drawn).trajectory is not None
    ready.work_on_replay(drawn.pk)
    assert kept(drawn).film is not None
    assert requested(instance).state == "DONE"


@pytest.mark.django_db(transaction=True)
def test_a_request_sends_a_message_and_the_sweep_another_where_that_was_lost(instance: Instance) -> None:
    dispatch_before = dispatch.waiting() or 0
    requested(instance)
    assert dispatch.waiting() == dispatch_before + 1


def test_the_sweep_wakes_a_worker_for_replays_that_wait(instance: Instance) -> None:
    requested(instance)
    assert recovery.sweep() == 1
    assert dispatch.waiting() == 1


def test_a_replay_is_done_by_one_worker_at_a_time_and_what_comes_late_is_discarded(
    instance: Instance, settings: LazySettings
) -> None:
    replay = requested(instance)
    settings.LEASE_SECONDS = -1.0
    late = claims.claim_replay(replay.pk)
    settings.LEASE_SECONDS = 30.0
    assert late is not None
    recovery.sweep()
    ready.work_on_replay(replay.pk)
    with pytest.raises(Fenced):
        services.store_replay(claim=late, result=b"", film=None)
    assert claims.claim_replay(replay.pk) is None
    assert Replay.objects.get().result != b""


def test_a_replay_that_workers_die_of_fails_and_neither_its_run_nor_others_do(instance: Instance) -> None:
    replay, other = requested(instance), requested(instance, index=1)
    for _ in range(claims.MOST_REPLAY_ATTEMPTS):
        assert claims.claim_replay(replay.pk) is not None
        recovery.worker_died(node.process_name(), crashed=True)
    ready.work_on_replay(replay.pk)
    replay.refresh_from_db()
    assert (replay.state, replay.failure) == ("FAILED", "No worker survived replaying this episode, 3 times.")
    ready.work_on_replay(other.pk)
    assert kept(other).trajectory is not None
    instance.refresh_from_db()
    assert instance.state == "SUCCEEDED"
    assert not Event.objects.filter(instance=instance, type="WORKER_LOST").exists()
    assert requested(instance).state == "WAITING"


def test_a_worker_that_is_to_stop_hands_its_replay_back(instance: Instance) -> None:
    replay = requested(instance)
    stopping.ask()
    try:
        ready.work_on_replay(replay.pk)
    finally:
        stopping._asked[0] = 0
    replay.refresh_from_db()
    assert (replay.state, replay.lease_until, replay.claimed_by, replay.attempts) == ("WAITING", None, "", 0)
    assert waiting() == [replay.pk]


@pytest.mark.any_database
def test_an_episode_that_takes_too_long_to_be_replayed_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = run_in("Slow-v0")
    monkeypatch.setattr(replays, "MOST_SECONDS", 0.0)
    replay = replayed(instance)
    assert replay.state == "FAILED"
    assert replay.failure.startswith("The episode was given up: to replay it takes longer than 0 seconds")


@pytest.mark.any_database
def test_an_environment_that_takes_its_process_with_it_leaves_a_reason() -> None:
    instance = run_in("Dying-v0")
    failed = Agent.objects.filter(instance=instance, fitness=None).first()
    assert failed is not None
    replay = replayed(instance, index=failed.index)
    assert replay.state == "DONE"
    assert kept(replay).trajectory is None
    assert kept(replay).reason.startswith("The process of its environment died")


def test_a_genome_that_is_not_kept_any_more_fails_the_replay(instance: Instance) -> None:
    replay = requested(instance)
    Agent.objects.filter(instance=instance).delete()
    ready.work_on_replay(replay.pk)
    replay.refresh_from_db()
    assert (replay.state, "is not kept" in replay.failure) == ("FAILED", True)


def test_what_waits_is_bounded_for_each_user_and_in_all(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay_services, "MOST_OF_A_USER", 2)
    monkeypatch.setattr(replay_services, "MOST_IN_ALL", 3)
    one, two = (User.objects.create_user(name) for name in ("one", "two"))
    for index in (0, 1):
        requested(instance, index=index, owner=one)
    with pytest.raises(TooMany, match="2 replays that you asked for wait already"):
        requested(instance, index=2, owner=one)
    requested(instance, index=2, owner=two)
    with pytest.raises(TooMany, match="3 replays wait already"):
        requested(instance, index=3, owner=two)
    assert requested(instance, index=0, owner=two).state == "WAITING"  # it waits already, and costs nothing
    assert set(Replay.objects.filter(requested_by=one).values_list("index", flat=True)) == {0, 1}


def test_of_a_run_only_the_newest_replays_are_kept(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay_services, "MOST_KEPT", 2)
    for index in (0, 1, 2):
        replayed(instance, index=index)
    assert list(Replay.objects.order_by("index").values_list("index", flat=True)) == [1, 2]


def test_replays_go_with_their_run_and_with_what_old_runs_may_lose(instance: Instance) -> None:
    replayed(instance)
    pruned = services.prune(older_than_days=-1)
    assert [(each.rows, each.bytes) for each in pruned if each.kind == "replays"] == [(1, 0)]
    assert not Replay.objects.exists()
    replayed(instance, pictures=True)
    services.delete_instance(instance_id=instance.pk)
    assert not Replay.objects.exists()
    with pytest.raises(NotFound):
        requested(instance)


def test_a_replay_of_a_run_that_is_deleted_meanwhile_is_discarded_quietly(instance: Instance) -> None:
    claim = claims.claim_replay(requested(instance).pk)
    assert claim is not None
    services.delete_instance(instance_id=instance.pk)
    with pytest.raises(Fenced):
        services.store_replay(claim=claim, result=b"", film=None)
