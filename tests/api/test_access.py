"""Who may do what, and that other people's web pages may not."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client, RequestFactory

from api.access import Permission, is_cross_site, is_loopback, may, permissions_of
from tests import builders
from tests.api.ask import ask, post

pytestmark = pytest.mark.django_db

QUERY = {"query": "{server{authenticationRequired}}"}
PAUSE = "mutation($id:ID!){pauseInstance(input:{id:$id}){userErrors{code path} instance{state}}}"
DELETE = "mutation($id:ID!){deleteNode(input:{id:$id}){userErrors{code} deletedId}}"
SUBMIT = (
    "mutation($document:JSON!){submitWorkItem(input:{spec:{document:$document}}){userErrors{code} "
    "instances{number}}}"
)


@pytest.fixture
def user() -> User:
    return User.objects.create_user("ada", password="x")


@pytest.fixture
def operator() -> User:
    return User.objects.create_user("grace", password="x", is_staff=True)


def request_of(user: Any, **meta: str) -> Any:
    request = RequestFactory(SERVER_NAME="127.0.0.1").get("/", **meta)  # type: ignore[arg-type]
    request.user = user
    return request


@pytest.mark.parametrize(("address", "expected"), [
    ("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("[::1]", True), ("localhost", True),
    ("0.0.0.0", False), ("::", False), ("192.168.0.7", False), ("", False), ("example.org", False),
])
def test_only_the_machine_itself_reaches_a_loopback_address(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected


def test_nobody_needs_a_login_on_a_server_that_only_its_machine_reaches(client: Client) -> None:
    assert ask(client, QUERY["query"]) == {"server": {"authenticationRequired": False}}
    assert ask(client, SUBMIT, document=builders.document())["submitWorkItem"]["userErrors"] == []


@pytest.mark.parametrize("closing", [
    {"BIND_ADDRESS": "0.0.0.0"}, {"BIND_ADDRESS": "192.168.0.7"}, {"CLOSED": True},
])
def test_any_other_server_answers_only_those_who_have_logged_in(
    client: Client, settings: Any, user: User, closing: dict[str, Any]
) -> None:
    for name, value in closing.items():
        setattr(settings, name, value)
    response = post(client, QUERY)
    assert response.status_code == 403
    assert json.loads(response.content)["errors"][0]["extensions"]["code"] == "PERMISSION_DENIED"
    assert client.get("/graphql", headers={"Accept": "text/html"})["Location"].startswith("/admin/login/")
    client.force_login(user)
    assert ask(client, QUERY["query"]) == {"server": {"authenticationRequired": True}}


@pytest.mark.parametrize("meta", [
    {"HTTP_X_FORWARDED_FOR": "127.0.0.1"}, {"HTTP_FORWARDED": "for=127.0.0.1"},
    {"SERVER_NAME": "192.168.0.7"},
])
def test_whoever_comes_through_a_proxy_or_another_address_is_not_on_this_machine(
    meta: dict[str, str]
) -> None:
    from django.contrib.auth.models import AnonymousUser

    assert permissions_of(request_of(AnonymousUser(), **meta)) == []


@pytest.mark.parametrize("client_address", ["10.9.8.7", "127.0.0.1"])
def test_the_clients_address_does_not_count(client_address: str, settings: Any) -> None:
    from django.contrib.auth.models import AnonymousUser

    request = request_of(AnonymousUser(), REMOTE_ADDR=client_address)
    assert may(request, Permission.VIEW)
    settings.BIND_ADDRESS = "0.0.0.0"
    assert not may(request, Permission.VIEW)


def test_only_staff_may_administer(user: User, operator: User) -> None:
    assert permissions_of(request_of(user)) == [Permission.VIEW, Permission.SUBMIT, Permission.OPERATE]
    assert permissions_of(request_of(operator)) == list(Permission)
    operator.is_active = False
    assert Permission.ADMINISTER not in permissions_of(request_of(operator))


def test_deleting_needs_a_login_even_on_an_open_server(client: Client, operator: User) -> None:
    ended = builders.generation(builders.run(), [1.0], state=builders.InstanceState.SUCCEEDED)
    id = ask(client, "query($n:Int!){instance(by:{number:$n}){id}}", n=ended.pk)["instance"]["id"]
    assert ask(client, DELETE, id=id)["deleteNode"] == {
        "userErrors": [{"code": "PERMISSION_DENIED"}], "deletedId": None
    }
    client.force_login(operator)
    token = csrf_token(client)
    response = post(client, {"query": DELETE, "variables": {"id": id}}, **{"X-CSRFToken": token})
    assert json.loads(response.content)["data"]["deleteNode"] == {"userErrors": [], "deletedId": id}


# Other people's web pages


def csrf_token(client: Client) -> str:
    client.get("/graphql", headers={"Accept": "text/html"})
    return client.cookies["csrftoken"].value


def test_a_session_is_believed_only_with_the_token_of_our_own_pages(user: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    response = post(client, QUERY)
    assert response.status_code == 403
    assert "CSRF" in json.loads(response.content)["errors"][0]["message"]
    assert post(client, QUERY, **{"X-CSRFToken": csrf_token(client)}).status_code == 200
    assert post(client, QUERY, **{"X-CSRFToken": "a" * 64}).status_code == 403


def test_programs_without_a_session_need_no_token() -> None:
    assert post(Client(enforce_csrf_checks=True), QUERY).status_code == 200


@pytest.mark.parametrize(("headers", "status"), [
    ({}, 200), ({"Origin": "http://testserver"}, 200), ({"Origin": "http://testserver:80"}, 200),
    ({"Origin": "http://evil.example"}, 403), ({"Origin": "http://testserver:3000"}, 403),
    ({"Origin": "null"}, 403), ({"Origin": "rubbish"}, 403), ({"Origin": "http://[broken"}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Sec-Fetch-Site": "same-origin"}, 200),
    ({"Sec-Fetch-Site": "none"}, 200),
    ({"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}, 200),
])
def test_a_request_that_another_site_sent_is_refused(
    client: Client, headers: dict[str, str], status: int
) -> None:
    response = post(client, QUERY, **headers)
    assert response.status_code == status
    if status == 403:
        assert json.loads(response.content)["errors"][0]["extensions"]["code"] == "PERMISSION_DENIED"


def test_other_sites_are_refused_at_the_pages_forms_too(client: Client) -> None:
    response = client.post("/runs/new", {"example": "maze-5x5"}, headers={"Origin": "http://evil.example"})
    assert response.status_code == 403
    assert response["Content-Type"].startswith("text/html")


def test_a_site_that_the_settings_name_is_let_in(client: Client, settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["http://friend.example"]
    response = post(client, QUERY, Origin="http://friend.example", **{"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 200
    assert response["Access-Control-Allow-Origin"] == "http://friend.example"
    assert is_cross_site(request_of(None, HTTP_ORIGIN="http://other.example"))


def test_a_host_that_is_not_ours_is_refused_without_a_stack_trace(client: Client) -> None:
    response = post(client, QUERY, Host="evil.example")
    assert response.status_code == 400
    assert b"Traceback" not in response.content
