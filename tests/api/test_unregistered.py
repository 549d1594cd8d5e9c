"""Work whose kind no module adds any more: everything else is shown, and nothing is lost."""

import pytest
from django.test import Client

from api import intake
from database.models import Instance
from processing import run, runner
from processing.core.kinds import KINDS
from tests import builders
from tests.api.ask import ask, post

pytestmark = pytest.mark.django_db(transaction=True)

SENTENCE = (
    'The kind "weight_evolution" is not known here: EXTENSION_MODULES does not name the module that adds it.'
)


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch) -> Instance:
    """A run whose kind is not in the table."""
    found = intake.submit(builders.document(), None, announce=False).instances[0]
    run._staged_and_plan.cache_clear()
    monkeypatch.delitem(KINDS, "weight_evolution")
    return found


def test_lists_show_its_row_and_its_page_says_why_there_is_none(client: Client, instance: Instance) -> None:
    rows = client.get("/runs").content.decode()
    assert f"/runs/{instance.pk}" in rows
    page = client.get(f"/runs/{instance.pk}")
    assert page.status_code == 409
    assert SENTENCE in page.content.decode().replace("&quot;", '"')


def test_graphql_lists_it_and_refuses_only_what_needs_the_kind(client: Client, instance: Instance) -> None:
    listed = ask(client, "{ instances { nodes { number kind workItem { kind } } } }")
    (node,) = listed["instances"]["nodes"]
    assert (node["number"], node["kind"], node["workItem"]["kind"]) == (instance.pk, None, None)
    query = "{ instances { nodes { number problem { label } environment { name } } } }"
    answer = post(client, {"query": query}).json()
    assert answer["data"]["instances"]["nodes"] == [
        {"number": instance.pk, "problem": None, "environment": None}
    ]
    assert {each["message"] for each in answer["errors"]} == {SENTENCE}
    assert answer["errors"][0]["extensions"]["code"] == "UNREGISTERED"


def test_workers_leave_it_until_they_know_its_kind(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        assert not runner.work_shift(instance.pk, threads=1)
        Instance.objects.update(lease_until=None)
    instance.refresh_from_db()
    assert (instance.state, instance.claimed_by, instance.failure_message) == ("RUNNING", "", None)
    event = instance.events.order_by("-sequence").first()
    assert event is not None
    assert event.message == f"{SENTENCE} It is tried again and again."
    monkeypatch.undo()
    runner.work_shift(instance.pk, threads=1)
    instance.refresh_from_db()
    assert instance.state == "SUCCEEDED"
