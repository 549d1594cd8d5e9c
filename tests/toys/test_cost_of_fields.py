"""What the fields of a genome cost that comes from outside."""

import re

import pytest
from django.conf import LazySettings
from graphql import GraphQLError

from api.graphql import guard
from api.graphql.schema import schema


@pytest.fixture(autouse=True)
def _nothing_is_allowed(settings: LazySettings) -> None:
    settings.GRAPHQL_MAXIMUM_COST = 0


def cost(fields: str) -> int:
    """The cost of a champion's genome with these fields, as the refusal says it."""
    document = guard.read(f"{{instance(by:{{number:1}}){{champion{{genome{{{fields}}}}}}}}}")
    assert guard.faults(schema.graphql_schema, document) == []
    with pytest.raises(GraphQLError) as refused:
        guard.check_cost(schema.graphql_schema, document, guard.operation_of(document, None), {})
    return int(re.findall(r"got (\d+)", refused.value.message)[0])


@pytest.mark.parametrize("kind", ["WeightGenome", "NeatGenome", "BitsGenome"])
def test_a_network_costs_the_same_by_the_type_as_by_the_interface(kind: str) -> None:
    network = "network{nodes{label}}"
    assert cost(f"...on {kind}{{{network}}}") == cost(network) == cost("parameterCount") + 11


def test_a_further_field_costs_as_much_as_weights() -> None:
    plain = cost("parameterCount")
    assert cost("...on BitsGenome{bits}") == cost("...on WeightGenome{weights}") == plain + 10
