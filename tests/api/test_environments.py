"""What is told of environments: in the catalogue, and in runs, whatever became of the catalogue meanwhile."""

import json
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from api import intake
from api.graphql.schema import schema
from api.graphql.types import catalogue
from database.models import Instance
from processing.core.environments.foreign.lookup import Lookup
from processing.core.errors import Broken
from processing.core.kinds import KINDS, PROBLEMS
from processing.run import Run
from tests import builders
from tests.api.ask import ask
from tests.api.test_neat import run
from tests.core.foreign import known

pytestmark = pytest.mark.django_db

DOCUMENT = {"version": 1, "kind": "neat", "name": "acting", "stop": {"max_generations": 5}}


def acting(name: str, **environment: Any) -> Instance:
    document = DOCUMENT | {"environment": {"type": "gymnasium", "id": name} | environment}
    return intake.submit(document, None, announce=False).instances[0]


def told(
    client: Client, instance: Instance, fields: str = "name compiled observationSpace actionSpace"
) -> dict[str, Any]:
    found: dict[str, Any] = run(client, instance, f"environment{{{fields}}}")["environment"]
    return found


def test_a_run_tells_the_spaces_that_its_keyword_arguments_make(client: Client) -> None:
    lander = told(client, acting("LunarLander-v3", kwargs={"continuous": True}))
    assert (
        lander["name"], lander["actionSpace"]["type"], lander["compiled"]
    ) == ("LunarLander-v3", "Box", False)
    lake = told(client, acting("FrozenLake-v1", kwargs={"map_name": "8x8"}))
    assert lake["observationSpace"] == {"type": "Discrete", "n": 64, "start": 0}


@pytest.mark.parametrize("normalised", [True, False])
def test_a_run_tells_whether_it_is_compiled(client: Client, normalised: bool) -> None:
    cart = told(client, acting("CartPole-v1", normalize_observations=normalised))
    assert (
        cart["compiled"], cart["observationSpace"]["shape"], cart["actionSpace"]["n"]
    ) == (not normalised, [4], 2)


@pytest.mark.parametrize("entry", [
    None, {"id": "LunarLander-v3", "needs": "box2d"},
    {
        "id": "LunarLander-v3", "description": "", "trouble": "took more than 60 s", "kwargs": {},
        "variants": []
    },
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
    descriptions = {
        each["name"]: each["description"]
        for each in ask(client, "{environments{name description}}")["environments"]
    }
    assert "trial of it" not in descriptions["double_pole"].partition(".")[0]
    assert not any("Raises" in text or "`" in text or ".py" in text for text in descriptions.values())


@pytest.mark.parametrize("name", ["CartPole-v1", "LunarLander-v3"])
def test_runs_can_be_looked_at_after_the_key_of_the_server_was_changed(
    client: Client, settings: Any, name: str
) -> None:
    instance = acting(name)
    genome = Run.load(instance.pk, threads=1).plan.genome
    genomes = genome.pack(genome.random(2, seed=1, generation=0))
    builders.generation(instance, [1.0, 2.0], species=[0, 0], genomes=genomes)
    settings.SECRET_KEY = "another"
    assert client.get(f"/runs/{instance.pk}").status_code == 200
    assert json.loads(client.get(f"/runs/{instance.pk}/agent").content)["network"].startswith("<svg")
    assert run(
        client, instance, "champion{genome{parameterCount}} environment{name}"
    )["environment"] == {"name": name}
    with pytest.raises(Broken):
        Run.load(instance.pk, threads=1)


def test_the_catalogue_tells_of_wrappers_with_their_parameters(client: Client) -> None:
    asked = "{catalogue{wrappers{name description parameters{name type default range unit meaning source}}}}"
    found = {each["name"]: each for each in ask(client, asked)["catalogue"]["wrappers"]}
    assert {
        "grayscale", "resize", "frame_stack", "rescale", "clip_reward", "sticky_actions", "delay"
    } <= set(found)
    assert all(each["description"] and each["parameters"][0]["name"] == "type" for each in found.values())
    (_, size, _) = found["frame_stack"]["parameters"]
    assert (size["name"], size["default"], size["range"], size["unit"]) == (
        "stack_size", "4", "from 2 to 100", "observations"
    )


@pytest.mark.any_database
def test_the_catalogue_tells_which_parts_are_observed_and_what_needs_wrappers(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "known_environments", known)
    asked = "{environments{name observed trouble keywordArguments{name type range}}}"
    found = {each["name"]: each for each in ask(client, asked)["environments"]}
    assert (found["Spoken-v0"]["observed"], found["Spoken-v0"]["trouble"]) == (["direction", "image"], None)
    assert found["LunarLander-v3"]["observed"] == []
    assert "resize" in found["Painted-v0"]["trouble"]
    assert "Talking-v0" not in found
    desc = next(each for each in found["FrozenLake-v1"]["keywordArguments"] if each["name"] == "desc")
    assert desc["type"] == "texts"
    assert "S, F, H, G" in desc["range"]


def test_a_run_tells_which_parts_its_networks_get(client: Client) -> None:
    cards = told(client, acting("Blackjack-v1", observe=["0"]), "observed trouble")
    assert cards == {"observed": ["0"], "trouble": None}
    assert told(client, acting("Blackjack-v1"), "observed")["observed"] == ["0", "1", "2"]
    time = told(client, acting("CartPole-v1", wrappers=[{"type": "time_aware"}]), "observed compiled")
    assert time == {"observed": ["obs", "time"], "compiled": False}


def test_a_run_tells_what_its_agents_are_asked_to_do_whatever_its_kind(client: Client) -> None:
    fields = "problem{key type label inputShape outputShape judge view bestPossible solvedWhen}"
    found = run(client, acting("CartPole-v1", max_steps=50, episodes=2), fields)["problem"]
    assert found == {
        "key": "environment", "type": "gymnasium", "label": "CartPole-v1", "inputShape": [4],
        "outputShape": [2], "judge": "episodes", "view": "SIGNALS", "bestPossible": 50.0, "solvedWhen": None,
    }
    maze = {"environment": {"type": "maze", "rows": ["S.G"], "max_steps": 9}, "novelty": {}}
    searching = intake.submit(DOCUMENT | maze, None, announce=False).instances[0]
    assert run(client, searching, "problem{label judge view solvedWhen}")["problem"] == {
        "label": "1 × 3 cells, 1 goal", "judge": "novelty", "view": "MAP", "solvedWhen": "by 1 goal",
    }


def test_a_run_whose_problem_is_no_environment_has_none(
    client: Client, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    instance = acting("CartPole-v1")
    instance.work_item.spec["dataset"] = instance.work_item.spec.pop("environment")
    instance.work_item.save()
    settings.SECRET_KEY = "another"  # the plan is made of the document
    monkeypatch.setitem(PROBLEMS, "dataset", dict(PROBLEMS["environment"]))
    monkeypatch.setitem(KINDS, "neat", replace(KINDS["neat"], problem_key="dataset"))
    asked = run(client, instance, "environment{name} problem{key type}")
    assert asked == {"environment": None, "problem": {"key": "dataset", "type": "gymnasium"}}
