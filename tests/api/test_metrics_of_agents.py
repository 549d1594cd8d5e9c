"""Metrics, curves and figures: what a worker stores, and how GraphQL, the page of a run, the admin and the
terminal show them.
"""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from api.graphql.budgets import MOST_CURVE_NUMBERS
from api.terminal import result_line
from database import packing, services
from database.models import Agent, Generation, Instance
from database.services import NewGeneration
from processing.core.search.generation import (
    GenerationResult,
    begin,
    close_generation,
    open_generation,
)
from processing.core.types import Evaluations
from processing.record import record_of
from processing.run import Run
from tests import builders
from tests.api.ask import ask, refusal

pytestmark = pytest.mark.django_db

METRICS = {"accuracy": [0.5, 0.75, math.nan], "trained_parameters": [10.0, math.inf, 30.0]}
CURVES = {"loss": [[3.0, math.nan, 1.0], [5.0], []], "accuracy": [[0.25, 0.5], [], []]}
FIGURES = {"sigma": 0.5, "is_restarted": False, "steps": [1, None]}


@pytest.fixture
def trained() -> Instance:
    """A run whose first generation has metrics, curves and figures, and whose second has none."""
    instance = builders.generation(
        builders.run(), [1.0, 2.0, None], metrics=METRICS, curves=CURVES, figures=FIGURES
    )
    return builders.generation(instance, [0.0, 1.0])


def run_of(client: Client, instance: Instance, fields: str) -> dict[str, Any]:
    answer: dict[str, Any] = ask(
        client, f"query($n: Int!) {{ instance(by: {{number: $n}}) {{ {fields} }} }}", n=instance.pk
    )["instance"]
    return answer


# GraphQL


def test_an_agent_tells_its_metrics_and_curves(client: Client, trained: Instance) -> None:
    nodes = run_of(client, trained, "agents { nodes { metrics { name value } curves { name values } } }")
    first, second, failed, *without = nodes["agents"]["nodes"]
    assert first == {
        "metrics": [{"name": "accuracy", "value": 0.5}, {"name": "trained_parameters", "value": 10.0}],
        "curves": [{"name": "loss", "values": [3.0, None, 1.0]}, {"name": "accuracy", "values": [0.25, 0.5]}],
    }
    assert [each["value"] for each in second["metrics"]] == [0.75, None]
    assert second["curves"] == [{"name": "loss", "values": [5.0]}]
    assert [each["value"] for each in failed["metrics"]] == [None, 30.0]
    assert failed["curves"] == []
    assert without == [{"metrics": None, "curves": None}] * 2


def test_a_generation_tells_the_figures_of_its_strategy(client: Client, trained: Instance) -> None:
    found = run_of(client, trained, "generations { nodes { number figures } }")["generations"]["nodes"]
    assert [each["figures"] for each in sorted(found, key=lambda each: each["number"])] == [FIGURES, None]


def test_curves_of_many_agents_are_read_together(client: Client) -> None:
    instance = builders.run()
    for _ in range(3):
        instance = builders.generation(instance, [1.0, 2.0], curves={"loss": [[1.0, 2.0], [3.0]]})

    def statements(fields: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            run_of(client, instance, fields)
        return len(queries)

    plain, more = "agents(first: 50) { nodes { index } }", "agents(first: 50) { nodes { curves { values } } }"
    assert statements(more) - statements(plain) == 2


def test_a_request_reads_a_bounded_amount_of_curves(client: Client) -> None:
    epochs = MOST_CURVE_NUMBERS // 4
    curves = {"loss": [[float(epoch) for epoch in range(epochs)]] * 5}
    instance = builders.generation(builders.run(), [1.0] * 5, curves=curves)
    query = (
        "query($n: Int!, $first: Int!) { instance(by: {number: $n}) { "
        "agents(first: $first) { nodes { curves { values } } } } }"
    )
    error = refusal(client, query, n=instance.pk, first=5)
    assert "numbers of curves" in error["message"]
    nodes = ask(client, query, n=instance.pk, first=2)["instance"]["agents"]["nodes"]
    assert [len(each["curves"][0]["values"]) for each in nodes] == [epochs] * 2


# Pages


def test_the_page_of_a_run_gets_an_agents_numbers(client: Client, trained: Instance) -> None:
    address = reverse("dashboard:measurements", args=(trained.pk,))
    assert address in client.get(reverse("dashboard:run", args=(trained.pk,))).content.decode()
    assert client.get(address, {"generation": 0, "index": 0}).json() == {
        "confusion": None, "metrics": [["accuracy", "0.5"], ["trained parameters", "10"]],
        "curves": [
            {"name": "loss", "epochs": [1, 2, 3], "values": [3.0, None, 1.0]},
            {"name": "accuracy", "epochs": [1, 2], "values": [0.25, 0.5]},
        ],
        "generation": [],
    }
    assert client.get(address, {"generation": 0, "index": 1}).json()["metrics"][1][1] == "–"
    assert client.get(address, {"generation": 1, "index": 0}).json() == {
        "confusion": None, "metrics": [], "curves": [], "generation": [],
    }


@pytest.mark.parametrize(
    "place", [{}, {"generation": 0}, {"generation": 0, "index": 3}, {"generation": 7, "index": 0}]
)
def test_numbers_of_no_agent_are_not_found(client: Client, trained: Instance, place: dict[str, int]) -> None:
    assert client.get(reverse("dashboard:measurements", args=(trained.pk,)), place).status_code == 404


def test_a_long_curve_is_thinned_and_keeps_its_end(client: Client) -> None:
    curves = {"loss": [[float(epoch) for epoch in range(1_234)]]}
    instance = builders.generation(builders.run(), [1.0], curves=curves)
    address = reverse("dashboard:measurements", args=(instance.pk,))
    (curve,) = client.get(address, {"generation": 0, "index": 0}).json()["curves"]
    assert len(curve["epochs"]) == len(curve["values"]) <= 501
    assert (curve["epochs"][0], curve["values"][0]) == (1, 0.0)
    assert (curve["epochs"][-1], curve["values"][-1]) == (1_234, 1_233.0)


def test_the_admin_shows_metrics_and_figures(client: Client, trained: Instance) -> None:
    client.force_login(User.objects.create_superuser("root"))
    agent = Agent.objects.get(instance=trained, generation=0)
    generation = Generation.objects.get(instance=trained, number=0)
    shown = client.get(reverse("admin:database_agent_change", args=(agent.pk,))).content.decode()
    assert "accuracy 0.75, trained_parameters –" in shown
    page = client.get(reverse("admin:database_generation_change", args=(generation.pk,))).content.decode()
    assert "sigma" in page


# Terminal


def test_the_result_line_has_the_champions_metrics_where_there_are_some(trained: Instance) -> None:
    assert json.loads(result_line(trained))["champion_metrics"] == {
        "accuracy": 0.75, "trained_parameters": None
    }
    without = builders.generation(builders.run(), [1.0])
    assert "champion_metrics" not in json.loads(result_line(without))
    assert "champion_metrics" not in json.loads(result_line(builders.run()))


# What a worker stores


def closed(run: Run, **changes: Any) -> GenerationResult:
    """The first generation of a run, evaluated to these values."""
    checkpoint = begin(run.plan)
    population = open_generation(run.plan, checkpoint, seed=run.instance.seed)
    size = len(population)
    evaluations = Evaluations(
        np.arange(size, dtype=np.float64), np.ones(size, np.int32), np.zeros(size, np.uint8), **changes
    )
    return close_generation(run.plan, checkpoint, population, evaluations, seed=run.instance.seed)


def recorded(run: Run, result: GenerationResult) -> NewGeneration:
    return record_of(run, result, seconds=1.0, started_at=services.database_now())


def test_a_worker_stores_what_was_measured() -> None:
    run = Run.load(builders.run().pk, threads=1)
    metrics, curves = np.arange(8.0).reshape(4, 2), np.full((4, 3, 1), np.nan, np.float32)
    curves[:, 0, 0] = [1.0, 2.0, 3.0, 4.0]
    result = closed(run, metrics=metrics, metric_names=("a", "b"), curves=curves, curve_names=("loss",))
    population = replace(result.population, father_ages=np.array([0, 1, 2, 3], np.uint16))
    figures = {"sigma": None, "sizes": [1, 2.5], "name": "x"}
    record = recorded(run, replace(result, population=population, figures=figures))
    found = packing.unpack_metrics(record.scalars, 4)
    assert found is not None
    assert (found[0], found[1].tolist()) == (("a", "b"), metrics.tolist())
    ages = packing.unpack_father_ages(record.scalars, 4)
    assert ages is not None
    assert ages.tolist() == [0, 1, 2, 3]
    assert packing.read_curve_shape(record.curves or b"").numbers == 1
    assert record.figures == figures


def test_where_nothing_more_was_measured_a_worker_stores_the_same_as_before() -> None:
    run = Run.load(builders.run().pk, threads=1)
    record = recorded(run, closed(run))
    assert (len(record.scalars), record.curves, record.figures) == (4 * packing.BYTES_PER_AGENT, None, None)
