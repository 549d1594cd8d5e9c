"""Scalars: JSON, whole numbers beyond 32 bits, instants. NaN and infinity are sent as null."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import graphene
from graphql import GraphQLError
from graphql.language import ast

from processing.core.json_values import finite

MOST = 2**53 - 1
#: Most digits of a whole number: no field can hold more, and parsing takes time.
MOST_DIGITS = 308


class JSON(graphene.Scalar):
    """Any JSON value."""

    @staticmethod
    def serialize(value: Any) -> Any:
        """The value, with null in place of numbers that JSON cannot hold."""
        return finite(value)

    @staticmethod
    def parse_value(value: Any) -> Any:
        """The value from a variable."""
        return value

    @staticmethod
    def parse_literal(node: ast.ValueNode, variables: Mapping[str, Any] | None = None) -> Any:
        """The value from a literal in the query."""
        return _literal(node, variables or {})


class BigInt(graphene.Scalar):
    """A whole number within ±(2^53 - 1), sent as a JSON number; Int is only 32 bits wide."""

    @staticmethod
    def serialize(value: Any) -> int:
        return int(value)

    @staticmethod
    def parse_value(value: Any) -> int:
        """The number from a variable. Raises GraphQLError where it is out of range."""
        if type(value) is not int or abs(value) > MOST:
            raise GraphQLError("BigInt: expected a whole number within ±(2^53 - 1)")
        return value

    @staticmethod
    def parse_literal(node: ast.ValueNode, variables: Mapping[str, Any] | None = None) -> int:
        """The number from a literal in the query. Raises GraphQLError where it is out of range."""
        return BigInt.parse_value(_literal(node, variables or {}))


class DateTime(graphene.DateTime):
    """An instant, RFC 3339 with offset, e.g. 2026-11-20T20:44:00Z."""

    @staticmethod
    def parse_value(value: Any) -> Any:
        """The instant. Raises GraphQLError where it lies beyond the years that can be stored."""
        return _storable(graphene.DateTime.parse_value(value))

    @classmethod
    def parse_literal(cls, node: ast.ValueNode, _variables: Any = None) -> Any:
        """The instant from a literal in the query. Raises GraphQLError as `parse_value`."""
        return _storable(graphene.DateTime.parse_literal(node))


def _storable(instant: Any) -> Any:
    """A parsed instant in UTC; any other value as it is."""
    if not isinstance(instant, datetime):
        return instant
    try:
        return instant.astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise GraphQLError("DateTime: expected an instant in the years 1 to 9999 of UTC") from error


def _literal(node: ast.ValueNode, variables: Mapping[str, Any]) -> Any:
    match node:
        case ast.ObjectValueNode():
            return {field.name.value: _literal(field.value, variables) for field in node.fields}
        case ast.ListValueNode():
            return [_literal(value, variables) for value in node.values]
        case ast.VariableNode():
            return variables.get(node.name.value)
        case ast.IntValueNode():
            if len(node.value) > MOST_DIGITS:
                raise GraphQLError(f"JSON: expected whole numbers of at most {MOST_DIGITS} digits")
            return int(node.value)
        case ast.FloatValueNode():
            return float(node.value)
        case ast.StringValueNode() | ast.EnumValueNode() | ast.BooleanValueNode():
            return node.value
        case _:
            return None
