"""Runs in environments of Gymnasium and of the operator, through claims, shifts and slices."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from api import intake
from api.graphql.ids import global_id
from database.models import Agent, Event, Instance, WorkItem
from formatting.faults import Faulty
from tests.api.ask import ask
from tests.core.foreign import MODULE, document
from tests.processing.test_runs import finished
from tests.processing.test_slices import carried_on

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _modules(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.ENVIRONMENT_MODULES = [MODULE]
    monkeypatch.setenv("ENVIRONMENT_MODULES", MODULE)
    intake.known_environments.cache_clear()
    yield
    intake.known_environments.cache_clear()


def submitted(
    name: str, *, agents: int = 8, generations: int = 3, execution: dict[str, Any] | None = None, **environment: Any
) -> Instance:
    text = document(name, **environment) | {"stop": {"max_generations": generations}}
    text["strategy"] |= {"population_size": agents, "parents": agents // 2}
    return intake.submit(text | {"execution": execution or {}}, None, announce=False).instances[0]


def test_agents_whose_environment_hangs_fail_and_the_run_goes_on_marked_as_decided_by_a_clock() -> None:
    instance = finished(submitted("Hanging-v0", agents=4, generations=1, timeout_seconds=1.0))
    assert (instance.state, instance.reproducible) == ("SUCCEEDED", False)
    told = [event.message for event in Event.objects.filter(instance=instance)]
    assert any("did not answer in time; the run is not reproducible" in message for message in told)
    assert any(message.startswith("Agent ") and "did not answer within 1 s" in message for message in told)
    assert Agent.objects.filter(instance=instance, fitness=None).exists()


def test_agents_whose_environment_raises_fail_and_the_run_stays_reproducible() -> None:
    one, two = (finished(submitted("Crashing-v0")) for _ in range(2))
    assert (one.state, one.reproducible, one.digest) == ("SUCCEEDED", True, two.digest)
    told = [event.message for event in Event.objects.filter(instance=one)]
    assert any(message.endswith("failed: RuntimeError: the bridge is gone") for message in told)


def test_slices_change_no_bit_where_observations_are_normalised() -> None:
    whole = finished(submitted("Drifting-v0", normalize_observations=True))
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
    instance = finished(submitted(name))
    found = ask(
        client, "query($id:ID!){node(id:$id){... on Instance{environment{type name compiled maxSteps actionSpace maze{rows}}}}}",
        id=global_id("Instance", instance.pk),
    )["node"]["environment"]
    assert (found["type"], found["name"], found["compiled"], found["maze"]) == ("GYMNASIUM", name, False, None)
    assert found["actionSpace"]["type"] in ("Discrete", "MultiDiscrete")
    page = client.get(f"/runs/{instance.pk}")
    assert page.status_code == 200


def test_the_catalogue_lists_gymnasiums_environments_and_the_operators(client: Client) -> None:
    found = ask(client, "{environments{name compiled maxSteps rewardThreshold keywordArguments{name range}}}")["environments"]
    by_name = {each["name"]: each for each in found}
    assert [by_name[name]["compiled"] for name in ("CartPole-v1", "CartPole-v0")] == [True, False]
    assert by_name["LunarLander-v3"]["rewardThreshold"] == 200
    assert {"name": "wind_power", "range": "a number from 0 to 20"} in by_name["LunarLander-v3"]["keywordArguments"]
    assert {"Mixed-v0", "Wide-v0"} < set(by_name)
    assert not {"Talking-v0", "Ant-v5"} & set(by_name)
