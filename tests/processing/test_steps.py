"""Who takes up a step, and how it is left."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.db import OperationalError, connection

from database import services
from database.models import Event, Instance, Worker
from processing import claims, node, recovery, runner, shift, stopping
from processing.core import profile
from processing.core.profile import numeric_profile
from processing.core.search.generation import GenerationResult
from processing.shift import Shift
from tests import ready
from tests.processing.test_runs import finished, submitted

pytestmark = pytest.mark.django_db


def test_a_worker_of_another_numeric_profile_leaves_a_run_alone(settings: LazySettings) -> None:
    instance = submitted()
    assert runner.work_shift(instance.pk, seconds=0.0)
    settings.NUMERIC_PROFILE = "another"
    assert claims.claim(instance.pk) is None
    settings.NUMERIC_PROFILE = ""
    assert finished(instance).reproducible


def test_a_run_whose_profile_no_worker_has_is_adopted_and_marked(settings: LazySettings) -> None:
    whole, instance = finished(submitted()), submitted()
    settings.NUMERIC_PROFILE = "older"
    assert runner.work_shift(instance.pk, seconds=0.0)
    settings.NUMERIC_PROFILE, settings.ADOPTION_SECONDS = "", 0.0
    Instance.objects.filter(pk=instance.pk).update(numeric_profile={"python": "2"})
    recovery.sweep()
    assert Instance.objects.get(pk=instance.pk).profile == "older"
    node.register()
    recovery.sweep()
    instance = finished(instance)
    assert (instance.state, instance.digest, instance.reproducible) == ("SUCCEEDED", whole.digest, False)
    assert Event.objects.filter(instance=instance, message__contains="numeric profile").exists()


def test_a_run_whose_profile_a_worker_has_is_not_adopted(settings: LazySettings) -> None:
    instance = submitted()
    assert runner.work_shift(instance.pk, seconds=0.0)
    node.register()
    recovery.sweep()
    assert Instance.objects.get(pk=instance.pk).profile == profile.core_name(node.profile())


def test_only_runs_in_which_a_library_computes_are_bound_to_libraries(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    maze, sampled = submitted(), submitted(strategy={"type": "cma_es", "population_size": 8})
    for instance in (maze, sampled):
        assert runner.work_shift(instance.pk, seconds=0.0)
    core, _, libraries = node.profile().partition("+")
    assert libraries
    monkeypatch.setattr(profile, "profile_name", lambda: f"{core}+other")
    monkeypatch.setattr(node, "profile_name", profile.profile_name)
    monkeypatch.setattr(
        shift, "numeric_profile", lambda packages: numeric_profile(packages) | {"linear_algebra": "another"}
    )
    assert claims.claim(sampled.pk) is None
    assert finished(maze).reproducible


def test_a_worker_that_is_to_stop_hands_its_step_back(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, instance = finished(submitted()), submitted()
    stopping.ask()
    try:
        assert not runner.work_shift(instance.pk)
    finally:
        stopping._asked[0] = 0
    instance.refresh_from_db()
    assert (instance.lease_until, instance.attempts, instance.next_generation) == (None, 0, 0)
    assert finished(instance).digest == whole.digest


def test_a_worker_that_is_to_stop_after_a_commit_hands_its_step_back_too() -> None:
    whole, instance = finished(submitted()), submitted()
    try:
        assert not runner.work_shift(instance.pk, watch=lambda _: stopping.ask())
    finally:
        stopping._asked[0] = 0
    instance.refresh_from_db()
    assert (instance.lease_until, instance.attempts, instance.next_generation) == (None, 0, 1)
    assert not Event.objects.filter(instance=instance, type="WORKER_LOST").exists()
    assert finished(instance).digest == whole.digest


def test_a_worker_that_was_stopped_after_a_commit_is_freed() -> None:
    instance = submitted()

    def stopped(closed: GenerationResult) -> None:
        recovery.worker_stopped(node.process_name())

    assert not runner.work_shift(instance.pk, watch=stopped)
    instance.refresh_from_db()
    assert (instance.lease_until, instance.attempts) == (None, 0)


@pytest.mark.django_db(transaction=True)
def test_a_step_is_freed_over_a_new_connection_where_the_old_one_broke() -> None:
    instance = submitted()

    def broken(closed: GenerationResult) -> None:
        if connection.vendor == "postgresql":
            connection.connection.close()
            connection.errors_occurred = True
        stopping.ask()

    try:
        assert not runner.work_shift(instance.pk, watch=broken)
    finally:
        stopping._asked[0] = 0
    instance.refresh_from_db()
    assert (instance.claimed_by, instance.attempts) == ("", 0)


@pytest.mark.django_db(transaction=True)
def test_a_commit_that_was_not_answered_is_found_done(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, instance = finished(submitted()), submitted()
    write, silent = Shift._write, [2]

    def unanswered(shift: Shift, *arguments: Any) -> Instance:
        written = write(shift, *arguments)
        silent[0] -= 1
        if silent[0] == 0:
            raise OperationalError("the connection was lost after COMMIT")
        return written

    monkeypatch.setattr(Shift, "_write", unanswered)
    assert not runner.work_shift(instance.pk)
    instance.refresh_from_db()
    assert silent[0] < 0
    assert (instance.state, instance.digest) == ("SUCCEEDED", whole.digest)


def test_the_sweep_frees_what_a_silent_worker_holds_and_an_event_reports_that_it_was_lost(
    settings: LazySettings
) -> None:
    instance = submitted()
    settings.LEASE_SECONDS = -1.0
    assert claims.claim(instance.pk) is not None
    settings.LEASE_SECONDS = 30.0
    assert recovery.sweep() == 1
    assert finished(instance).state == "SUCCEEDED"
    assert Event.objects.filter(instance=instance, type="WORKER_LOST").count() == 1


def test_a_step_that_loses_many_workers_waits_longer_each_time() -> None:
    instance = submitted()
    for attempt in range(1, 5):
        assert claims.claim(instance.pk) is not None, attempt
        recovery.worker_died(node.process_name(), crashed=False)
    assert ready.runs() == []
    assert claims.claim(instance.pk) is None
    instance.refresh_from_db()
    assert instance.claimed_by == ""
    assert instance.lease_until is not None
    pause = (instance.lease_until - services.database_now()).total_seconds()
    assert 0 < pause <= 2.5


def test_a_node_that_dies_frees_what_all_of_its_processes_held() -> None:
    instance, other = submitted(), submitted()
    services.claim(instance_id=instance.pk, worker="node-1/17", lease_seconds=60)
    services.claim(instance_id=other.pk, worker="node-10/17", lease_seconds=60)
    recovery.worker_died("node-1", crashed=False)
    assert ready.runs() == [instance.pk]


def test_a_worker_tells_what_it_has_done() -> None:
    node.register()
    node._flushed_at = 0.0
    finished(submitted())
    row = Worker.objects.get(name=node.name())
    assert (row.claims, row.commits, row.generations) >= (1, 4, 4)
    assert row.evaluations >= 80
