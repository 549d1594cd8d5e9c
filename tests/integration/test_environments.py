"""Environments of Gymnasium, as users name them to a running server, and the networks that grew in them."""

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.server import Server, example, wait_for
from tests.integration.test_browser import shown

#: How many environments are drawn from all that the server offers, but for the general entry, and pictures,
#: which take long.
DRAWN, LEFT_OUT = 6, ("gymnasium", "CarRacing-v3")
SEARCHES: tuple[dict[str, Any], ...] = (
    {"kind": "neat", "strategy": {"type": "neat", "population_size": 6}},
    {"kind": "weight_evolution", "strategy": {"type": "openai_es", "population_size": 6}},
    {"kind": "weight_evolution", "strategy": {"type": "genetic", "population_size": 6, "parents": 3}},
)


def ended(server: Server, number: int) -> dict[str, Any]:
    return wait_for(
        lambda: run if (run := server.run(number))["state"] not in ("QUEUED", "RUNNING") else None,
        seconds=600, what=f"the end of run {number}",
    )


def test_environments_drawn_at_random_are_searched(shared: Server) -> None:
    offered = shared.graphql("{ environments { type name } }")["environments"]
    names = sorted(
        one["name"] for one in offered if one["type"] == "GYMNASIUM" and one["name"] not in LEFT_OUT
    )
    assert len(names) > 10
    drawn = random.Random(4).sample(names, DRAWN)
    numbers = [
        shared.submit({
            "version": 1, "name": name, "seed": 1, "stop": {"max_generations": 2},
            **SEARCHES[place % len(SEARCHES)],
            "environment": {"type": "gymnasium", "id": name, "max_steps": 20},
        })
        for place, name in enumerate(drawn)
    ]
    for name, number in zip(drawn, numbers, strict=True):
        run = ended(shared, number)
        assert (name, run["state"], run["progress"]["totalEvaluations"]) == (name, "SUCCEEDED", 12)


@pytest.mark.parametrize("name", ["evil:Env-v0", "Nope-v0", "../CartPole-v1"])
def test_ids_of_nothing_are_refused_in_the_users_own_keys(shared: Server, name: str) -> None:
    document = example("cartpole-neat") | {"environment": {"type": "gymnasium", "id": name}}
    payload = shared.graphql(
        "mutation($document: JSON!) { submitWorkItem(input: {spec: {document: $document}})"
        " { userErrors { path message } instances { number } } }",
        document=document,
    )["submitWorkItem"]
    assert [error["path"] for error in payload["userErrors"]] == [["spec", "document", "environment", "id"]]
    assert not payload["instances"]


def test_the_page_of_networks_that_grow_draws_the_champion_and_the_species(
    shared: Server, tmp_path: Path
) -> None:
    number = shared.submit(example("double-pole-neat"))
    assert ended(shared, number)["stopReason"] == "FITNESS_REACHED"
    page = shown(f"{shared.url}/runs/{number}", tmp_path)
    drawings = re.findall(r"<svg[^>]*>.*?</svg>", page, re.DOTALL)
    assert max(
        drawing.count("<circle") for drawing in drawings
    ) > 7, "six inputs, a bias and an output were not drawn"


def test_a_run_that_died_out_goes_on_once_its_environment_is_mended(
    serve_embedded: Callable[..., Server]
) -> None:
    server = serve_embedded(ENVIRONMENT_MODULES="tests.core.bridge")
    number = server.submit({
        "version": 1, "kind": "neat", "name": "bridge",
        "environment": {"type": "gymnasium", "id": "Bridge-v0"},
        "strategy": {"type": "neat", "population_size": 10}, "stop": {"max_generations": 20, "fitness": 10.0},
    })
    died = ended(server, number)
    assert (died["state"], died["stopReason"]) == ("FAILED", "EXTINCTION")
    (server.folder / "bridge").touch()
    answer = server.graphql(
        "mutation($id: ID!) { resumeInstance(input: {id: $id}) { userErrors { message } } }", id=died["id"]
    )
    assert answer["resumeInstance"]["userErrors"] == []
    run = ended(server, number)
    assert (run["state"], run["stopReason"]) == ("SUCCEEDED", "FITNESS_REACHED")
    told = [event["message"] for event in server.events(number)]
    assert any(each.startswith("Died out: ") and "RuntimeError: the bridge is gone" in each for each in told)
    assert any(each.startswith("It had died out") for each in told)
    assert told[-1].startswith("Solved: ")
