"""The admin: windows to look through, and three things to ask of runs."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from database import services
from database.models import (
    Agent,
    Checkpoint,
    CheckpointPart,
    Event,
    Generation,
    Instance,
    Slice,
    Species,
    SpeciesSnapshot,
    Worker,
    WorkItem,
)
from tests import builders

pytestmark = pytest.mark.django_db

MODELS = (WorkItem, Instance, Generation, Agent, Checkpoint, CheckpointPart, Species, SpeciesSnapshot, Event, Slice, Worker)


@pytest.fixture
def staff(client: Client) -> Client:
    """Somebody who may look."""
    client.force_login(User.objects.create_user("grace", password="x", is_staff=True))
    return client


@pytest.fixture
def played() -> Instance:
    services.register_worker(name="w1", host="h", profile="p", threads=2)
    instance = builders.generation(builders.run(), [1.0, None], species=[0, 1], state=builders.InstanceState.RUNNING)
    Slice.objects.create(
        instance=instance, generation=1, first=0, last=4, epoch=0, population=b"agents", opened_at=services.database_now()
    )
    return instance


def url(model: Any, page: str, *arguments: Any) -> str:
    return reverse(f"admin:database_{model._meta.model_name}_{page}", args=arguments)


@pytest.mark.parametrize("model", [model for model in MODELS if model is not Worker])
def test_every_list_is_ordered_by_what_it_has_an_index_for(staff: Client, played: Instance, model: Any) -> None:
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


def test_others_are_asked_to_log_in(client: Client) -> None:
    response = client.get(url(Instance, "changelist"))
    assert response["Location"].startswith("/admin/login/")
    client.force_login(User.objects.create_user("ada", password="x"))
    assert client.get(url(Instance, "changelist")).status_code == 302


def test_every_table_has_a_window() -> None:
    assert set(MODELS) <= set(admin.site._registry)
