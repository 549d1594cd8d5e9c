"""A database that does not answer: 503 at every door, with the time to try again, and the next request goes
well.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client

from tests import builders
from tests.api.ask import ask, post

pytestmark = pytest.mark.django_db

SUBMIT = (
    "mutation($document: JSON) { submitWorkItem(input: {spec: {document: $document}}) { instances { number } "
    "} }"
)


@contextmanager
def silent_database(error: type[Exception] = OperationalError) -> Iterator[None]:
    """Every statement fails as if the server had gone."""

    def refuse(*_: Any) -> Any:
        raise error("connection to server at 10.0.0.1 failed")

    with connection.execute_wrapper(refuse):
        yield


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_mutation_says_when_to_try_again(client: Client, error: type[Exception]) -> None:
    body = {"query": SUBMIT, "variables": {"document": builders.document()}}
    with silent_database(error):
        response = post(client, body)
    assert (response.status_code, response["Retry-After"]) == (503, "2")
    told = json.loads(response.content)["errors"][0]
    assert told["extensions"]["code"] == "UNAVAILABLE"
    assert "10.0.0.1" not in response.content.decode()
    assert ask(client, SUBMIT, document=builders.document())["submitWorkItem"]["instances"]


def test_so_does_a_query(client: Client) -> None:
    with silent_database():
        response = post(client, {"query": "{ instances { nodes { number } } }"})
    assert (response.status_code, response["Retry-After"]) == (503, "2")


@pytest.mark.parametrize("door", ["/", "/runs/1", "/metrics", "/readyz"])
def test_so_does_a_page(client: Client, door: str) -> None:
    with silent_database():
        response = client.get(door)
    assert (response.status_code, response["Retry-After"]) == (503, "2")
    assert "Traceback" not in response.content.decode()


def test_what_is_only_wrong_is_no_reason_to_try_again(client: Client) -> None:
    response = post(client, {"query": "{ nodes(ids: []) { id } instance(by: {id: \"x\"}) { number } }"})
    assert response.status_code == 200
    assert "Retry-After" not in response
