"""What prune deletes of runs that ended long ago, and what it leaves alone."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from database import selectors, services, steps
from database.errors import Conflict, NotFound
from database.models import (
    Agent,
    Checkpoint,
    CheckpointPart,
    Event,
    Generation,
    Instance,
    InstanceState,
    Species,
    SpeciesSnapshot,
    WorkItem,
)
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a handful of rows takes several transactions."""
    monkeypatch.setattr("database.services.pruning.AGENTS_AT_A_TIME", 2)
    monkeypatch.setattr("database.services.pruning.CHUNKS_AT_A_TIME", 1)


def played(state: InstanceState, *, days_ago: int = 40) -> Instance:
    """Three generations of three agents with rows, of a run that came into this state so long ago."""
    run = builders.run()
    for after in (InstanceState.RUNNING, InstanceState.RUNNING, state):
        run = builders.generation(run, [1.0, 3.0, 2.0], kept=[0, 1, 2], keep_every=1, state=after)
    Instance.objects.filter(pk=run.pk).update(ended_at=Now() - timedelta(days=days_ago))
    return run


def kept(run: Instance) -> list[tuple[int, int]]:
    """Generation and index of the agents that have rows."""
    return list(
        Agent.objects.filter(instance=run).order_by("generation", "index").values_list("generation", "index")
    )


def test_an_old_run_keeps_its_champions_and_its_newest_generation() -> None:
    run = played(InstanceState.SUCCEEDED)
    services.prune(older_than_days=30)
    assert kept(run) == [(0, 1), (1, 1), (2, 0), (2, 1), (2, 2)]
    assert list(Checkpoint.objects.values_list("generation", flat=True)) == [2]
    assert set(CheckpointPart.objects.values_list("checkpoint__generation", flat=True)) == {2}


def test_every_agent_of_a_pruned_run_stays_reachable() -> None:
    run = played(InstanceState.SUCCEEDED)
    services.prune(older_than_days=30, keep_champions=False)
    assert kept(run) == [(2, 0), (2, 1), (2, 2)]
    records = selectors.agents_at([(run.pk, number, index) for number in range(3) for index in range(3)])
    assert [record.fitness for record in records.values()] == 3 * [1.0, 3.0, 2.0]


def test_a_failed_run_can_still_be_resumed() -> None:
    run = played(InstanceState.FAILED)
    services.prune(older_than_days=30)
    services.prune(older_than_days=30, runs=True)
    assert steps.newest_checkpoint(run.pk) == b"state"
    assert Instance.objects.filter(pk=run.pk).exists()


@pytest.mark.parametrize(
    ("state", "days_ago"),
    [(InstanceState.SUCCEEDED, 29), (InstanceState.PAUSED, 40), (InstanceState.RUNNING, 40)]
)
@pytest.mark.parametrize("runs", [False, True])
def test_a_run_that_is_young_or_goes_on_keeps_everything(
    state: InstanceState, days_ago: int, runs: bool
) -> None:
    run = played(state, days_ago=days_ago)
    services.prune(older_than_days=30, runs=runs)
    assert len(kept(run)) == 9
    assert Checkpoint.objects.filter(instance=run).count() == 3


def test_whole_runs_go_with_their_work_item() -> None:
    gone, stays = played(InstanceState.CANCELLED), played(InstanceState.SUCCEEDED, days_ago=1)
    services.prune(older_than_days=30, runs=True)
    assert list(Instance.objects.values_list("pk", flat=True)) == [stays.pk]
    assert not WorkItem.objects.filter(pk=gone.work_item_id).exists()
    assert set(Generation.objects.values_list("instance", flat=True)) == {stays.pk}
    assert set(Agent.objects.values_list("instance", flat=True)) == {stays.pk}


def test_of_whole_runs_everything_that_goes_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    run = builders.generation(builders.run(), [1.0, 3.0, 2.0], species=[0, 0, 1])
    run = builders.generation(run, [1.0, 3.0, 2.0], species=[1, 1, 1], state=InstanceState.SUCCEEDED)
    Instance.objects.filter(pk=run.pk).update(ended_at=Now() - timedelta(days=40))
    events = Event.objects.filter(instance=run).count()
    call_command("prune", "--older-than", "30", "--runs")
    told = capsys.readouterr().out
    for line in (
        "runs: 1 deleted", "species: 2 deleted", "species in their generations: 3 deleted",
        f"events: {events} deleted"
    ):
        assert line in told
    assert not Event.objects.filter(instance=run).exists()


def test_curves_stay_with_their_generation_and_count_with_it() -> None:
    run = builders.generation(
        builders.run(), [1.0, 3.0], curves={"loss": [[1.0], [2.0, 3.0]]}, state=InstanceState.SUCCEEDED
    )
    Instance.objects.filter(pk=run.pk).update(ended_at=Now() - timedelta(days=40))
    row = Generation.objects.get(instance=run)
    services.prune(older_than_days=30)
    assert selectors.curves_of(run.pk, 0, 1) == {"loss": [2.0, 3.0]}
    found = {each.kind: each for each in services.prune(older_than_days=30, runs=True)}
    assert found["generations"].bytes == len(row.scalars) + len(row.curves or b"")


@pytest.mark.django_db(transaction=True)
def test_what_is_deleted_is_given_back_by_every_table_that_loses_rows() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite gives room back by itself")
    played(InstanceState.SUCCEEDED)
    with CaptureQueriesContext(connection) as queries:
        call_command("prune", "--older-than", "30", "--runs")
    swept = [each["sql"] for each in queries if each["sql"].startswith("VACUUM")]
    for model in (Agent, CheckpointPart, Generation, Species, SpeciesSnapshot, Event):
        assert any(model._meta.db_table in statement for statement in swept)


def test_a_dry_run_prints_what_would_go_and_deletes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    run = played(InstanceState.SUCCEEDED)
    size = 4 * builders.WEIGHTS
    call_command("prune", "--older-than", "30", "--dry-run")
    told = capsys.readouterr().out.splitlines()
    assert told[:2] == [
        f"genomes of agents: 4 would go, {4 * size} bytes",
        f"checkpoints: 2 would go, {2 * (5 + 3 * size)} bytes",
    ]
    assert len(kept(run)) == 9
    call_command("prune", "--older-than", "30")
    assert capsys.readouterr().out == "\n".join(told).replace("would go", "deleted") + "\n"
    assert len(kept(run)) == 5


@pytest.mark.parametrize("state", [InstanceState.PAUSED, InstanceState.FAILED, InstanceState.SUCCEEDED])
def test_a_deletion_that_is_interrupted_leaves_an_ended_run_that_can_be_deleted_again(
    state: InstanceState, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, clear = played(state), services.states.clear

    def interrupted(number: int) -> None:
        clear(number)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("database.services.states.clear", interrupted)
        with pytest.raises(KeyboardInterrupt):
            services.delete_instance(instance_id=run.pk)
    left = Instance.objects.get(pk=run.pk)
    assert left.state in ("CANCELLED", "SUCCEEDED")
    assert left.is_being_deleted
    with pytest.raises(Conflict):
        services.change_state(
            instance_id=run.pk, transitions={"PAUSED": "QUEUED", "FAILED": "QUEUED"},
            event=services.NewEvent("STATE_CHANGED", "Resumed."),  # type: ignore[arg-type]
        )
    services.delete_instance(instance_id=run.pk)
    assert not Instance.objects.filter(pk=run.pk).exists()
    assert not Agent.objects.filter(instance=run.pk).exists()
    with pytest.raises(NotFound):
        services.delete_instance(instance_id=run.pk)
