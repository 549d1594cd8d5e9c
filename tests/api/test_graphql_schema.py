"""The schema: committed as printed, described throughout, and with the words that the design names."""

from pathlib import Path
from typing import Any

import graphene
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    is_specified_scalar_type,
)

import api
from api.graphql.schema import schema
from api.graphql.types.genomes import GENOME_TYPES, NeatGenome, WeightGenome, type_of_genomes
from processing.core.drawings.drawing import Network
from processing.core.genomes.dense import Dense
from processing.core.genomes.graph import Graph
from processing.core.kinds import KINDS, PROBLEMS
from processing.core.problem import Problem
from processing.core.types import Failure, GenomeKind, Genomes, Operator, StopReason
from processing.core.views import VIEWS
from processing.core.views.view import Field, GenomeView

PRINTED = Path(api.__file__).parent / "schema.graphql"
TYPES = schema.graphql_schema.type_map


class Nothing(graphene.ObjectType):
    """A query without use."""

    nothing = graphene.Int()


def own_types() -> list[GraphQLNamedType]:
    return [
        each for each in TYPES.values()
        if not each.name.startswith("__") and not is_specified_scalar_type(each)
    ]


def test_the_printed_schema_is_fresh() -> None:
    assert PRINTED.read_text() == str(schema), "run `make schemas`"


def test_every_type_field_argument_and_value_is_described() -> None:
    missing = []
    for each in own_types():
        missing += [] if each.description else [each.name]
        if isinstance(each, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in each.fields.items():
                missing += [] if field.description else [f"{each.name}.{name}"]
                missing += [
                    f"{each.name}.{name}({key})" for key, value in field.args.items() if not value.description
                ]
        if isinstance(each, GraphQLInputObjectType):
            missing += [f"{each.name}.{name}" for name, value in each.fields.items() if not value.description]
        if isinstance(each, GraphQLEnumType):
            missing += [
                f"{each.name}.{name}" for name, member in each.values.items() if not member.description
            ]
    assert missing == []


def test_no_description_is_graphenes_own() -> None:
    assert [each.name for each in own_types() if "graphene" in (each.description or "").lower()] == []


@pytest.mark.parametrize("name", ["InstanceBy", "WorkItemSpecInput"])
def test_inputs_with_exactly_one_key_say_so(name: str) -> None:
    assert f"input {name} @oneOf" in str(schema)


def values(name: str) -> set[str]:
    kind: Any = TYPES[name]
    return set(kind.values)


def test_enumerations_are_printed_from_the_tables() -> None:
    assert values("AlgorithmKind") == {name.upper() for name in KINDS}
    assert values("EnvironmentType") == {name.upper() for name in PROBLEMS["environment"]}
    assert values("AgentOrigin") == {each.name for each in Operator}
    assert values("FailureReason") == {each.name for each in Failure} - {"NONE"}
    assert values("StopReason") == {each.name for each in StopReason}


class BitsView(GenomeView):
    """A view with one further fact."""

    description = "Bits in a row."
    fields = {"bits_set": Field("How many are 1.", lambda kind, genomes: int(genomes.sum()))}

    def drawing(self, problem: Problem, kind: GenomeKind, genomes: Genomes, index: int = 0) -> Network:
        raise NotImplementedError


def test_types_of_genomes_are_made_from_the_views() -> None:
    assert set(GENOME_TYPES) >= set(VIEWS)
    assert (GENOME_TYPES[Dense], GENOME_TYPES[Graph]) == (WeightGenome, NeatGenome)
    made = graphene.Schema(query=Nothing, types=[type_of_genomes("long_bits", BitsView())])
    printed = str(made).partition("type LongBitsGenome")
    assert '"""Bits in a row."""' in printed[0].rstrip().splitlines()[-1]
    assert printed[2].startswith(" implements Genome {")
    assert '"""How many are 1."""\n  bitsSet: JSON\n' in printed[2]


@pytest.mark.parametrize("field", [
    "Query.node", "Query.nodes", "Query.viewer", "Query.server", "Query.workItems", "Query.instances",
    "Query.instance", "Query.examples", "Query.validateWorkItem", "Query.workItemSchema",
    "Query.environments", "Mutation.submitWorkItem",
    "Mutation.pauseInstance", "Mutation.resumeInstance", "Mutation.cancelInstance", "Mutation.deleteNode",
    "Instance.digest", "Instance.reproducible", "Instance.explainStop", "Generation.digest", "Agent.steps",
    "Agent.operator", "Agent.isViable", "UserError.hint", "Network.svg", "Trajectory.positions",
    "Instance.statistics", "Instance.events",
])
def test_the_fields_that_clients_build_on_are_there(field: str) -> None:
    kind, name = field.split(".")
    owner: Any = TYPES[kind]
    assert name in owner.fields


def test_lists_are_paged_forward_only() -> None:
    for each in own_types():
        if isinstance(each, GraphQLObjectType):
            for field in each.fields.values():
                assert not {"last", "before"} & set(field.args)


def test_the_version_of_the_software_is_that_of_the_project() -> None:
    assert f'version = "{api.VERSION}"' in (PRINTED.parent.parent / "pyproject.toml").read_text()
