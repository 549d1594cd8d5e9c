"""Networks to take away: what a file says and does is what the agent did, or there is none."""

import json
from typing import Any

import gymnasium
import numpy as np
import onnxruntime
import pytest
from django.test import Client

from api import intake
from api.ids import global_id
from database import selectors
from database.models import Agent, CheckpointPart, Generation, Instance
from formatting.parse import parse
from processing.core.limits import Limits
from processing.core.rng import agent_key
from processing.core.rollouts.kernel import rollouts_of
from processing.core.search.plan import plan_of
from processing.core.steppers.stepper import MOST_SEED
from processing.core.types import Purpose
from processing.core.views.dense import DenseView
from processing.run import Run
from staging.stage import stage
from tests import builders
from tests.api.ask import ask
from tests.api.test_neat import finished_run, run

pytestmark = pytest.mark.django_db

STOP = {"max_generations": 50}
NORMALISED: dict[str, dict[str, Any]] = {
    "dense": {
        "kind": "weight_evolution", "strategy": {"type": "genetic", "population_size": 4, "parents": 2}
    },
    "graph": {"kind": "neat", "strategy": {"population_size": 5}},
    "remembering": {"kind": "neat", "strategy": {"population_size": 5}, "network": {"recurrent": True}},
}


LARGE = {"neat": NORMALISED["graph"], "weight_evolution": NORMALISED["dense"]}


def document(environment: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"version": 1, "name": "to take away", "seed": 5, "environment": environment, "stop": STOP} | more


CART_POLE = {"type": "gymnasium", "id": "CartPole-v1", "normalize_observations": True, "max_steps": 60}


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """Kernels are there before a transaction waits for them longer than a database lets it."""
    for kind in NORMALISED.values():
        item = stage(parse(json.dumps(document(CART_POLE, **kind))), Limits())
        plan = plan_of(item.spec, item.facts)
        plan.judge.evaluate(plan.genome.random(1, seed=1, generation=0), seed=1, generation=0)


def normalised(kind: str, generations: int) -> Instance:
    return finished_run(document(CART_POLE, **NORMALISED[kind]), generations)


def exports(client: Client, instance: Instance, generation: int, index: int) -> dict[str, str]:
    query = "query($id:ID!){node(id:$id){... on Agent{exports{format url}}}}"
    found = ask(client, query, id=global_id("Agent", instance.pk, generation, index))["node"]["exports"]
    return {each["format"]: each["url"] for each in found}


def return_of(model: bytes, instance: Instance, generation: int, index: int) -> float:
    """What the network in a file earns in Gymnasium's own CartPole, from where this agent began."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    plan = Run.load(instance.pk, threads=1).plan
    address = {
        "seed": instance.seed, "generation": generation, "purpose": Purpose.EPISODE, "first": 0, "last": 0,
        "origin": 0
    }
    starts = rollouts_of(plan.problem, plan.genome, sampled=False, **address).starts
    world = gymnasium.make("CartPole-v1", max_episode_steps=60)
    with np.errstate(all="ignore"):
        seed = int(agent_key(starts, 0 if plan.problem.has_common_episodes else index, 0)) % MOST_SEED
    seen, _ = world.reset(seed=seed)
    memory = {each.name: np.zeros((1, each.shape[1]), np.float32) for each in session.get_inputs()[1:]}
    total, ends = 0.0, False
    while not ends:
        outputs, *state = session.run(None, {"observation": seen.astype(np.float32)[None], **memory})
        memory = dict(zip(memory, state, strict=True))
        seen, reward, terminated, truncated, _ = world.step(int(outputs[0].argmax()))
        total, ends = total + float(reward), terminated or truncated
    return total


@pytest.mark.any_database
@pytest.mark.parametrize("kind", NORMALISED)
def test_the_file_of_a_normalised_network_earns_what_its_agent_earned(client: Client, kind: str) -> None:
    instance = normalised(kind, 4)
    for generation in range(4):
        for agent in selectors.agents(instance.pk, filter=selectors.AgentFilter(
            generation_from=generation, generation_to=generation
        )).items:
            model = client.get(exports(client, instance, generation, agent.index)["ONNX"]).content
            assert return_of(model, instance, generation, agent.index) == agent.fitness


def test_the_json_file_says_the_same_as_the_onnx_file(
    client: Client, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.core.test_export import by_onnx, by_readme

    instance = normalised("dense", 3)
    found = exports(client, instance, 2, 1)
    x = np.random.default_rng(3).normal(0, 5, (50, 4)).astype(np.float32)
    json_file, onnx_file = (client.get(found[each]).content for each in ("JSON", "ONNX"))
    assert json.loads(json_file)["normalization"]["limit"] == 10
    np.testing.assert_allclose(
        by_readme(json_file, x, tmp_path, monkeypatch), by_onnx(onnx_file, x), rtol=1e-4, atol=1e-5
    )


def test_where_the_normalisation_was_not_kept_there_is_no_file_and_a_reason(client: Client) -> None:
    instance = normalised("dense", 2)
    address = exports(client, instance, 1, 0)["ONNX"]
    Generation.objects.update(normalization=None)
    assert exports(client, instance, 1, 0) == {}
    assert client.get(f"/runs/{instance.pk}/agent").json()["exports"] == {}
    answer = client.get(address, headers={"Accept": "application/json"})
    assert answer.status_code == 422
    assert b"that was not kept" in answer.content


def test_a_run_that_normalises_nothing_keeps_nothing(client: Client) -> None:
    instance = finished_run(builders.document(), 1)
    assert list(Generation.objects.values_list("normalization", flat=True)) == [None]
    assert set(exports(client, instance, 0, 0)) == {"ONNX", "JSON"}


@pytest.mark.parametrize("kind", ["neat", "weight_evolution"])
def test_a_large_network_is_offered_as_onnx_only_whatever_its_kind(
    client: Client, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("processing.core.exports.export.MOST_WEIGHTS", 40)
    table = {"type": "table", "inputs": [[0.5] * 10] * 2, "targets": [[0.5] * 5] * 2}
    instance = intake.submit(document(table, **LARGE[kind]), None, announce=False).instances[0]
    plan = Run.load(instance.pk, threads=1).plan
    genomes = plan.genome.pack(plan.genome.random(2, seed=1, generation=0))
    instance = builders.generation(instance, [1.0, 0.5], species=[0, 0], genomes=genomes, kept=[0, 1])
    assert set(exports(client, instance, 0, 0)) == {"ONNX"}
    refused = client.get(
        f"/agents/{global_id('Agent', instance.pk, 0, 0)}/network.json",
        headers={"Accept": "application/json"}
    )
    assert (refused.status_code, b"take ONNX" in refused.content) == (422, True)
    assert set(client.get(f"/runs/{instance.pk}/agent").json()["exports"]) == {"ONNX"}


@pytest.mark.parametrize("rows", [True, False])
def test_that_there_are_files_is_told_without_reading_a_genome(client: Client, rows: bool) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    instance = builders.generation(builders.run(), [1.0, 2.0, 3.0], kept=[0, 1, 2] if rows else [])
    assert CheckpointPart.objects.filter(kind=1).exists()
    assert Agent.objects.count() == (3 if rows else 0)
    with CaptureQueriesContext(connection) as queries:
        answer = run(client, instance, "agents(first:9){nodes{exports{format}}}")
    assert [len(agent["exports"]) for agent in answer["agents"]["nodes"]] == [2, 2, 2]
    assert not any('"genome"' in each["sql"] and "LENGTH" not in each["sql"].upper() for each in queries)
    assert not any("SUBSTR" in each["sql"].upper() for each in queries)


def test_networks_without_a_computation_are_not_offered_as_files_and_refused_in_a_sentence(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = finished_run(builders.document(), 1)
    address = exports(client, instance, 0, 0)["JSON"]
    monkeypatch.setattr(DenseView, "export_refusal", "Such networks are not written to files.")
    assert exports(client, instance, 0, 0) == {}
    assert client.get(f"/runs/{instance.pk}/agent").json()["exports"] == {}
    answer = client.get(address, headers={"Accept": "application/json"})
    assert (answer.status_code, b"Such networks are not" in answer.content) == (422, True)
