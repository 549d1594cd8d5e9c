"""Runs that ended go on under other stop rules, to the bits of a run that had asked for them at once."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from api import intake
from database import selectors, services, steps
from database.errors import Conflict, NotFound
from database.models import (
    Agent,
    Checkpoint,
    CheckpointPart,
    Event,
    EventType,
    Generation,
    Instance,
    Species,
    SpeciesSnapshot,
    WorkItem,
)
from database.outcomes import outcome_of, stop_of
from database.services import NewEvent
from formatting.faults import Faulty
from processing import runner, states
from processing.extension import extend
from processing.run import Run
from tests import ready
from tests.processing.test_slices import carried_on

pytestmark = pytest.mark.django_db

MAZE = {
    "version": 1, "kind": "weight_evolution", "name": "extended", "seed": 5,
    "environment": {
        "type": "maze", "rows": ["S....", ".###.", "...#.", ".#...", ".#.#G"], "max_steps": 12
    },
    "network": {"hidden": [5]}, "strategy": {"type": "genetic", "population_size": 12, "parents": 4},
}
#: Actions are sampled, so that champions are confirmed on fresh episodes.
SAMPLED = {**MAZE, "environment": {**MAZE["environment"], "episodes": 2}, "network": {
    "hidden": [5], "action": "sample"
}}
CARTS = {
    "version": 1, "kind": "weight_evolution", "name": "carts", "seed": 4,
    "environment": {"type": "gymnasium", "id": "CartPole-v1", "episodes": 2},
    "network": {"hidden": [4]}, "strategy": {"type": "genetic", "population_size": 12, "parents": 4},
}
XOR = json.loads((Path(__file__).parents[2] / "examples" / "xor-neat.json").read_text())
#: Columns of a generation that do not depend on when and where it was evaluated.
FIELDS = [
    field.name for field in Generation._meta.concrete_fields
    if field.name not in ("id", "instance", "seconds", "started_at", "completed_at")
]
OF_RUN = (
    "state", "stop_reason", "stop_explanation", "failure_message", "next_generation", "evaluations",
    "environment_steps", "failed_agents", "best_fitness", "best_generation", "champion_fitness",
    "champion_generation", "champion_index", "digest", "reproducible",
)


def submitted(document: dict[str, Any], **stop: Any) -> Instance:
    return intake.submit({**document, "stop": stop}, None, announce=False).instances[0]


def finished(instance: Instance) -> Instance:
    """The run after as many shifts as it takes."""
    while runner.work_shift(instance.pk, threads=1, in_slices=False):
        continue
    return stored(instance)


def stored(instance: Instance) -> Instance:
    return Instance.objects.select_related("work_item").get(pk=instance.pk)


def ran(document: dict[str, Any], **stop: Any) -> Instance:
    return finished(submitted(document, **stop))


def extended(instance: Instance, **changes: Any) -> Instance:
    """The run after it was extended and worked on until it ended again."""
    extend(instance.pk, changes, by="a test")
    return finished(instance)


def contents(instance: Instance) -> dict[str, Any]:
    """All that is stored of a run and does not depend on when and where it was computed."""
    rows = Generation.objects.filter(instance=instance).order_by("number").values(*FIELDS)
    agents = Agent.objects.filter(instance=instance).order_by("generation", "index")
    data = steps.newest_checkpoint(instance.pk)
    species = Species.objects.filter(instance=instance).order_by("number").values()
    snapshots = SpeciesSnapshot.objects.filter(instance=instance).order_by("generation", "number").values()
    return {
        "run": {name: getattr(instance, name) for name in OF_RUN},
        "generations": [{**row, "scalars": bytes(row["scalars"])} for row in rows],
        "agents": [
            (row.generation, row.index, row.fitness, bytes(row.genome)) for row in agents
        ],
        "checkpoint": data, "species": [_plain(row) for row in species],
        "snapshots": [_plain(row) for row in snapshots],
    }


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("id", "instance_id")}


def is_equal(one: Instance, other: Instance) -> bool:
    """Whether runs are equal to the bit; a difference fails the test at once."""
    first, second = contents(one), contents(other)
    extra = [each for each in second["agents"] if each not in first["agents"]]
    # agents that were champions for a while keep their rows
    second["agents"] = [each for each in second["agents"] if each not in extra]
    assert len(extra) <= 3
    for name, value in first.items():
        assert second[name] == value, name
    return True


STRATEGIES: dict[str, dict[str, Any]] = {
    "genetic": {"parents": 4}, "rising_threshold": {}, "openai_es": {}, "cma_es": {},
    "random_search": {},
}


@pytest.mark.parametrize("strategy", [
    pytest.param(name, marks=[] if name == "genetic" else pytest.mark.any_database) for name in STRATEGIES
])
@pytest.mark.parametrize("record", ["all", "champions"])
def test_more_generations_give_the_bits_of_a_run_that_had_them_at_once(strategy: str, record: str) -> None:
    document = {
        **MAZE, "strategy": {"type": strategy, "population_size": 12, **STRATEGIES[strategy]},
        "record": {"agents": record},
    }
    whole = ran(document, max_generations=9)
    parts = extended(extended(ran(document, max_generations=3), max_generations=4), max_generations=9)
    assert whole.next_generation == 9
    assert is_equal(whole, parts)


def test_more_generations_for_species_and_a_task_to_solve() -> None:
    whole = ran(XOR, max_generations=12, solved=True)
    parts = extended(ran(XOR, max_generations=5, solved=True), max_generations=12)
    assert is_equal(whole, parts)


@pytest.mark.any_database
def test_a_run_that_solved_its_task_goes_on_as_if_it_had_not_been_asked_to() -> None:
    document = {**XOR, "strategy": {**XOR["strategy"], "population_size": 150}}
    ended = ran(document, max_generations=200, solved=True)
    assert ended.stop_reason == "FITNESS_REACHED"
    more = ended.next_generation + 5
    whole = ran(document, max_generations=more)
    assert is_equal(whole, extended(ended, solved=False, max_generations=more))


@pytest.mark.any_database
@pytest.mark.parametrize("record", ["all", "champions"])
def test_the_solver_of_a_maze_is_the_champion_no_longer(record: str) -> None:
    document = {**MAZE, "seed": 3, "record": {"agents": record}}
    ended = ran(document, max_generations=60, solved=True)
    assert ended.stop_reason == "FITNESS_REACHED"
    more = ended.next_generation + 6
    whole = ran(document, max_generations=more, stagnation_generations=30)
    parts = ran(document, max_generations=60, solved=True, stagnation_generations=30)
    assert is_equal(whole, extended(parts, solved=False, max_generations=more))


@pytest.mark.any_database
def test_a_higher_aim_is_reached_where_a_run_that_asked_for_it_at_once_reaches_it() -> None:
    low = ran(MAZE, max_generations=1)
    best = low.best_fitness
    assert best is not None
    ended = ran(MAZE, max_generations=40, fitness=best)
    assert (ended.stop_reason, ended.next_generation) == ("FITNESS_REACHED", 1)
    whole = ran(MAZE, max_generations=40, fitness=best + 0.01)
    assert whole.next_generation > 1
    assert is_equal(whole, extended(ended, fitness=best + 0.01))
    assert whole.stop_reason == "FITNESS_REACHED"


@pytest.mark.any_database
def test_confirmations_count_as_under_the_new_aim() -> None:
    no_longer_passed = 0
    for seed in range(3):
        document, bar = {**CARTS, "seed": seed}, 30.0
        parts = ran(document, max_generations=6, fitness=bar)
        for number in (7, 8, 9):
            mean, champion = passed_mean(parts), parts.champion_fitness
            assert champion is not None
            bar = (bar if mean is None else mean) + 2.0
            no_longer_passed += mean is not None and bar < champion
            parts = extended(parts, fitness=bar, max_generations=number)
            assert is_equal(ran(document, max_generations=number, fitness=bar), parts)
    assert no_longer_passed


def passed_mean(instance: Instance) -> float | None:
    """The mean in fresh episodes of the champion that ended the run."""
    facts = instance.stop_explanation["led_to"]
    return facts["confirmation_mean"] if facts.get("confirmation_is_passed") else None


@pytest.mark.any_database
def test_a_run_without_progress_gets_more_generations_to_find_some() -> None:
    limits = {"max_generations": 60, "fitness": 1e6}
    ended = ran(MAZE, **limits, stagnation_generations=3)
    assert ended.stop_reason == "STAGNATION"
    parts = extended(extended(ended, stagnation_generations=4), stagnation_generations=8)
    assert is_equal(ran(MAZE, **limits, stagnation_generations=8), parts)


@pytest.mark.any_database
def test_a_run_whose_time_was_up_goes_on_and_stays_marked() -> None:
    ended = ran(MAZE, max_generations=5, max_seconds=1e-6)
    assert (ended.stop_reason, ended.next_generation) == ("TIME_LIMIT", 1)
    parts = extended(ended, max_seconds=None)
    assert (parts.stop_reason, parts.next_generation, parts.reproducible) == ("GENERATION_LIMIT", 5, False)
    assert parts.digest == ran(MAZE, max_generations=5).digest


def test_a_generation_in_slices_is_extended_to_the_same_bits() -> None:
    document = {**MAZE, "execution": {"slice_size": 5}}
    parts = carried_on(submitted(document, max_generations=2))
    extend(parts.pk, {"max_generations": 4}, by="a test")
    parts = carried_on(stored(parts))
    assert parts.digest == ran(MAZE, max_generations=4).digest


def test_replicates_are_extended_each_by_itself() -> None:
    document = {**MAZE, "replicates": 2, "stop": {"max_generations": 3}}
    runs = [finished(each) for each in intake.submit(document, None, announce=False).instances]
    more = extended(runs[0], max_generations=5)
    assert [stop_of(stored(each))["max_generations"] for each in runs] == [5, 3]
    assert (more.next_generation, stored(runs[1]).next_generation) == (5, 3)
    assert Run.load(runs[1].pk, threads=1).plan.stop.max_generations == 3
    assert extended(runs[1], max_generations=5).digest != more.digest


def test_a_pruned_run_goes_on_to_the_same_bits() -> None:
    ended = ran(MAZE, max_generations=12)
    services.prune(older_than_days=-1)
    assert Checkpoint.objects.filter(instance=ended).count() == 1
    assert extended(ended, max_generations=14).digest == ran(MAZE, max_generations=14).digest


def test_an_extended_run_waits_again_with_new_limits_and_an_event_that_says_who() -> None:
    ended = ran(MAZE, max_generations=2, fitness=1e6)
    spec = ended.work_item.spec
    Instance.objects.filter(pk=ended.pk).update(attempts=2)
    extend(ended.pk, {"max_generations": 5, "fitness": None}, by="ada")
    instance = stored(ended)
    assert (instance.state, instance.stop_reason, instance.stop_explanation, instance.ended_at) == (
        "QUEUED", None, None, None
    )
    assert outcome_of(instance.state, instance.stop_reason) is None
    assert (instance.epoch, instance.attempts) == (ended.epoch + 1, 0)
    assert instance.stop == {
        "max_generations": 5, "fitness": None, "solved": False, "stagnation_generations": None,
        "max_seconds": None,
    }
    assert WorkItem.objects.get().spec == spec
    event = Event.objects.filter(instance=instance).latest("sequence")
    changes = "max_generations 5 instead of 2, fitness null instead of 1000000.0"
    assert event.message == f"Extended by ada: {changes}."
    assert event.type == EventType.STATE_CHANGED
    assert event.data == {
        "state": "QUEUED", "by": "ada", "before": spec["stop"], "after": instance.stop
    }
    assert selectors.progress(instance).max_generations == 5
    assert ready.runs() == [instance.pk]


@pytest.mark.any_database
def test_no_longer_confirmed_champions_are_told() -> None:
    ended = ran(CARTS, max_generations=30, fitness=30.0)
    mean, champion = passed_mean(ended), ended.champion_fitness
    assert ended.stop_reason == "FITNESS_REACHED"
    assert mean is not None
    assert champion is not None
    bar = (mean + champion) / 2
    if mean < champion:
        extend(ended.pk, {"fitness": bar}, by="a test")
        told = Event.objects.filter(instance=ended, type=EventType.NOTE).latest("sequence")
        assert told.message.endswith(f"of {bar:.6g} asked: the search goes on.")
        assert told.data["is_passed"] is False


def test_all_faults_are_told_at_once_in_the_keys_of_the_document(settings: LazySettings) -> None:
    settings.LIMITS = {"max_evaluations": 500}
    ended = ran(MAZE, max_generations=3, stagnation_generations=100, fitness=1e6)
    with pytest.raises(Faulty) as caught:
        extend(ended.pk, {"max_generations": 3, "stagnation_generations": 50, "fitness": -1e6}, by="a test")
    assert [each.path for each in caught.value.faults] == [
        ("stop", "max_generations"), ("stop", "stagnation_generations"), ("stop", "fitness")
    ]
    with pytest.raises(Faulty, match="at most 500 evaluations"):
        extend(ended.pk, {"max_generations": 100}, by="a test")
    with pytest.raises(Faulty, match=r"stop\.max_generations: expected"):
        extend(ended.pk, {"max_generations": 0}, by="a test")
    with pytest.raises(Faulty, match=r"stop\.max_generation"):
        extend(ended.pk, {"max_generation": 9}, by="a test")
    assert stored(ended).state == "SUCCEEDED"


@pytest.mark.parametrize(("state", "reason", "words"), [
    ("CANCELLED", "CANCELLED", "was cancelled, which is final"),
    ("FAILED", "ERROR", "may be resumed instead"),
    ("FAILED", "EXTINCTION", "died out"), ("SUCCEEDED", "EXTINCTION", "died out"),
    ("SUCCEEDED", "THRESHOLD_MISSED", "ended by its strategy"), ("QUEUED", None, "only a run that has ended"),
    ("RUNNING", None, "only a run that has ended"), ("PAUSED", None, "only a run that has ended"),
])
def test_runs_that_no_limit_ended_are_refused_with_a_sentence(
    state: str, reason: str | None, words: str
) -> None:
    ended = ran(MAZE, max_generations=1)
    Instance.objects.filter(pk=ended.pk).update(state=state, stop_reason=reason)
    with pytest.raises(Conflict, match=words):
        extend(ended.pk, {"max_generations": 5}, by="a test")
    assert stored(ended).state == state
    with pytest.raises(NotFound):
        extend(10**9, {"max_generations": 5}, by="a test")


@pytest.mark.parametrize("state", ["SUCCEEDED", "CANCELLED"])
def test_other_than_by_extension_no_run_leaves_its_end(state: str) -> None:
    ended = ran(MAZE, max_generations=1)
    Instance.objects.filter(pk=ended.pk).update(state=state)
    for request in (states.pause, states.resume, states.cancel):
        with pytest.raises(Conflict):
            request(ended.pk)
    assert services.claim(instance_id=ended.pk, worker="w", lease_seconds=9.0) is None
    assert stored(ended).state == state


def test_a_run_that_is_extended_first_is_not_deleted() -> None:
    ended = ran(MAZE, max_generations=1)
    extend(ended.pk, {"max_generations": 2}, by="a test")
    with pytest.raises(Conflict, match="cancel it first"):
        services.delete_instance(instance_id=ended.pk)
    with pytest.raises(Conflict, match="cancel them first"):
        services.delete_work_item(work_item_id=ended.work_item_id)
    assert finished(ended).next_generation == 2


@pytest.mark.parametrize("whole_work_item", [True, False])
def test_a_run_whose_deletion_began_is_not_extended(
    whole_work_item: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, tried = ran(MAZE, max_generations=1), []

    def cleared(number: int) -> None:
        with pytest.raises(Conflict, match="is being deleted"):
            extend(number, {"max_generations": 5}, by="a test")
        tried.append(number)

    monkeypatch.setattr("database.services.states.clear", cleared)
    if whole_work_item:
        services.delete_work_item(work_item_id=ended.work_item_id)
    else:
        services.delete_instance(instance_id=ended.pk)
    assert tried == [ended.pk]
    assert not Instance.objects.exists()


def test_a_run_that_is_deleted_while_its_extension_is_prepared_is_not_extended(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = ran(MAZE, max_generations=1)
    extend_run = services.extend_run

    def late(**arguments: Any) -> Instance:
        services.delete_instance(instance_id=ended.pk)
        return extend_run(**arguments)

    monkeypatch.setattr("processing.extension.services.extend_run", late)
    with pytest.raises(NotFound):
        extend(ended.pk, {"max_generations": 5}, by="a test")


def test_pruning_leaves_a_run_that_was_extended_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = ran(MAZE, max_generations=2)
    delete = services.pruning.delete_old_run

    def late(number: int, old: Any) -> None:
        extend(number, {"max_generations": 3}, by="a test")
        delete(number, old)

    monkeypatch.setattr("database.services.pruning.delete_old_run", late)
    services.prune(older_than_days=-1, runs=True)
    assert stored(ended).state == "QUEUED"
    assert finished(ended).digest == ran(MAZE, max_generations=3).digest


def test_the_second_of_two_extensions_is_refused() -> None:
    ended = ran(MAZE, max_generations=1)
    extend(ended.pk, {"max_generations": 2}, by="a test")
    with pytest.raises(Conflict, match="QUEUED"):
        extend(ended.pk, {"max_generations": 3}, by="a test")
    finished(ended)
    event = NewEvent(EventType.STATE_CHANGED, "Extended.")
    with pytest.raises(Conflict, match="changed meanwhile"):
        services.extend_run(
            instance_id=ended.pk, epoch=ended.epoch, stop={"max_generations": 3}, event=event
        )


def test_without_its_checkpoint_a_run_is_neither_extended_nor_begun_anew() -> None:
    ended = ran(MAZE, max_generations=2)
    waiting = ran(MAZE, max_generations=2)
    extend(waiting.pk, {"max_generations": 3}, by="a test")
    CheckpointPart.objects.all().delete()
    Checkpoint.objects.all().delete()
    with pytest.raises(Conflict, match="no checkpoint to go on from"):
        extend(ended.pk, {"max_generations": 3}, by="a test")
    failed = finished(waiting)
    assert (failed.state, failed.next_generation) == ("FAILED", 2)
    assert "expected a checkpoint after 2 generations, got none" in str(failed.failure_message)


def test_an_extended_run_that_failed_is_resumed_within_its_new_limits() -> None:
    ended = ran(MAZE, max_generations=2)
    extend(ended.pk, {"max_generations": 4}, by="a test")
    Instance.objects.filter(pk=ended.pk).update(state="FAILED", stop_reason="ERROR")
    states.resume(ended.pk)
    assert finished(ended).digest == ran(MAZE, max_generations=4).digest


def test_what_an_extended_run_reached_is_worded_by_its_new_aim() -> None:
    ended = ran(MAZE, max_generations=2, fitness=1e6)
    more = extended(ended, max_generations=3, fitness=None)
    told = Event.objects.filter(instance=more).latest("sequence").message
    assert told.startswith("Completed: ")
