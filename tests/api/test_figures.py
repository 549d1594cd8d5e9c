"""Two figures with two names: the highest fitness of a run, and that of its confirmed champion."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from api.embedded import follow
from api.terminal import line_of, result_line
from database.models import Instance
from tests import builders
from tests.api.ask import ask

pytestmark = pytest.mark.django_db


@pytest.fixture
def confirmed() -> Instance:
    """A run whose best agent, of generation 1, was not confirmed; that of generation 2 was, with less."""
    run = builders.generation(builders.run(), [1.0, 200.0])
    run = builders.generation(run, [255.5, 2.0])
    return builders.generation(run, [0.0, 222.0], confirmed=1)


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_the_page_of_a_run_names_both_and_where_each_was_reached(client: Client, confirmed: Instance) -> None:
    page = text_of(client.get(f"/runs/{confirmed.pk}"))
    best, champion = page.split("<dt>Best fitness</dt>")[1].split(
        "<dt>Champion's fitness</dt>".replace("'", "&#x27;")
    )
    assert "255.5" in best
    assert "in generation 1<" in best
    assert "222" in champion
    assert "confirmed in generation 2<" in champion


def test_where_they_are_one_the_page_tells_one(client: Client) -> None:
    run = builders.generation(builders.run(), [1.0, 200.0])
    page = text_of(client.get(f"/runs/{run.pk}"))
    assert "in generation 0<" in page
    assert "Champion&#x27;s fitness" not in page


def test_the_list_names_both_and_asks_nothing_more_for_it(client: Client, confirmed: Instance) -> None:
    page = text_of(client.get("/runs"))
    assert "<b>255.5</b>" in page
    assert "champion 222<" in page
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as asked:
            client.get("/runs")
        counts.append(len(asked))
        builders.generation(builders.generation(builders.run(), [9.0, 1.0]), [0.0, 3.0], confirmed=1)
    assert counts[0] == counts[1]


def test_graphql_has_both_on_the_run_and_in_its_progress(client: Client, confirmed: Instance) -> None:
    query = (
        "query($n:Int!){instance(by:{number:$n}){bestFitness bestGeneration championFitness champion{fitness}"
        "progress{bestFitness championFitness}}}"
    )
    assert ask(client, query, n=confirmed.pk)["instance"] == {
        "bestFitness": 255.5, "bestGeneration": 1, "championFitness": 222.0, "champion": {"fitness": 222.0},
        "progress": {"bestFitness": 255.5, "championFitness": 222.0},
    }


def test_the_progress_line_names_the_champion_where_it_is_another(confirmed: Instance) -> None:
    assert "best 255.5  champion 222  mean" in line_of(follow.progress_of(confirmed.pk)[1])
    usual = builders.generation(builders.run(), [1.0, 200.0])
    assert "best 200  mean" in line_of(follow.progress_of(usual.pk)[1])


def test_programs_are_told_both(confirmed: Instance) -> None:
    told = json.loads(result_line(confirmed))
    assert (told["best_fitness"], told["champion_fitness"]) == (255.5, 222.0)


def test_the_admin_lists_both(client: Client, confirmed: Instance) -> None:
    client.force_login(User.objects.create_user("grace", password="x", is_staff=True))
    page = text_of(client.get("/admin/database/instance/"))
    assert "255.5" in page
    assert "222" in page
    assert "Champion fitness" in page
