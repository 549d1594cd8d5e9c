"""An argument that is null is one that was left out."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from graphql import (
    GraphQLInputObjectType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)
from graphql.type import GraphQLArgument, GraphQLField, GraphQLInputField, is_required_input_field

from api.graphql.schema import schema
from api.ids import global_id
from database.models import Instance
from tests import builders
from tests.api.ask import ask
from tests.api.test_neat import grown  # noqa: F401

pytestmark = pytest.mark.django_db

#: A place in a query where the fields of a type can be asked for.
PLACES = {
    "Query": "{FIELDS}", "Instance": "{instance(by:{number:RUN}){FIELDS}}",
    "WorkItem": "{instance(by:{number:RUN}){workItem{FIELDS}}}",
    "Agent": "{instance(by:{number:RUN}){champion{FIELDS}}}",
    "Generation": "{instance(by:{number:RUN}){generation(number:0){FIELDS}}}",
    "Species": "{instance(by:{number:RUN}){agents(first:1){nodes{species{FIELDS}}}}}",
}


def nullable() -> Iterator[tuple[str, str, GraphQLField, list[str]]]:
    """Each field that has nullable arguments: its type, its name, itself, and their names."""
    for kind in schema.graphql_schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__") and kind.name != "Mutation":
            for name, field in kind.fields.items():
                found = [each for each, argument in field.args.items() if not is_required_argument(argument)]
                if found:
                    yield kind.name, name, field, found


def asked(name: str, field: GraphQLField, values: str) -> str:
    return f"{name}({values}){'' if is_leaf_type(get_named_type(field.type)) else '{__typename}'}"


def empty(argument: GraphQLArgument | GraphQLInputField) -> str:
    """An input all of whose keys are null that may be."""
    kind: Any = get_named_type(argument.type)
    keys = [
        f"{name}:{next(iter(get_named_type(each.type).values)) if is_required_input_field(each) else 'null'}"
        for name, each in kind.fields.items() if is_required_input_field(each)
        or not str(each.type).endswith("!")
    ]
    return f"{{{' '.join(keys)}}}"


def test_every_field_with_arguments_has_a_place() -> None:
    assert {kind for kind, *_ in nullable()} <= set(PLACES)


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, name, *_ in nullable()])
def test_an_argument_that_is_null_is_one_that_was_left_out(
    client: Client, grown: Instance, kind: str, name: str  # noqa: F811
) -> None:
    (found,) = [(field, names) for owner, each, field, names in nullable() if (owner, each) == (kind, name)]
    field, names = found
    nulls = [f"{each}:null" for each in names]
    nulls += [
        f"{each}:{empty(field.args[each])}" for each in names
        if isinstance(get_named_type(field.args[each].type), GraphQLInputObjectType)
    ]
    left_out = asked(name, field, "").replace("()", "")
    for each in (*nulls, " ".join(f"{each}:null" for each in names)):
        query = PLACES[kind].replace(
            "FIELDS", f"a:{asked(name, field, each)} b:{left_out}"
        ).replace("RUN", str(grown.pk))
        answer: Any = ask(client, query)
        while "a" not in answer:
            answer = next(iter(answer.values())) if isinstance(answer, dict) else answer[0]
        assert answer["a"] == answer["b"], each


def test_a_null_page_is_as_long_as_one_that_was_left_out(client: Client) -> None:
    environment = builders.DOCUMENT["environment"] | {"episodes": 3}
    instance = builders.run(environment=environment, network={"hidden": [3], "output": "softmax"})
    instance = builders.generation(instance, [1.0, 2.0])
    query = f"{{instance(by:{{number:{instance.pk}}}){{champion{{episodes(first:null){{index}}}}}}}}"
    assert ask(client, query)["instance"]["champion"]["episodes"] == [{"index": 0}]


def test_nulls_in_the_input_of_a_mutation_are_left_out_too(client: Client) -> None:
    submit = (
        "mutation($d:JSON!){submitWorkItem(input:{spec:{document:$d},start:null,strict:null,idempotencyKey:null})"
        "{userErrors{message} instances{number state}}}"
    )
    done = ask(client, submit, d=builders.DOCUMENT)["submitWorkItem"]
    assert (done["userErrors"], [each["state"] for each in done["instances"]]) == ([], ["QUEUED"])
    cancel = "mutation($id:ID!){cancelInstance(input:{id:$id,immediately:null}){instance{state}}}"
    number = done["instances"][0]["number"]
    assert ask(
        client, cancel, id=global_id("Instance", number)
    )["cancelInstance"]["instance"]["state"] == "CANCELLED"
