"""Every exception has an answer; a bug is told by a number only."""

import importlib
import json
import logging
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from api.errors import ANSWERS, answer_of
from database.errors import Conflict, NotFound
from formatting.faults import Faulty, Malformed
from processing.core.errors import Broken, Refused, Transient
from staging.stage import Unstageable

ROOMS = ("api", "database", "processing", "staging", "formatting", "mlbackend")
#: Said on the command line, before there is a server.
NOT_AT_DOORS = ("api.embedded.", "api.management.")


def modules() -> Iterator[ModuleType]:
    for room in ROOMS:
        root = importlib.import_module(room)
        yield root
        for found in pkgutil.walk_packages(root.__path__, f"{room}."):
            if not found.name.startswith(NOT_AT_DOORS) and ".migrations" not in found.name:
                yield importlib.import_module(found.name)


def own_exceptions() -> set[type[BaseException]]:
    return {
        value for module in modules() for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Exception) and value.__module__ == module.__name__
        and not name.startswith("_")
    }


def test_every_exception_of_ours_has_an_answer() -> None:
    found = own_exceptions()
    assert {Refused, Transient, Broken, Faulty, Malformed, Unstageable, NotFound, Conflict} <= found
    assert [each for each in found if not set(each.__mro__) & set(ANSWERS)] == []


@pytest.mark.parametrize(("error", "code", "status"), [
    (Refused("so not"), "REFUSED", 422), (NotFound("no run 5"), "NOT_FOUND", 404),
    (Conflict("it ended"), "WRONG_STATE", 409), (Transient("gone"), "UNAVAILABLE", 503),
    (Broken("bad bytes"), "BROKEN", 500), (PermissionDenied(), "PERMISSION_DENIED", 403),
    (Http404("There is no run 5."), "NOT_FOUND", 404),
    (RequestDataTooBig("x"), "LIMIT_EXCEEDED", 413), (SuspiciousOperation("x"), "INVALID_FORMAT", 400),
    (OperationalError("connection to server at 10.0.0.1 refused"), "UNAVAILABLE", 503),
    (KeyError("x"), "INTERNAL", 500),
])
def test_an_exception_is_answered_by_what_the_caller_must_do(
    error: Exception, code: str, status: int
) -> None:
    answer = answer_of(error)
    assert (answer.code, answer.status) == (code, status)
    assert (answer.correlation_id is not None) == (status >= 500)
    assert "10.0.0.1" not in answer.message


def test_a_bug_is_logged_under_the_number_that_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        answer = answer_of(KeyError("secret"))
    assert answer.correlation_id
    assert answer.correlation_id in caplog.text
    assert "KeyError: 'secret'" in caplog.text
    assert "secret" not in answer.message


def failing(request: HttpRequest, what: str) -> HttpResponse:
    raise {
        "bug": KeyError("secret"), "nothing": Http404("There is no run 5."),
        "database": OperationalError("10.0.0.1")
    }[what]


urlpatterns = [path("failing/<str:what>", failing), path("graphql/<str:what>", failing)]


@pytest.mark.parametrize(("what", "status", "words"), [
    ("bug", 500, "not your fault"), ("nothing", 404, "There is no run 5."),
    ("database", 503, "does not answer"),
])
@override_settings(ROOT_URLCONF="tests.api.test_errors")
def test_a_page_that_fails_is_a_page_that_says_so(client: Client, what: str, status: int, words: str) -> None:
    response = client.get(f"/failing/{what}")
    text = response.content.decode()
    assert response.status_code == status
    assert response["Content-Type"].startswith("text/html")
    assert words in text
    assert ("to the details in the server" in text) == (status >= 500)
    assert not any(word in text for word in ("Traceback", "secret", "10.0.0.1"))


@override_settings(ROOT_URLCONF="tests.api.test_errors")
def test_whoever_speaks_json_gets_the_same_as_json(client: Client) -> None:
    answer: dict[str, Any] = json.loads(
        client.get("/failing/bug", headers={"Accept": "application/json"}).content
    )
    assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert len(answer["errors"][0]["extensions"]["correlationId"]) == 12


@pytest.mark.django_db
def test_an_address_that_nobody_knows_is_a_page_too(client: Client) -> None:
    response = client.get("/nowhere")
    assert response.status_code == 404
    assert "There is no page at this address." in response.content.decode()
