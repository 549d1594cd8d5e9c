"""The admin: windows to look through, and three things to ask of runs."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from api.login import one_time_path
from database import services
from database.models import (
    Agent,
    Checkpoint,
    CheckpointPart,
    Event,
    Generation,
    Instance,
    Share,
    Slice,
    Species,
    SpeciesSnapshot,
    Worker,
    WorkItem,
)
from processing.core.types import Operator
from tests import builders

pytestmark = pytest.mark.django_db

MODELS = (
    WorkItem, Instance, Generation, Agent, Checkpoint, CheckpointPart, Species, SpeciesSnapshot, Event, Slice,
    Worker, Share
)


@pytest.fixture
def staff(client: Client) -> Client:
    """Somebody who may look."""
    client.force_login(User.objects.create_user("grace", password="x", is_staff=True))
    return client


@pytest.fixture
def played() -> Instance:
    services.register_worker(name="w1", host="h", profile="p", threads=2)
    instance = builders.generation(
        builders.run(), [1.0, None], species=[0, 1], state=builders.InstanceState.RUNNING
    )
    Slice.objects.create(
        instance=instance, generation=1, first=0, last=4, epoch=0, population=b"agents",
        opened_at=services.database_now()
    )
    return instance


def url(model: Any, page: str, *arguments: Any) -> str:
    return reverse(f"admin:database_{model._meta.model_name}_{page}", args=arguments)


@pytest.mark.parametrize("model", [model for model in MODELS if model is not Worker])
def test_every_list_is_ordered_by_what_it_has_an_index_for(
    staff: Client, played: Instance, model: Any
) -> None:
    shown = staff.get(url(model, "changelist")).context["cl"]
    assert set(shown.queryset.query.order_by) == {"-id"}


@pytest.mark.parametrize("model", MODELS)
def test_every_row_of_every_table_can_be_looked_at(staff: Client, played: Instance, model: Any) -> None:
    listed = staff.get(url(model, "changelist"))
    assert listed.status_code == 200
    row = model.objects.first()
    assert row is not None
    shown = staff.get(url(model, "change", row.pk))
    assert shown.status_code == 200
    assert 'name="_save"' not in shown.content.decode()


@pytest.mark.parametrize("model", MODELS)
def test_no_row_can_be_added_changed_or_deleted_by_hand(staff: Client, played: Instance, model: Any) -> None:
    row = model.objects.first()
    before = model.objects.filter(pk=row.pk).values().get()
    assert staff.get(url(model, "add")).status_code == 403
    assert staff.post(url(model, "change", row.pk), {"name": "other"}).status_code == 403
    assert staff.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).values().get() == before


@pytest.mark.parametrize(("action", "begins", "ends"), [
    ("pause", "QUEUED", "PAUSED"), ("resume", "PAUSED", "QUEUED"), ("cancel", "QUEUED", "CANCELLED"),
])
def test_runs_can_be_paused_resumed_and_cancelled(staff: Client, action: str, begins: str, ends: str) -> None:
    instance = builders.run(start=begins == "QUEUED")
    staff.post(url(Instance, "changelist"), {"action": action, "_selected_action": [instance.pk]})
    instance.refresh_from_db()
    assert instance.state == ends


def test_what_cannot_be_done_is_said(staff: Client) -> None:
    instance = builders.run(start=False)
    response = staff.post(
        url(Instance, "changelist"), {"action": "pause", "_selected_action": [instance.pk]}, follow=True
    )
    assert f"Run {instance.pk} is PAUSED" in response.content.decode()


def test_runs_are_listed_with_their_outcome_and_filtered_by_it(staff: Client, played: Instance) -> None:
    died = builders.died_out()
    listed = staff.get(url(Instance, "changelist")).content.decode()
    assert 'class="field-outcome' in listed
    assert "Died out" in listed
    found = staff.get(url(Instance, "changelist"), {"outcome": "DIED_OUT"}).context["cl"]
    assert [each.pk for each in found.result_list] == [died.pk]
    assert "Died out" in staff.get(url(Instance, "change", died.pk)).content.decode()


def test_a_run_without_a_generation_left_says_why_it_is_not_resumed(staff: Client) -> None:
    died = builders.died_out(stop={"max_generations": 1})
    response = staff.post(
        url(Instance, "changelist"), {"action": "resume", "_selected_action": [died.pk]}, follow=True
    )
    assert "no generation left" in response.content.decode()


@pytest.fixture
def family() -> Instance:
    """Two agents, and their children: a champion and one that failed."""
    instance = builders.generation(builders.run(), [1.0, 0.5], kept=[0, 1])
    return builders.generation(
        instance, [2.0, None], mothers=[0, 1], fathers=[1, -1],
        operators=[int(Operator.CROSSOVER), int(Operator.MUTATION)],
        species=[4, 4], kept=[0, 1],
    )


def test_an_agent_is_shown_with_what_its_generation_keeps_of_it(staff: Client, family: Instance) -> None:
    number = family.pk
    listed = staff.get(url(Agent, "changelist"), {"run": number, "of_generation": 1}).content.decode()
    for told in (f"{number}-1-0", "EVALUATED", "FAILED", "crossed", "mutated", ">champion<", ">4<"):
        assert told in listed
    failed = Agent.objects.get(instance=family, generation=1, index=1)
    assert "non finite fitness" in staff.get(url(Agent, "change", failed.pk)).content.decode()


def test_an_agents_parents_are_links_to_their_own_windows(staff: Client, family: Instance) -> None:
    child, mother, father = (
        Agent.objects.get(instance=family, generation=generation, index=index)
        for generation, index in ((1, 0), (0, 0), (0, 1))
    )
    pages = (
        staff.get(url(Agent, "change", child.pk)),
        staff.get(url(Agent, "changelist"), {"run": family.pk, "of_generation": 1}),
    )
    for page in pages:
        for parent in (mother, father):
            assert re.search(
                rf'<a href="{url(Agent, "change", parent.pk)}"[^>]*>{parent}</a>', page.content.decode()
            )
    assert staff.get(url(Agent, "change", mother.pk)).status_code == 200


def test_parents_without_a_row_are_named_and_lead_nowhere(staff: Client, family: Instance) -> None:
    Agent.objects.filter(instance=family, generation=0).delete()
    listed = staff.get(url(Agent, "changelist"), {"run": family.pk, "of_generation": 1}).content.decode()
    assert f"{family.pk}-0-0, {family.pk}-0-1" in " ".join(listed.split())


def test_figures_are_written_as_people_write_them(staff: Client) -> None:
    run = builders.generation(builders.run(seed=1234567), [1 / 3, 1e6 / 7])
    Instance.objects.update(evaluations=1_234_567, compute_seconds=1 / 3)
    generation = Generation.objects.get(instance=run)
    for window, row in ((Instance, run), (Generation, generation)):
        listed = staff.get(url(window, "changelist")).content.decode()
        shown = staff.get(url(window, "change", row.pk)).content.decode()
        for page in (listed, shown):
            assert "142,857" in page
            assert "142857.14" not in page
    assert "1,234,567" in staff.get(url(Instance, "changelist")).content.decode()
    page = staff.get(url(Instance, "change", run.pk)).content.decode()
    assert "0.3333" in page
    assert "0.33333" not in page
    assert "1234567" in page, "a seed is no figure"


def test_instants_are_there_for_the_readers_own_zone(staff: Client, family: Instance) -> None:
    assert family.started_at is not None
    pages = (
        (staff.get(url(Instance, "changelist")), family.created_at),
        (staff.get(url(Instance, "change", family.pk)), family.started_at),
    )
    for page, moment in pages:
        told = f'<time datetime="{moment.isoformat()}">{moment:%Y-%m-%d %H:%M:%S} UTC</time>'
        assert told in page.content.decode()
        assert "dashboard/times.js" in page.content.decode()


def test_a_list_is_ordered_by_a_figure_that_is_clicked(staff: Client) -> None:
    for best in (1.0, 3.0, 2.0):
        builders.generation(builders.run(), [best])
    columns = staff.get(url(Instance, "changelist")).context["cl"].list_display
    place = [getattr(each, "__name__", each) for each in columns].index("best_fitness")
    listed = staff.get(url(Instance, "changelist"), {"o": f"-{place}"}).context["cl"]
    assert [each.best_fitness for each in listed.result_list] == [3.0, 2.0, 1.0]


def test_the_admin_has_the_colours_of_the_pages(staff: Client) -> None:
    page = staff.get("/admin/").content.decode()
    assert "--color-primary-600: rgb(11, 117, 108)" in page
    sheet = Path(finders.find("dashboard/dashboard.css") or "").read_text()
    assert "--accent: #0b756c" in sheet


@pytest.mark.parametrize(
    ("asked", "found"), [("{}", 4), ("{}-1", 2), ("{}-1-0", 1), ("{}-7", 0), ("nobody", 0), ("1-2-3-4", 0)]
)
def test_an_agent_is_found_by_its_name(staff: Client, family: Instance, asked: str, found: int) -> None:
    listed = staff.get(url(Agent, "changelist"), {"q": asked.format(family.pk)}).context["cl"]
    assert listed.result_count == found


def test_the_agents_of_a_run_are_listed_by_an_index(staff: Client, family: Instance) -> None:
    with CaptureQueriesContext(connection) as asked:
        staff.get(url(Agent, "changelist"), {"run": family.pk})
    about = [query["sql"] for query in asked if 'FROM "database_agent"' in query["sql"]]
    assert about
    assert not any("DISTINCT" in sql or "JOIN" in sql for sql in about)
    assert all(f'"instance_id" = {family.pk}' in sql for sql in about)


def test_a_number_that_is_none_filters_nothing(staff: Client, family: Instance) -> None:
    listed = staff.get(url(Agent, "changelist"), {"run": "x", "of_generation": "9" * 30})
    assert listed.context["cl"].result_count == 4


def test_the_login_command_prints_a_link_where_one_was_used(client: Client) -> None:
    used = one_time_path()
    assert client.get(used).status_code == 302
    refused = client.get(used)
    assert refused.status_code == 403
    assert "manage.py login --url http://testserver/" in refused.content.decode()
    printed = io.StringIO()
    call_command("login", url="http://testserver/", stdout=printed)
    assert client.get(printed.getvalue().strip().removeprefix("http://testserver")).status_code == 302


def test_others_are_asked_to_log_in(client: Client) -> None:
    response = client.get(url(Instance, "changelist"))
    assert response["Location"].startswith("/admin/login/")
    client.force_login(User.objects.create_user("ada", password="x"))
    assert client.get(url(Instance, "changelist")).status_code == 302


def test_every_table_has_a_window() -> None:
    assert set(MODELS) <= set(admin.site._registry)
