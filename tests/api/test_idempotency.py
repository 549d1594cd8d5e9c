"""The same submission twice is one, whatever became of the first answer."""

import json
import threading
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client

from api import intake
from database.models import Event, Instance, WorkItem
from tests import builders
from tests.api.ask import ask, post

SUBMIT = """
mutation Submit($document: JSON, $key: String, $start: Boolean) {
  submitWorkItem(input: {spec: {document: $document}, idempotencyKey: $key, start: $start}) {
    userErrors { code message path }
    workItem { id }
    instances { id number state }
  }
}"""


def submit(client: Client, document: Any, key: str | None, start: bool = True) -> dict[str, Any]:
    found: dict[str, Any] = ask(client, SUBMIT, document=document, key=key, start=start)["submitWorkItem"]
    return found


@pytest.mark.django_db
def test_the_same_key_and_document_again_is_the_same_work_item(client: Client) -> None:
    first = submit(client, builders.document(replicates=2), "mine")
    events = Event.objects.count()
    assert submit(client, builders.document(replicates=2), "mine") == first
    assert (WorkItem.objects.count(), Instance.objects.count(), Event.objects.count()) == (1, 2, events)


@pytest.mark.django_db
def test_documents_are_equal_where_they_mean_the_same(client: Client) -> None:
    first = submit(client, builders.document(), "mine")
    spelt_out = dict(reversed(builders.document(replicates=1, priority=0, record={"agents": "auto"}).items()))
    assert submit(client, spelt_out, "mine")["workItem"] == first["workItem"]


@pytest.mark.django_db
@pytest.mark.parametrize("key", [("novelty",), ("strategy", "mutation_scale"), ("record",)])
def test_a_work_item_from_before_a_key_was_added_is_still_the_same(
    client: Client, key: tuple[str, ...]
) -> None:
    first = submit(client, builders.document(), "mine")
    work_item = WorkItem.objects.get()
    *groups, last = key
    place = work_item.spec
    for group in groups:
        place = place[group]
    del place[last]
    work_item.save()
    assert submit(client, builders.document(), "mine")["workItem"] == first["workItem"]
    assert submit(
        client, builders.document(stop={"max_generations": 51}), "mine"
    )["userErrors"][0]["code"] == "CONFLICT"


@pytest.mark.django_db
def test_so_is_a_table_from_before_its_rules_were_written_out(client: Client) -> None:
    table = {"type": "table", "inputs": [[0], [1]], "targets": [[10], [40]], "fitness": "squared_remainder"}
    first = submit(client, builders.document(environment=table), "mine")
    work_item = WorkItem.objects.get()
    work_item.spec["environment"] = table
    work_item.save()
    assert submit(client, builders.document(environment=table), "mine")["workItem"] == first["workItem"]
    other = submit(client, builders.document(environment=table | {"criterion": "sides"}), "mine")
    assert other["userErrors"][0]["code"] == "CONFLICT"


@pytest.mark.django_db
def test_a_stored_work_item_that_is_none_any_more_is_another_one(client: Client) -> None:
    submit(client, builders.document(), "mine")
    WorkItem.objects.update(spec={"kind": "gone"})
    assert submit(client, builders.document(), "mine")["userErrors"][0]["code"] == "CONFLICT"


@pytest.mark.django_db
@pytest.mark.parametrize(("changes", "start"), [({"seed": 6}, True), ({"name": "other"}, True), ({}, False)])
def test_something_else_under_the_same_key_is_refused(
    client: Client, changes: dict[str, Any], start: bool
) -> None:
    submit(client, builders.document(), "mine")
    refused = submit(client, builders.document(**changes), "mine", start)
    assert [
        (each["code"], each["path"]) for each in refused["userErrors"]
    ] == [("CONFLICT", ["idempotencyKey"])]
    assert (refused["workItem"], WorkItem.objects.count()) == (None, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 201, "a\nb", "a\0b", "\ud800"])
def test_a_key_that_cannot_be_one_is_told(client: Client, key: str) -> None:
    refused = submit(client, builders.document(), key)
    assert [(each["code"], each["path"]) for each in refused["userErrors"]] == [
        ("INVALID_FORMAT", ["idempotencyKey"])
    ]
    assert WorkItem.objects.count() == 0


@pytest.mark.django_db
def test_submissions_without_a_key_are_different_ones(client: Client) -> None:
    assert submit(client, builders.document(), None)["workItem"] != submit(
        client, builders.document(), None
    )["workItem"]


@pytest.mark.django_db
def test_keys_belong_to_who_chose_them() -> None:
    ada, grace = (User.objects.create_user(name, password="x") for name in ("ada", "grace"))
    items = {
        intake.submit(builders.document(), owner, idempotency_key="k").work_item.pk
        for owner in (ada, grace, None, ada)
    }
    assert len(items) == 3


@pytest.mark.django_db
def test_a_repeat_after_the_run_has_gone_on_tells_where_it_is(client: Client) -> None:
    number = submit(client, builders.document(), "mine")["instances"][0]["number"]
    builders.generation(Instance.objects.select_related("work_item").get(pk=number), [1.0])
    assert submit(client, builders.document(), "mine")["instances"][0]["state"] == "RUNNING"


@pytest.mark.django_db(transaction=True)
def test_a_commit_whose_answer_was_lost_is_found(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = connection.commit

    def unanswered() -> None:
        commit()
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(connection, "commit", unanswered)
    assert len(submit(client, builders.document(), None)["instances"]) == 1
    assert WorkItem.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_commit_that_did_not_happen_is_unavailable(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost() -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(connection, "commit", lost)
    response = post(client, {"query": SUBMIT, "variables": {"document": builders.document(), "key": "mine"}})
    assert (response.status_code, response["Retry-After"]) == (503, "2")
    assert json.loads(response.content)["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    monkeypatch.undo()
    assert WorkItem.objects.count() == 0
    assert len(submit(client, builders.document(), "mine")["instances"]) == 1


@pytest.mark.django_db(transaction=True)
def test_whoever_comes_second_answers_what_the_first_has_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one stores it after this one has looked and before it writes."""
    others: list[int] = []

    def other() -> None:
        try:
            others.append(intake.submit(builders.document(), None, idempotency_key="mine").work_item.pk)
        finally:
            # SQLite's own `close` keeps a connection to a database in memory open
            BaseDatabaseWrapper.close(connection)

    def meanwhile(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        result = execute(sql, parameters, many, context)
        if "idempotency_key" in sql and sql.startswith("SELECT") and not others:
            thread = threading.Thread(target=other)
            thread.start()
            thread.join()
        return result

    with connection.execute_wrapper(meanwhile):
        mine = intake.submit(builders.document(), None, idempotency_key="mine").work_item.pk
    assert others == [mine]
    assert WorkItem.objects.count() == Instance.objects.count() == 1
