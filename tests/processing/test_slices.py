"""Expensive generations, evaluated slice by slice, and what may come between."""

import pytest
from django.conf import LazySettings

from api import intake
from database import services, steps, turns
from database.errors import Fenced
from database.models import Event, Generation, Instance, InstanceState, Slice
from database.packing import unpack
from database.turns import StepKind
from processing import claims, node, recovery, runner, states
from processing.core.profile import core_name
from processing.core.types import Failure
from tests import ready
from tests.processing.test_runs import AGENTS, GENERATIONS, finished, submitted

pytestmark = pytest.mark.django_db

SLICED = {"execution": {"slice_size": 6}}
SLICES = 4


def carried_on(instance: Instance, *, crashes_at: int | None = None, most: int = 500) -> Instance:
    """The instance after all of its steps; whoever evaluates agent `crashes_at` of generation 1 dies of it.
    """
    for _ in range(most):
        found = turns.next_step_of(instance.pk, node.abilities())
        if found is None:
            break
        if found.kind == StepKind.SLICE:
            evaluated(found.pk, crashes_at)
        else:
            advanced(instance, crashes_at)
    instance.refresh_from_db()
    return instance


def evaluated(number: int, crashes_at: int | None) -> None:
    row = Slice.objects.get(pk=number)
    is_bad = crashes_at is not None and row.generation == 1 and row.first <= crashes_at < row.last
    if is_bad and row.crashes < (2 if row.last - row.first > 1 else 3):
        assert claims.claim_slice(number) is not None
        died()
    else:
        runner.work_slice(number, threads=1)


def advanced(instance: Instance, crashes_at: int | None) -> None:
    instance.refresh_from_db()
    is_bad = crashes_at is not None and instance.next_generation == 1 and instance.pending_slices is None
    if is_bad and instance.crashes < 2:
        assert claims.claim(instance.pk) is not None
        died()
    else:
        runner.work_shift(instance.pk, seconds=0.0, threads=1)


def died() -> None:
    recovery.worker_died(node.process_name(), crashed=True)


def opened() -> Instance:
    """A run whose first generation is handed out in slices."""
    instance = submitted(**SLICED)
    runner.work_shift(instance.pk)
    instance.refresh_from_db()
    assert instance.pending_slices == SLICES
    return instance


def test_slices_change_no_bit_and_nothing_of_them_is_left() -> None:
    whole, sliced = finished(submitted()), carried_on(submitted(**SLICED))
    assert (sliced.state, sliced.digest) == ("SUCCEEDED", whole.digest)
    assert (sliced.evaluations, sliced.environment_steps) == (GENERATIONS * AGENTS, whole.environment_steps)
    assert not Slice.objects.exists()
    assert sliced.pending_slices is None


def test_slices_do_not_make_it_another_experiment() -> None:
    assert submitted().work_item.spec_hash == submitted(**SLICED).work_item.spec_hash


def test_while_slices_are_out_the_run_itself_is_not_ready() -> None:
    instance = opened()
    assert claims.claim(instance.pk) is None
    assert ready.runs() == []
    assert len(ready.slices()) == SLICES


def test_a_slice_is_evaluated_by_one_worker_at_a_time_and_stored_once(settings: LazySettings) -> None:
    opened()
    number = ready.slices()[0]
    settings.LEASE_SECONDS = -1.0
    zombie = claims.claim_slice(number)
    settings.LEASE_SECONDS = 30.0
    assert zombie is not None
    recovery.sweep()
    runner.work_slice(number)
    with pytest.raises(Fenced), claims.fenced(zombie):
        pass
    assert claims.claim_slice(number) is None
    assert Instance.objects.get().pending_slices == SLICES - 1


def test_what_is_evaluated_after_a_cancel_is_discarded() -> None:
    instance = opened()
    late = claims.claim_slice(ready.slices()[0])
    assert late is not None
    assert states.cancel(instance.pk).state == InstanceState.CANCELLED
    with pytest.raises(Fenced), claims.fenced(late):
        pass
    with pytest.raises(Fenced):
        claims.extend(late, 30.0)
    assert not Slice.objects.exists()


def test_cancel_can_let_the_slices_of_a_generation_finish() -> None:
    instance = opened()
    claims.claim_slice(ready.slices()[0])
    assert states.cancel(instance.pk, immediately=False).state == InstanceState.CANCELLING
    recovery.worker_stopped(node.process_name())
    instance = carried_on(instance)
    assert (instance.state, instance.next_generation) == ("CANCELLED", 1)


def test_a_pause_waits_for_the_slices_under_way_alone_and_keeps_those_done() -> None:
    whole, instance = finished(submitted()), opened()
    done, under_way, waiting = (number for number in ready.slices()[:3])
    runner.work_slice(done)
    claim = claims.claim_slice(under_way)
    assert states.pause(instance.pk).state == InstanceState.PAUSING
    assert claims.claim_slice(waiting) is None
    assert ready.runs() == []
    assert claim is not None
    services.hand_back_slice(claim=claim)
    recovery.sweep()
    assert Instance.objects.get(pk=instance.pk).state == InstanceState.PAUSED
    states.resume(instance.pk)
    assert Slice.objects.filter(instance=instance, results__isnull=False).count() == 1
    assert carried_on(instance).digest == whole.digest


def test_a_slice_claimed_before_a_resume_is_late() -> None:
    instance = opened()
    late = claims.claim_slice(ready.slices()[0])
    states.pause(instance.pk)
    recovery.worker_died(node.process_name(), crashed=False)
    runner.work_shift(instance.pk)
    states.resume(instance.pk)
    assert late is not None
    with pytest.raises(Fenced), claims.fenced(late):
        pass


@pytest.mark.parametrize("changes", [{}, SLICED], ids=["evaluated at once", "in slices"])
def test_an_agent_that_no_worker_survives_fails_alone(changes: dict[str, object]) -> None:
    instance = carried_on(submitted(**changes), crashes_at=7)
    assert (instance.state, instance.failed_agents) == ("SUCCEEDED", 1)
    assert not instance.reproducible
    row = Generation.objects.get(instance=instance, number=1)
    failures = unpack(row.scalars, row.size).failures
    assert [index for index, failure in enumerate(failures) if failure] == [7]
    assert failures[7] == Failure.WORKER_LOST
    assert Event.objects.filter(instance=instance, data__index=7, data__failure="WORKER_LOST").count() == 1


def test_workers_that_die_while_asking_fail_the_run() -> None:
    instance = submitted()
    for _ in range(3):
        assert claims.claim(instance.pk) is not None
        died()
    assert claims.claim(instance.pk) is None
    instance.refresh_from_db()
    assert instance.state == InstanceState.FAILED


def test_a_failed_run_takes_its_slices_up_again() -> None:
    whole, instance = finished(submitted()), opened()
    claim = claims.claim_slice(ready.slices()[0])
    assert claim is not None
    claims.fail(claim, "for a test")
    assert ready.slices() == []
    states.resume(instance.pk)
    assert carried_on(instance).digest == whole.digest


def test_nobody_holds_a_slice_of_a_run_that_failed() -> None:
    opened()
    first, second = (claims.claim_slice(number) for number in ready.slices()[:2])
    assert first is not None
    assert second is not None
    claims.fail(first, "for a test")
    assert steps.workers_with_leases() == []
    with pytest.raises(Fenced), claims.fenced(second):
        pass


def test_an_adopted_run_evaluates_its_slices_anew_under_one_profile(settings: LazySettings) -> None:
    settings.NUMERIC_PROFILE = "older"
    instance = opened()
    runner.work_slice(ready.slices()[0])
    settings.NUMERIC_PROFILE, settings.ADOPTION_SECONDS = "", 0.0
    number = ready.slices()[0]
    assert claims.claim_slice(number) is None
    node.register()
    recovery.sweep()
    instance.refresh_from_db()
    assert (instance.profile, instance.pending_slices) == (core_name(node.profile()), SLICES)
    assert carried_on(instance).state == InstanceState.SUCCEEDED


def test_the_estimate_decides_where_the_work_item_does_not() -> None:
    cheap = intake.check(submitted().work_item.spec)
    long = submitted().work_item.spec | {
        "environment": {"type": "maze", "rows": ["S.G"], "max_steps": 1_000_000},
        "strategy": {"type": "genetic", "population_size": 100_000},
    }
    assert cheap.slice_size is None
    size = intake.check(long).slice_size
    assert size is not None
    assert 100 <= size < 100_000
