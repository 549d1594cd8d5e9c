"""What a query may cost: honest ones pass, hostile ones are refused at once."""

import json
import time
from typing import Any

import pytest
from django.test import Client
from graphql import get_introspection_query

from api.graphql.graphiql import LOOK, WATCH, submission
from tests import builders
from tests.api.ask import ask, post, refusal

pytestmark = pytest.mark.django_db

SECONDS = 3.0  # of the processor; more than enough for every refusal, on slow machines too


def numbered(template: str, count: int) -> str:
    return " ".join(template.format(number=number, next=number + 1) for number in range(count))


HOSTILE = {
    "deep": "{" + "instance(by:{number:1}){champion{parents{" * 20 + "name" + "}}}" * 20 + "}",
    "deep beyond the parser": "{a" * 2400 + "}" * 2400,
    "deep in a value": "{validateWorkItem(spec:{document:" + "[" * 2300 + "]" * 2300 + "}){valid}}",
    "deep in inline fragments": "{" + "...{" * 100 + "server{version}" + "}" * 101,
    "wide": "{server{" + "version " * 1500 + "}}",
    "wide at the root": "{" + "server{version} " * 25 + "}",
    "many aliases": "{server{" + numbered("a{number}:version", 60) + "}}",
    "many mutations": "mutation{"
    + numbered("a{number}:submitWorkItem(input:{{spec:{{document:{{}}}}}}){{userErrors{{code}}}}", 21) + "}",
    "pages in pages": "{instances(first:100){nodes{agents(first:100){nodes{name}}}}}",
    "pages in pages by variables":
        "query($n:Int=100){instances(first:$n){nodes{agents(first:$n){nodes{name}}}}}",
    "pages in edges": "{instances(first:100){edges{node{agents(first:100){edges{node{name}}}}}}}",
    "pages in pages in fragments": "{instances(first:100){nodes{...a}}} fragment a on "
    "Instance{agents(first:100){nodes{name}}}",
    "many lives again": "{instances(first:50){nodes{champion{episodes(first:100){return}}}}}",
    "many nodes": "{nodes(ids:" + json.dumps(["x"] * 101) + "){id}}",
    "doubling fragments": "{...f0} " + numbered("fragment f{number} on Query{{...f{next} ...f{next}}}", 300)
    + " fragment f300 on Query{server{version}}",
    "doubling aliases": "{instance(by:{number:1}){champion{...f0}}} "
    + numbered("fragment f{number} on Agent{{a:parents{{...f{next}}} b:parents{{...f{next}}}}}", 12)
    + " fragment f12 on Agent{offspring(first:100){nodes{name}}}",
    "fragments in a circle": "{...a} fragment a on Query{...b} fragment b on Query{...a}",
    "a fragment in itself": "{instance(by:{number:1}){champion{...a}}} fragment a on Agent{parents{...a}}",
    "a chain of fragments": "{...f0} " + numbered("fragment f{number} on Query{{...f{next}}}", 550)
    + " fragment f550 on Query{server{version}}",
    "deep introspection": "{__schema{types{" + "fields{type{" * 10 + "name" + "}}" * 10 + "}}}",
    "many tokens": "{server{version}}" + "#\n" * 6_000,
    "many bytes": "{server{version}}" + " " * 200_000,
    "a long number": "{instance(by:{number:" + "9" * 5000 + "}){name}}",
    "a long number in a document": "{validateWorkItem(spec:{document:{seed:" + "9" * 5000 + "}}){valid}}",
    "half a character": '{instances(filter:{search:"\\ud800"}){nodes{name}}}',
    "a page of more than a hundred": "{instances(first:101){nodes{name}}}",
    "a page of less than nothing": "{instances(first:-1){nodes{name}}}",
    "an unknown fragment": "{...a}",
    "an unknown field": "{servr{version}}",
    "no operation": "fragment a on Query{server{version}}",
    "nothing": "",
    "not GraphQL": "SELECT * FROM instance",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_query_is_refused_at_once_with_a_typed_error(client: Client, name: str) -> None:
    begun = time.process_time()
    error = refusal(client, HOSTILE[name])
    assert time.process_time() - begun < SECONDS
    assert error["extensions"]["code"] not in ("INTERNAL", "UNAVAILABLE")
    assert error["message"]


@pytest.mark.parametrize(("name", "code"), [
    ("pages in pages", "LIMIT_EXCEEDED"), ("deep", "LIMIT_EXCEEDED"), ("a long number", "LIMIT_EXCEEDED"),
    ("a page of more than a hundred", "OUT_OF_RANGE"), ("an unknown field", "GRAPHQL_INVALID"),
])
def test_a_refusal_says_of_what_kind_it_is(client: Client, name: str, code: str) -> None:
    assert refusal(client, HOSTILE[name])["extensions"]["code"] == code


@pytest.mark.parametrize("query", [
    get_introspection_query(input_value_deprecation=True, schema_description=True, specified_by_url=True),
    LOOK, WATCH, '{__type(name:"Instance"){name}}', "{__typename}",
    "query A{server{version}}",
])
def test_an_honest_query_passes(client: Client, query: str) -> None:
    assert ask(client, query)


def test_the_query_that_graphiql_submits_with_passes(client: Client) -> None:
    answer = ask(
        client, submission(builders.document(labels=["a", 'quoted "b"', "c"], description="line\nline"))
    )
    assert answer["submitWorkItem"]["userErrors"] == []


def test_a_page_may_be_empty(client: Client) -> None:
    assert ask(client, "{instances(first:0){nodes{name}}}")["instances"]["nodes"] == []


def test_one_of_several_operations_is_named(client: Client) -> None:
    both = "query A{server{version}} query B{viewer{username}}"

    def answer(**body: Any) -> Any:
        return json.loads(post(client, {"query": both, **body}).content)

    assert answer(operationName="B") == {"data": {"viewer": None}}
    assert "operationName: expected one of A, B" in answer()["errors"][0]["message"]
    assert "operationName: expected one of A, B" in answer(operationName="C")["errors"][0]["message"]


def test_the_cost_that_is_allowed_is_a_setting(client: Client, settings: Any) -> None:
    settings.GRAPHQL_MAXIMUM_COST = 20
    assert ask(client, "{instances(first:10){nodes{name}}}")
    assert refusal(client, "{instances(first:20){nodes{name}}}")["extensions"]["code"] == "LIMIT_EXCEEDED"
