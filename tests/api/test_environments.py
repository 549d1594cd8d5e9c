"""What is told of environments: in the catalogue, and in runs, whatever became of the catalogue meanwhile."""

import json
from typing import Any

import pytest
from django.test import Client

from api import intake
from api.graphql.schema import schema
from database.models import Instance
from processing.core.environments.foreign.lookup import Lookup
from processing.core.errors import Broken
from processing.run import Run
from tests import builders
from tests.api.ask import ask
from tests.api.test_neat import run

pytestmark = pytest.mark.django_db

DOCUMENT = {"version": 1, "kind": "neat", "name": "acting", "stop": {"max_generations": 5}}


def acting(name: str, **environment: Any) -> Instance:
    document = DOCUMENT | {"environment": {"type": "gymnasium", "id": name} | environment}
    return intake.submit(document, None, announce=False).instances[0]


def told(client: Client, instance: Instance, fields: str = "name compiled observationSpace actionSpace") -> dict[str, Any]:
    found: dict[str, Any] = run(client, instance, f"environment{{{fields}}}")["environment"]
    return found


def test_a_run_tells_the_spaces_that_its_keyword_arguments_make(client: Client) -> None:
    lander = told(client, acting("LunarLander-v3", kwargs={"continuous": True}))
    assert (lander["name"], lander["actionSpace"]["type"], lander["compiled"]) == ("LunarLander-v3", "Box", False)
    lake = told(client, acting("FrozenLake-v1", kwargs={"map_name": "8x8"}))
    assert lake["observationSpace"] == {"type": "Discrete", "n": 64, "start": 0}


@pytest.mark.parametrize("normalised", [True, False])
def test_a_run_tells_whether_it_is_compiled(client: Client, normalised: bool) -> None:
    cart = told(client, acting("CartPole-v1", normalize_observations=normalised))
    assert (cart["compiled"], cart["observationSpace"]["shape"], cart["actionSpace"]["n"]) == (not normalised, [4], 2)


@pytest.mark.parametrize("entry", [
    None, {"id": "LunarLander-v3", "needs": "box2d"},
    {"id": "LunarLander-v3", "description": "", "trouble": "took more than 60 s", "kwargs": {}, "variants": []},
])
def test_a_run_tells_what_it_was_staged_with_when_the_package_is_gone(
    client: Client, monkeypatch: pytest.MonkeyPatch, entry: dict[str, Any] | None
) -> None:
    instance = acting("LunarLander-v3")
    before = told(client, instance)
    monkeypatch.setattr(Lookup, "entry", lambda self, name: entry)
    assert told(client, instance) == before
    fields = "type description keywordArguments{name} maxSteps rewardThreshold"
    after = told(client, instance, fields)
    assert (after["type"], after["keywordArguments"], after["maxSteps"]) == ("GYMNASIUM", [], 1_000)
    assert after["description"]


def test_every_type_of_environment_is_told_in_words_for_users(client: Client) -> None:
    kind: Any = schema.graphql_schema.type_map["EnvironmentType"]
    assert kind.values["DOUBLE_POLE"].description == "Two poles of unequal length, balanced on a cart."
    assert kind.values["TABLE"].description == "A table of inputs and what should be answered."
    descriptions = {each["name"]: each["description"] for each in ask(client, "{environments{name description}}")["environments"]}
    assert "trial of it" not in descriptions["double_pole"].partition(".")[0]
    assert not any("Raises" in text or "`" in text or ".py" in text for text in descriptions.values())


@pytest.mark.parametrize("name", ["CartPole-v1", "LunarLander-v3"])
def test_runs_can_be_looked_at_after_the_key_of_the_server_was_changed(client: Client, settings: Any, name: str) -> None:
    instance = acting(name)
    genome = Run.load(instance.pk, threads=1).plan.genome
    genomes = genome.pack(genome.random(2, seed=1, generation=0))
    builders.generation(instance, [1.0, 2.0], species=[0, 0], genomes=genomes)
    settings.SECRET_KEY = "another"
    assert client.get(f"/runs/{instance.pk}").status_code == 200
    assert json.loads(client.get(f"/runs/{instance.pk}/agent").content)["network"].startswith("<svg")
    assert run(client, instance, "champion{genome{parameterCount}} environment{name}")["environment"] == {"name": name}
    with pytest.raises(Broken):
        Run.load(instance.pk, threads=1)
