"""Runs in environments of Gymnasium and of the operator, through claims, shifts and slices."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from api import intake
from api.ids import global_id
from database.models import Agent, Event, Instance, Slice, WorkItem
from formatting.faults import Faulty
from processing import runner
from tests.api.ask import ask
from tests.core.foreign import MODULE, document
from tests.processing.test_slices import carried_on

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


@pytest.fixture(autouse=True)
def _modules(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.ENVIRONMENT_MODULES = [MODULE]
    monkeypatch.setenv("ENVIRONMENT_MODULES", MODULE)
    intake.known_environments.cache_clear()
    yield
    intake.known_environments.cache_clear()


def submitted(
    name: str, *, agents: int = 8, generations: int = 3, execution: dict[str, Any] | None = None,
    stop: dict[str, Any] | None = None, **environment: Any,
) -> Instance:
    text = document(name, **environment) | {"stop": {"max_generations": generations} | (stop or {})}
    text["strategy"] |= {"population_size": agents, "parents": agents // 2}
    return intake.submit(text | {"execution": execution or {}}, None, announce=False).instances[0]


def test_agents_whose_environment_hangs_fail_and_the_run_goes_on_marked_as_decided_by_a_clock() -> None:
    instance = carried_on(submitted("Hanging-v0", agents=4, generations=1, timeout_seconds=1.0))
    assert (instance.state, instance.reproducible) == ("SUCCEEDED", False)
    told = [event.message for event in Event.objects.filter(instance=instance)]
    assert any("did not answer in time; the run is not reproducible" in message for message in told)
    assert any(message.startswith("Agent ") and "did not answer within 1 s" in message for message in told)
    assert Agent.objects.filter(instance=instance, fitness=None).exists()


def test_agents_whose_environment_raises_fail_and_the_run_stays_reproducible() -> None:
    one, two = (carried_on(submitted("Crashing-v0", agents=24)) for _ in range(2))
    assert (one.state, one.reproducible, one.digest) == ("SUCCEEDED", True, two.digest)
    told = [event.message for event in Event.objects.filter(instance=one)]
    assert any(message.endswith("failed: step() raised RuntimeError: the bridge is gone") for message in told)


def test_an_agent_whose_words_no_database_takes_fails_like_any_other() -> None:
    instance = carried_on(submitted("Garbled-v0", agents=24))
    assert (instance.state, instance.reproducible) == ("SUCCEEDED", True)
    told = [event.message for event in Event.objects.filter(instance=instance)]
    assert any("\ufffd bridge" in message for message in told)


def test_a_run_of_which_agents_were_killed_is_marked_as_decided_by_a_machine() -> None:
    instance = carried_on(submitted("Killed-v0", agents=4, generations=1))
    assert (instance.state, instance.reproducible) == ("SUCCEEDED", False)
    assert Event.objects.filter(
        instance=instance, message__contains="because processes were lost; the run is not repr"
    ).exists()


def test_a_run_of_which_agents_ran_out_of_memory_is_marked_as_decided_by_a_machine() -> None:
    instance = carried_on(submitted("Hungry-v0", agents=24, generations=1))
    assert (instance.state, instance.reproducible) == ("SUCCEEDED", False)
    told = Event.objects.filter(
        instance=instance, message__contains="because environments ran out of memory; the run is not"
    )
    assert told.exists()


@pytest.mark.parametrize(("name", "words"), [
    ("Hanging-v0", "did not answer in time"), ("Killed-v0", "processes were lost"),
    ("Hungry-v0", "ran out of memory"), ("Dying-v0", "took its process with it (SIGSEGV)"),
])
def test_what_a_clock_or_a_machine_decided_in_a_slice_marks_the_run(name: str, words: str) -> None:
    instance = carried_on(
        submitted(name, agents=6, generations=1, timeout_seconds=1.0, execution={"slice_size": 4})
    )
    assert (instance.state, instance.reproducible) == ("SUCCEEDED", False)
    (event,) = Event.objects.filter(
        instance=instance, message__contains=words, message__endswith="not reproducible."
    )
    assert event.level == "WARNING"


def test_a_run_whose_champion_hangs_while_it_is_confirmed_is_marked_as_decided_by_a_clock() -> None:
    instance = carried_on(
        submitted("Rare-v0", agents=4, generations=1, timeout_seconds=1.0, stop={"fitness": -100.0})
    )
    assert (instance.state, instance.stop_reason, instance.reproducible) == (
        "SUCCEEDED", "GENERATION_LIMIT", False
    )
    assert not Agent.objects.filter(instance=instance, fitness=None).exists()
    assert Event.objects.filter(
        instance=instance, message__contains="that were to confirm the champion"
    ).exists()


def test_where_all_agents_fail_they_and_the_run_say_of_what(client: Client) -> None:
    instance = carried_on(submitted("Failing-v0"))
    found = ask(
        client, "query($id:ID!){node(id:$id){... on Instance{agents{nodes{failure{reason message}}}}}}",
        id=global_id("Instance", instance.pk),
    )["node"]["agents"]["nodes"]
    why = {"reason": "ENVIRONMENT_ERROR", "message": "reset() raised RuntimeError: there is no bridge"}
    assert found == [{"failure": why}] * 8
    assert instance.stop_reason == "EXTINCTION"
    assert instance.stop_explanation is not None
    message = instance.stop_explanation["message"]
    assert "All failed for this reason: reset() raised RuntimeError: there is no bridge." in message
    assert instance.stop_explanation["led_to"]["failed_agents"] == 8
    assert "mutation_scale" not in instance.stop_explanation["advice"]


@cache
def of_slow_environments() -> tuple[str, str, int]:
    """How a run in environments that take long ends, evaluated at once: its state, digest and evaluations."""
    whole = carried_on(submitted("Slow-v0", agents=8, generations=1))
    return whole.state, whole.digest, whole.evaluations


def test_environments_that_take_long_leave_room_for_others_and_lose_nothing(settings: LazySettings) -> None:
    undisturbed = of_slow_environments()
    settings.SHIFT_SECONDS = 1.0
    instance = submitted("Slow-v0", agents=8, generations=1)
    assert runner.work_shift(instance.pk, threads=1)
    done, waiting = (
        Slice.objects.filter(instance=instance, results__isnull=nothing) for nothing in (False, True)
    )
    assert (done.count(), done.get().first) == (1, 0)
    assert waiting.count() >= 2
    instance.refresh_from_db()
    assert instance.pending_slices == waiting.count()
    sliced = carried_on(instance)
    assert (sliced.state, sliced.digest, sliced.evaluations) == undisturbed
    assert sliced.state == "SUCCEEDED"


def test_a_slice_that_takes_long_is_left_to_others_in_part(settings: LazySettings) -> None:
    undisturbed = of_slow_environments()
    settings.SHIFT_SECONDS = 1.0
    instance = submitted("Slow-v0", agents=8, generations=1, execution={"slice_size": 7})
    assert runner.work_shift(instance.pk)
    runner.work_slice(Slice.objects.get(instance=instance, first=0).pk, threads=1)
    rows = list(Slice.objects.filter(instance=instance).order_by("first"))
    assert [row.first for row in rows[1:]] == [row.last for row in rows[:-1]]
    assert [row.results is not None for row in rows] == [True] + [False] * (len(rows) - 1)
    sliced = carried_on(instance)
    assert (sliced.state, sliced.digest, sliced.evaluations) == undisturbed


def test_slices_change_no_bit_where_observations_are_normalised() -> None:
    whole = carried_on(submitted("Drifting-v0", normalize_observations=True))
    sliced = carried_on(submitted("Drifting-v0", normalize_observations=True, execution={"slice_size": 3}))
    assert (sliced.state, sliced.digest) == ("SUCCEEDED", whole.digest)


def test_an_unknown_environment_stores_nothing() -> None:
    for name in ("evil:Env-v0", "Nowhere-v0"):
        with pytest.raises(Faulty) as caught:
            submitted(name)
        assert caught.value.faults[0].code == "UNKNOWN_ENVIRONMENT"
    assert not WorkItem.objects.exists()


@pytest.mark.parametrize("name", ["FrozenLake-v1", "Mixed-v0"])
def test_a_run_says_what_its_environment_is(client: Client, name: str) -> None:
    instance = carried_on(submitted(name))
    found = ask(
        client, "query($id:ID!){node(id:$id){... on Instance{environment{type name compiled maxSteps "
        "actionSpace maze{rows}}}}}",
        id=global_id("Instance", instance.pk),
    )["node"]["environment"]
    assert (
        found["type"], found["name"], found["compiled"], found["maze"]
    ) == ("GYMNASIUM", name, False, None)
    assert found["actionSpace"]["type"] in ("Discrete", "MultiDiscrete")
    page = client.get(f"/runs/{instance.pk}")
    assert page.status_code == 200


def test_the_catalogue_lists_gymnasiums_environments_and_the_operators(client: Client) -> None:
    found = ask(
        client, "{environments{name compiled maxSteps rewardThreshold keywordArguments{name range}}}"
    )["environments"]
    by_name = {each["name"]: each for each in found}
    assert [by_name[name]["compiled"] for name in ("CartPole-v1", "CartPole-v0")] == [True, False]
    assert by_name["LunarLander-v3"]["rewardThreshold"] == 200
    assert {
        "name": "wind_power", "range": "a number from 0 to 20"
    } in by_name["LunarLander-v3"]["keywordArguments"]
    assert {"Mixed-v0", "Wide-v0"} < set(by_name)
    assert not {"Talking-v0", "Ant-v5"} & set(by_name)
