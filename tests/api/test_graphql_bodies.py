"""What may be sent to the GraphQL door: JSON in POST requests. Everything else is a typed error."""

import json
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from database import selectors
from tests.api.ask import post, refusal

pytestmark = pytest.mark.django_db

GOOD = b'{"query": "{server{version}}"}'


def error_of(response: Any) -> dict[str, Any]:
    assert response["Content-Type"].startswith("application/json")
    error: dict[str, Any] = json.loads(response.content)["errors"][0]
    assert error["message"]
    return error


@pytest.mark.parametrize(("body", "status", "words"), [
    (b" ", 422, "expected JSON"), (b"{", 422, "expected JSON"), (b"\xff\xfe{}", 422, "UTF-8"),
    (b'{"query": NaN}', 422, "NaN is not a JSON value"),
    (b'{"query": "{server{version}}", "variables": {"a": Infinity}}', 422, "Infinity"),
    (b"[" + GOOD + b"]", 422, "one query in each request"), (b"1", 422, "expected an object"),
    (b"null", 422, "expected an object"),
    (b"{}", 422, "query: expected a text"), (b'{"query": 1}', 422, "query: expected a text"),
    (b'{"query": "{server{version}}", "variables": []}', 422, "variables: expected an object"),
    (b'{"query": "{server{version}}", "operationName": 1}', 422, "operationName: expected a text"),
    (b'{"query": "{server{version}}", "variables": {"a": ' + b"9" * 5000 + b"}}", 422, "expected JSON"),
    (
        b'{"query": "{server{version}}", "variables": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001, 422,
        "nested too deeply"
    ),
    (b"[" * 100_000, 422, "nested too deeply"),
    (b'{"query": "' + b"x" * 5_000_000 + b'"}', 413, "too large"),
], ids=range(16))
def test_a_body_that_is_no_request_is_a_typed_error(
    client: Client, body: bytes, status: int, words: str
) -> None:
    response = post(client, body)
    assert response.status_code == status
    error = error_of(response)
    assert error["extensions"]["code"] in ("REFUSED", "LIMIT_EXCEEDED")
    assert words in error["message"]


@pytest.mark.parametrize("content_type", [
    "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
    "application/graphql", "text/json",
])
def test_only_json_is_read(client: Client, content_type: str) -> None:
    response = post(client, GOOD, content_type=content_type)
    assert response.status_code == 415
    assert error_of(response)["extensions"]["code"] == "INVALID_TYPE"


def test_json_may_name_its_charset(client: Client) -> None:
    assert post(client, GOOD, content_type="application/json; charset=utf-8").status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_queries_are_posted(client: Client, method: str) -> None:
    response = client.generic(
        method, "/graphql?query={server{version}}", GOOD, content_type="application/json"
    )
    assert response.status_code == 405
    assert response["Allow"] == "GET, POST"
    error_of(response)


def test_a_browser_gets_graphiql_which_loads_nothing_from_elsewhere(client: Client) -> None:
    response = client.get("/graphql", headers={"Accept": "text/html,*/*;q=0.8"})
    text = response.content.decode()
    assert response.status_code == 200
    assert "://" not in text.replace("http://www.w3.org", "")
    assert text.count("query Look") == text.count("mutation Submit") == text.count("query Watch") == 1
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert "csrftoken" in response.cookies


@pytest.mark.parametrize("variables", [
    {"n": "x"}, {"n": 1.5}, {"n": 2**40}, {"n": True}, {"n": None}, {"n": [1]}, {},
])
def test_a_variable_of_the_wrong_type_is_a_typed_error(client: Client, variables: dict[str, Any]) -> None:
    error = refusal(client, "query($n:Int!){instance(by:{number:$n}){name}}", **variables)
    assert error["extensions"]["code"] == "GRAPHQL_INVALID"


@pytest.mark.parametrize(
    "by", ["{}", '{number:1,id:"x"}', "{number:null}", "{name:1}", "{number:99999999999}"]
)
def test_a_run_is_found_by_exactly_one_thing(client: Client, by: str) -> None:
    assert refusal(client, "{instance(by:%s){name}}" % by)["extensions"]["code"] == "GRAPHQL_INVALID"  # noqa: UP031


@pytest.mark.parametrize("search", ["\0", "\ud800", "a\0b"])
def test_a_text_that_no_database_can_hold_is_a_typed_error(client: Client, search: str) -> None:
    error = refusal(client, "query($s:String){instances(filter:{search:$s}){nodes{name}}}", s=search)
    assert error["extensions"]["code"] == "INVALID_FORMAT"


@pytest.mark.parametrize(
    "cursor", ["x", "bnVsbA==", "WzFd", "W10=", "WyJ4IiwxXQ==", "W1tdLDFd", "é", "W" * 5000]
)
def test_a_cursor_that_is_none_of_ours_is_a_typed_error(client: Client, cursor: str) -> None:
    error = refusal(client, "query($c:String){instances(after:$c){nodes{name}}}", c=cursor)
    assert error["extensions"]["code"] == "INVALID_FORMAT"


def test_a_bug_shows_a_number_and_no_stack_trace(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise KeyError("secret")

    monkeypatch.setattr(selectors, "active_counts", broken)
    response = post(client, GOOD.replace(b"version", b"queuedInstances"))
    assert response.status_code == 200
    error = error_of(response)
    assert error["extensions"]["code"] == "INTERNAL"
    assert len(error["extensions"]["correlationId"]) == 12
    assert b"secret" not in response.content


def test_a_database_that_is_away_is_said_to_be_away(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OperationalError("connection to server at 10.0.0.1 refused")

    monkeypatch.setattr(selectors, "active_counts", away)
    error = error_of(post(client, GOOD.replace(b"version", b"queuedInstances")))
    assert error["extensions"]["code"] == "UNAVAILABLE"
    assert "10.0.0.1" not in error["message"]
