"""Generations that are trained: opened and closed by any worker, and trained in slices by those that can."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db.models.functions import Now

from api import intake
from database import selectors, services, turns
from database.models import Event, Generation, Instance, Slice, Worker
from database.selectors import Situation
from database.services import SliceClaim
from database.turns import Abilities, StepKind
from formatting.faults import Faulty
from processing import claims, node, recovery, runner, trainings
from processing.core.datasets import lookup
from processing.core.datasets.lookup import can_train
from processing.core.search.slice_payload import EqualTo, joined, unpack_results, unpack_slice
from processing.run import Run, staged_and_plan
from tests import builders
from tests.api.ask import ask

pytestmark = [
    pytest.mark.django_db, pytest.mark.skipif(not can_train(), reason="make setup-train installs PyTorch")
]
GENERATIONS, AGENTS = 3, 6
DOCUMENT: dict[str, Any] = {
    "version": 1, "kind": "cnn_evolution", "name": "trained", "seed": 4,
    "dataset": {"name": "digits", "train_limit": 60}, "training": {"epochs": 2},
    "search_space": {"filters": [4, 8], "dense_units": [8], "max_parameters": 4_000},
    "strategy": {"type": "genetic", "population_size": AGENTS, "parents": 2, "elites": 2},
    "stop": {"max_generations": GENERATIONS},
}


def submitted(**changes: Any) -> Instance:
    return intake.submit(DOCUMENT | changes, None, announce=False).instances[0]


def without_training() -> Abilities:
    """What a worker without PyTorch can do."""
    return node.abilities()._replace(trains_on="")


def refreshed(instance: Instance) -> Instance:
    instance.refresh_from_db()
    return instance


@pytest.fixture(scope="module")
def digest(django_db_setup: None, django_db_blocker: Any) -> str:
    """The digest of the run that one process evaluates as a whole."""
    with django_db_blocker.unblock():
        instance = submitted()
        runner.work_run(instance.pk, threads=2)
        found = refreshed(instance).digest
        instance.work_item.delete()
    return found


@pytest.mark.usefixtures("no_wakes")
def test_turns_of_a_worker_that_trains_give_the_same_run(digest: str) -> None:
    instance = submitted()
    while turns.next_step(node.abilities()) is not None:
        runner.take_turn()
    assert (refreshed(instance).state, instance.digest) == ("SUCCEEDED", digest)
    assert instance.evaluations == AGENTS * GENERATIONS
    assert not Slice.objects.exists()
    assert "torch" in instance.numeric_profile["training"]
    figures = Generation.objects.get(instance=instance, number=1).figures
    assert figures is not None
    assert figures["known_agents"] >= 2  # the elites


@pytest.fixture
def no_wakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("processing.dispatch.wake", lambda *_, **__: 0)


@pytest.mark.usefixtures("no_wakes")
def test_a_worker_without_pytorch_opens_and_closes_what_others_train(
    digest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance, able = submitted(), node.abilities()
    for _ in range(GENERATIONS):
        monkeypatch.setattr(node, "abilities", lambda: able._replace(trains_on=""))
        runner.take_turn()
        if refreshed(instance).pending_slices:
            assert turns.next_step(node.abilities()) is None
            assert claims.claim_slice(Slice.objects.filter(results=None)[0].pk) is None
            monkeypatch.setattr(node, "abilities", lambda: able._replace(takes_others=False))
            while (found := turns.next_step(node.abilities())) is not None:
                assert found.kind == StepKind.SLICE
                runner.take_turn()
        assert refreshed(instance).pending_slices in (0, None)
    monkeypatch.setattr(node, "abilities", lambda: able._replace(trains_on=""))
    runner.take_turn()
    assert (refreshed(instance).state, instance.digest) == ("SUCCEEDED", digest)


def opened(instance: Instance) -> list[Slice]:
    """The slices of the run's next generation, in the order in which they are claimed."""
    assert runner.work_shift(instance.pk, seconds=0.0)
    return list(Slice.objects.filter(instance=instance).order_by("place", "first"))


def test_each_agent_has_a_slice_and_the_costliest_is_claimed_first() -> None:
    instance = submitted()
    rows = opened(instance)
    assert sorted((row.first, row.last) for row in rows) == [(each, each + 1) for each in range(AGENTS)]
    _, plan = staged_and_plan(refreshed(instance))
    genomes = plan.genome.random(AGENTS, seed=4, generation=0)
    assert [row.first for row in rows] == plan.judge.by_cost(genomes)
    found = turns.next_step_of(instance.pk, node.abilities())
    assert found is not None
    assert found.pk == rows[0].pk
    assert instance.trains_on == plan.problem.facts["sha256"]  # type: ignore[attr-defined]


@pytest.mark.usefixtures("no_wakes")
def test_known_and_equal_agents_are_not_trained_again(digest: str) -> None:
    instance = submitted()
    runner.work_shift(instance.pk, seconds=0.0)
    while (found := turns.next_step_of(instance.pk, node.abilities())) is not None:
        if found.kind == StepKind.RUN:
            break
        runner.work_slice(found.pk)
    assert runner.work_shift(instance.pk, seconds=0.0)  # closes the generation
    rows = opened(instance)
    with_results = {row.first for row in rows if row.results is not None}
    assert {0, 1} <= with_results  # the elites
    assert refreshed(instance).pending_slices == AGENTS - len(with_results)
    _, plan = staged_and_plan(instance)
    results = {row.first: unpack_results(bytes(row.results), plan.genome) for row in rows if row.results}
    agents = {row.first: unpack_slice(bytes(row.population), plan.genome) for row in rows}
    population = joined([agents[each] for each in range(AGENTS)], plan.genome)
    originals = plan.judge.originals(population.genomes)
    for agent, result in results.items():
        if isinstance(result, EqualTo):
            assert originals[agent] == result.agent != agent


class _Silent:
    """A heartbeat that never ends a turn."""

    def __init__(self) -> None:
        self.watched: Any = None

    def watch(self, *given: Any) -> None:
        self.watched = given

    def __call__(self) -> bool:
        return False


@pytest.mark.usefixtures("no_wakes")
def test_a_worker_holds_as_many_slices_as_it_trains_and_frees_them_where_it_is_ended(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = submitted(training={"epochs": 50})
    opened(instance)
    run, heartbeat, held = Run.load(instance.pk, threads=2), _Silent(), []
    answered: list[SliceClaim] = []

    def ended() -> bool:
        held.append(Slice.objects.exclude(claimed_by="").count())
        raise KeyboardInterrupt

    first = claims.claim_next_of(instance.pk)
    assert first is not None
    monkeypatch.setattr(heartbeat, "__class__", type("Ended", (_Silent,), {"__call__": lambda self: ended()}))
    with pytest.raises(KeyboardInterrupt):
        trainings.work_on(first, run, heartbeat, answers=answered.append)  # type: ignore[arg-type]
    assert held == [2]
    assert answered == [first]
    claims.hand_back(first)
    assert not Slice.objects.exclude(claimed_by="").exists()
    assert not Slice.objects.filter(attempts__gt=0).exists()


def test_a_run_that_nobody_can_train_says_what_it_waits_for() -> None:
    instance = submitted()
    opened(instance)
    services.register_worker(name="plain", host="here", profile=node.profile(), threads=1)
    wait = selectors.explain_wait(instance.pk)
    assert wait is not None
    assert wait.situation == Situation.NO_TRAINER
    recovery.sweep()
    assert not Event.objects.filter(message=services.workers.NO_TRAINER).exists()
    Instance.objects.update(updated_at=Now() - timedelta(seconds=61))
    for _ in range(2):
        recovery.sweep()
    event = Event.objects.get(message=services.workers.NO_TRAINER)
    assert (event.level, event.sequence) == ("WARNING", refreshed(instance).event_sequence)
    services.register_worker(
        name="trains", host="here", profile=node.profile(), threads=1, datasets=node.datasets()
    )
    wait = selectors.explain_wait(instance.pk)
    assert wait is not None
    assert wait.situation == Situation.WAITS


@pytest.mark.usefixtures("no_wakes")
def test_another_pytorch_is_an_event_and_a_mark_and_no_stall() -> None:
    instance = submitted()
    runner.work_shift(instance.pk, seconds=0.0, in_slices=False)
    profile = dict(refreshed(instance).numeric_profile)
    assert instance.reproducible
    Instance.objects.update(numeric_profile=profile | {"training": json.dumps({"torch": "1.0"})})
    while turns.next_step(node.abilities()) is not None:
        runner.take_turn()
    assert (refreshed(instance).state, instance.reproducible) == ("SUCCEEDED", False)
    assert Event.objects.filter(message="Goes on under another numeric profile.").count() == 1
    assert instance.numeric_profile["training"] == profile["training"]


def test_where_nobody_can_train_such_work_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "can_train", lambda: False)
    with pytest.raises(Faulty) as refusal:
        submitted()
    (fault,) = refusal.value.faults
    assert "`make setup-train` installs it" in (fault.hint or "")
    services.register_worker(
        name="trains", host="there", profile=node.profile(), threads=1,
        datasets={"theirs": dict(lookup.DatasetsHere().facts("digits") or {}) | {"name": "theirs"}}
    )
    assert submitted().state == "QUEUED"
    assert submitted(dataset={"name": "theirs"}).state == "QUEUED"
    Worker.objects.update(seen_at=Now() - timedelta(seconds=61))
    with pytest.raises(Faulty):
        submitted()


def test_the_queue_of_trainings_is_for_workers_that_train(settings: LazySettings) -> None:
    assert node.trains()
    assert node.abilities().takes_others
    settings.QUEUES = ["evolution"]
    assert node.abilities() == without_training()
    settings.QUEUES = ["training"]
    assert not node.abilities().takes_others
    plain = builders.run()
    assert turns.next_step(node.abilities()) is None
    assert claims.claim(plain.pk) is None


def test_the_api_shows_what_a_worker_can_train_on(client: Any) -> None:
    services.register_worker(
        name="trains", host="here", profile=node.profile(), threads=1, queues=["training"],
        datasets=node.datasets()
    )
    (worker,) = ask(client, "{workers{name queues trainsOn}}")["workers"]
    assert worker == {"name": "trains", "queues": ["training"], "trainsOn": ["digits", "shapes"]}
