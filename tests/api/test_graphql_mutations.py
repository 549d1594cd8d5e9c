"""What can be done through GraphQL, and how it is told that something cannot."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from api.ids import global_id
from database.models import Instance, InstanceState, WorkItem
from tests import builders
from tests.api.ask import ask, post

pytestmark = pytest.mark.django_db

PROBLEM = "code message path expected given hint"
SUBMIT = f"""
mutation Submit($document: JSON, $start: Boolean, $strict: Boolean) {{
  submitWorkItem(input: {{spec: {{document: $document}}, start: $start, strict: $strict}}) {{
    userErrors {{ {PROBLEM} }}
    warnings {{ {PROBLEM} }}
    workItem {{ name spec submittedBy instances {{ totalCount }} }}
    instances {{ number state seed replicate }}
    estimate {{ evaluations storageBytes secondsLow secondsHigh basis }}
  }}
}}"""
VALIDATE = f"""
query Validate($document: JSON) {{
  validateWorkItem(spec: {{document: $document}}) {{
    valid userErrors {{ {PROBLEM} }} warnings {{ {PROBLEM} }} spec estimate {{ evaluations }}
  }}
}}"""
HUGE = ["." * 1000] * 1500


def submit(client: Client, document: Any, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = ask(client, SUBMIT, document=document, **options)["submitWorkItem"]
    return found


def do(client: Client, action: str, id: str, extra: str = "") -> dict[str, Any]:
    payload = f"userErrors {{ {PROBLEM} }} instance {{ state stopReason }}"
    query = f"mutation($id: ID!) {{ {action}(input: {{id: $id{extra}}}) {{ {payload} }} }}"
    found: dict[str, Any] = ask(client, query, id=id)[action]
    return found


# Submitting


def test_a_work_item_becomes_a_run_for_each_replicate(client: Client) -> None:
    answer = submit(client, builders.document(replicates=3))
    assert (answer["userErrors"], answer["warnings"]) == ([], [])
    assert [(run["replicate"], run["state"]) for run in answer["instances"]] == [
        (0, "QUEUED"), (1, "QUEUED"), (2, "QUEUED")
    ]
    assert answer["instances"][0]["seed"] == 5
    assert answer["workItem"]["instances"]["totalCount"] == 3
    assert answer["workItem"]["spec"]["record"] == {"agents": "auto"}  # every default is filled in
    assert answer["estimate"]["evaluations"] == 4 * 50


def test_a_run_may_wait_until_it_is_resumed(client: Client) -> None:
    assert submit(client, builders.document(), start=False)["instances"][0]["state"] == "PAUSED"


def test_a_work_item_knows_who_sent_it(client: Client) -> None:
    client.force_login(User.objects.create_user("ada", password="x"))
    client.get("/graphql", headers={"Accept": "text/html"})
    body = {"query": SUBMIT, "variables": {"document": builders.document()}}
    response = post(client, body, **{"X-CSRFToken": client.cookies["csrftoken"].value})
    assert json.loads(response.content)["data"]["submitWorkItem"]["workItem"]["submittedBy"] == "ada"


def test_warnings_are_told_and_refused_where_one_is_strict(client: Client) -> None:
    unreachable = builders.document(environment={"type": "maze", "rows": ["S#G"], "max_steps": 5})
    warned = submit(client, unreachable)
    assert [(each["code"], each["path"]) for each in warned["warnings"]] == [
        ("INCONSISTENT", ["spec", "document", "environment", "rows"])
    ]
    stored = ask(client, "{workItems{nodes{warnings{path}}}}")["workItems"]["nodes"]
    assert stored == [{"warnings": [{"path": ["environment", "rows"]}]}]
    refused = submit(client, unreachable, strict=True)
    assert refused["instances"] == []
    assert refused["userErrors"][0]["code"] == "INCONSISTENT"
    assert WorkItem.objects.count() == 1


def test_every_fault_is_told_at_once_in_the_users_own_keys(client: Client) -> None:
    faulty = builders.document(
        sede=1, environment={"type": "maze", "rows": ["S.?", "..."], "max_steps": "5"}, replicates=True
    )
    answer = submit(client, faulty)
    problems = {tuple(each["path"]): each for each in answer["userErrors"]}
    assert {path[2:]: each["code"] for path, each in problems.items()} == {
        ("sede",): "UNKNOWN_FIELD", ("environment", "max_steps"): "INVALID_TYPE",
        ("replicates",): "INVALID_TYPE", ("environment", "rows", "0"): "NOT_IN_CHOICES",
    }
    assert all(path[:2] == ("spec", "document") for path in problems)
    misspelt = problems["spec", "document", "sede"]
    assert misspelt["hint"] == 'Did you mean "seed"?'
    assert (problems["spec", "document", "replicates"]["given"], answer["workItem"]) == ("true", None)


def test_faults_across_fields_are_told_with_their_row(client: Client) -> None:
    answer = submit(
        client,
        builders.document(environment={"type": "maze", "rows": ["S..", ".?.", "...."], "max_steps": 5})
    )
    assert {tuple(each["path"][2:]) for each in answer["userErrors"]} == {
        ("environment", "rows", "1"), ("environment", "rows", "2"),
    }


BAD: dict[str, Any] = {
    "no object": 1, "a list": [], "null in it": {"version": None}, "empty": {}, "a text": "{",
    "a text of NaN": '{"version": NaN}',
    "10^9 agents": builders.document(strategy={"type": "genetic", "population_size": 10**9}),
    "too many replicates": builders.document(replicates=10**6),
    "a huge maze": builders.document(environment={"type": "maze", "rows": HUGE, "max_steps": 10}),
    "a huge whole number": builders.document(seed=10**400), "a negative seed": builders.document(seed=-1),
    "a boolean for a number": builders.document(seed=True),
    "a text for a number": builders.document(seed="1"),
    "a number for a text": builders.document(name=5), "an unknown kind": builders.document(kind="magic"),
    "an unknown environment": builders.document(environment={"type": "moon"}),
    "two starts": builders.document(environment={"type": "maze", "rows": ["SS"], "max_steps": 5}),
    "NUL": builders.document(name="a\0b"), "half a character": builders.document(name="\ud800"),
    "too many rules": builders.document(stop={"max_generations": 1, "when_bored": True}),
    "deep": builders.document(labels=json.loads("[" * 200 + "]" * 200)),
    "many faults": {f"key {number}": number for number in range(900)},
    "many keys": {f"key {number}": number for number in range(5_000)},
    "a huge network": builders.document(network={"hidden": [4096, 4096]}),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_document_ends_in_typed_errors_and_stores_nothing(client: Client, name: str) -> None:
    answer = submit(client, BAD[name])
    assert answer["userErrors"]
    assert all(
        each["code"] and each["message"] and each["path"][:2] == ["spec", "document"]
        for each in answer["userErrors"]
    )
    assert (answer["workItem"], answer["instances"], answer["estimate"]) == (None, [], None)
    assert WorkItem.objects.count() == Instance.objects.count() == 0
    checked = ask(client, VALIDATE, document=BAD[name])["validateWorkItem"]
    assert (checked["valid"], checked["spec"], checked["userErrors"]) == (False, None, answer["userErrors"])


def test_a_document_may_stand_in_the_query_itself(client: Client) -> None:
    query = (
        'mutation { submitWorkItem(input: {spec: {document: {version: 1, kind: "weight_evolution", name: '
        '"inline", environment: {type: "maze", rows: ["S.G"], max_steps: 3, rewards: {open: 0.5}}, stop: '
        '{max_generations: 2}}}}) '
        "{ userErrors { message } workItem { spec } } }"
    )
    answer = ask(client, query)["submitWorkItem"]
    assert answer["userErrors"] == []
    assert answer["workItem"]["spec"]["environment"]["rewards"]["open"] == 0.5


def test_infinity_in_the_query_itself_is_a_typed_error(client: Client) -> None:
    query = (
        "{ validateWorkItem(spec: {document: {version: 1, name: null, seed: 1e999, labels: [LOUD, true, "
        "$no]}}) { valid userErrors { path code } } }"
    )
    problems = ask(client, query.replace("$no", "2"))["validateWorkItem"]["userErrors"]
    assert {"path": ["spec", "document", "seed"], "code": "OUT_OF_RANGE"} in problems


def test_checking_stores_nothing_and_tells_the_cost(client: Client) -> None:
    checked = ask(client, VALIDATE, document=builders.document())["validateWorkItem"]
    assert (checked["valid"], checked["userErrors"], checked["estimate"]) == (True, [], {"evaluations": 200})
    assert checked["spec"]["record"] == {"agents": "auto"}
    assert WorkItem.objects.count() == 0


# Operating


def test_a_run_is_paused_resumed_and_cancelled(client: Client) -> None:
    instance = builders.run()
    id = global_id("Instance", instance.pk)
    states = [
        do(client, f"{verb}Instance", id)["instance"]["state"] for verb in ("pause", "resume", "cancel")
    ]
    assert states == ["PAUSED", "QUEUED", "CANCELLED"]
    instance.refresh_from_db()
    assert (instance.state, instance.stop_reason) == ("CANCELLED", "CANCELLED")


def test_a_run_under_way_finishes_its_generation_unless_it_is_to_end_at_once(client: Client) -> None:
    from database import services

    instance = builders.generation(builders.run(), [1.0])
    services.claim(instance_id=instance.pk, worker="somebody", lease_seconds=60)
    id = global_id("Instance", instance.pk)
    assert do(client, "cancelInstance", id, ", immediately: false")["instance"]["state"] == "CANCELLING"
    assert do(client, "cancelInstance", id)["instance"]["state"] == "CANCELLED"


@pytest.mark.parametrize("action", ["pauseInstance", "resumeInstance", "cancelInstance"])
def test_what_cannot_be_done_is_told(client: Client, action: str) -> None:
    ended = builders.generation(builders.run(), [1.0], state=InstanceState.SUCCEEDED)
    answer = do(client, action, global_id("Instance", ended.pk))
    assert answer["instance"] is None
    (problem,) = answer["userErrors"]
    assert (problem["code"], problem["path"]) == ("WRONG_STATE", ["id"])
    assert f"Run {ended.pk} is SUCCEEDED" in problem["message"]


def test_a_run_that_died_out_is_resumed_and_marked(client: Client) -> None:
    died = builders.died_out()
    assert do(client, "resumeInstance", global_id("Instance", died.pk))["instance"]["state"] == "QUEUED"
    died.refresh_from_db()
    assert (died.reproducible, died.stop_reason, died.revived_generation) == (False, None, 1)


@pytest.mark.parametrize(("died", "reason"), [
    ({"stop": {"max_generations": 1}}, "no generation left"),
    ({"state": InstanceState.SUCCEEDED}, "submit its work item again"),
])
def test_a_run_that_cannot_go_on_is_not_resumed_and_says_why(
    client: Client, died: dict[str, Any], reason: str
) -> None:
    (problem,) = do(
        client, "resumeInstance", global_id("Instance", builders.died_out(**died).pk)
    )["userErrors"]
    assert (problem["code"], problem["path"]) == ("WRONG_STATE", ["id"])
    assert reason in problem["message"]


@pytest.mark.parametrize(("id", "code"), [
    (global_id("Instance", 999), "NOT_FOUND"), (global_id("WorkItem", 1), "INVALID_FORMAT"),
    ("", "INVALID_FORMAT"), ("rubbish", "INVALID_FORMAT"), ("é", "INVALID_FORMAT"),
    ("x" * 10_000, "INVALID_FORMAT"), (global_id("Instance", 10**17), "NOT_FOUND"),
])
def test_an_id_that_names_no_run_is_told(client: Client, id: str, code: str) -> None:
    (problem,) = do(client, "pauseInstance", id)["userErrors"]
    assert (problem["code"], problem["path"]) == (code, ["id"])


# Deleting


@pytest.fixture
def administrator(client: Client) -> Client:
    """A client that may delete."""
    client.force_login(User.objects.create_user("grace", password="x", is_staff=True))
    client.get("/graphql", headers={"Accept": "text/html"})
    return client


def delete(client: Client, id: str) -> dict[str, Any]:
    query = "mutation($id: ID!) { deleteNode(input: {id: $id}) { userErrors { code path } deletedId } }"
    response = post(
        client, {"query": query, "variables": {"id": id}},
        **{"X-CSRFToken": client.cookies["csrftoken"].value}
    )
    found: dict[str, Any] = json.loads(response.content)["data"]["deleteNode"]
    return found


def test_a_run_or_a_work_item_is_deleted_with_everything_below_it(administrator: Client) -> None:
    ended = builders.generation(builders.run(replicates=2), [1.0], state=InstanceState.SUCCEEDED)
    id = global_id("Instance", ended.pk)
    assert delete(administrator, id) == {"userErrors": [], "deletedId": id}
    Instance.objects.update(state=InstanceState.CANCELLED)
    whole = global_id("WorkItem", ended.work_item_id)
    assert delete(administrator, whole) == {"userErrors": [], "deletedId": whole}
    assert Instance.objects.count() == WorkItem.objects.count() == 0


def test_an_active_run_is_not_deleted(administrator: Client) -> None:
    instance = builders.run()
    for id in (global_id("Instance", instance.pk), global_id("WorkItem", instance.work_item_id)):
        assert delete(administrator, id) == {
            "userErrors": [{"code": "WRONG_STATE", "path": ["id"]}], "deletedId": None
        }
    assert delete(administrator, global_id("Generation", 1, 0))["userErrors"][0]["code"] == "INVALID_FORMAT"
    assert delete(administrator, global_id("WorkItem", 99))["userErrors"][0]["code"] == "NOT_FOUND"
