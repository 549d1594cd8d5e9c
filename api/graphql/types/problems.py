"""Errors that users can correct, and cost estimates."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import graphene
from graphene.utils.str_converters import to_camel_case

from api.graphql.types.enums import UserErrorCode
from api.graphql.types.scalars import BigInt
from formatting.faults import Fault, FaultCode, fault


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem with the request, ready for display."""

    code: FaultCode
    message: str
    path: list[str]
    expected: str | None = None
    given: str | None = None
    hint: str | None = None


class UserError(graphene.ObjectType):
    """A problem with the request that the user can put right.

    Anything else is a top-level error with extensions.code.
    """

    code = graphene.Field(UserErrorCode, required=True, description="What kind of problem it is.")
    message = graphene.String(required=True, description="A full sentence for people.")
    path = graphene.List(
        graphene.NonNull(graphene.String), required=True,
        description="Where in the input, in the keys that the user sent; empty for the whole.",
    )
    expected = graphene.String(description="What would have been right.")
    given = graphene.String(description="What was there, shortened.")
    hint = graphene.String(description="E.g. a likely spelling.")


class CostEstimate(graphene.ObjectType):
    """The cost of one replicate, if it runs to its last generation."""

    evaluations = BigInt(required=True, description="Agents that are evaluated.")
    environment_steps = BigInt(description="Steps in environments, if no episode ends early.")
    storage_bytes = BigInt(required=True, description="Bytes stored.")
    memory_bytes = BigInt(
        required=True, description="Bytes of memory that a generation takes while it is at work."
    )
    seconds_low = graphene.Float(description="Seconds it takes at least.")
    seconds_high = graphene.Float(description="Seconds it takes at most.")
    workers = graphene.Int(required=True, description="Workers online now.")
    basis = graphene.String(required=True, description="What the figures rest on.")


def problems_of(faults: Iterable[Fault], *prefix: str) -> list[Problem]:
    """The problems of a document whose path in the input is `prefix`."""
    return [
        Problem(
            each.code, each.message, [*prefix, *map(str, each.path)], each.expected, each.given, each.hint
        )
        for each in faults
    ]


def in_camel_case(one: Fault) -> Fault:
    """The fault with the keys of its path as inputs have them."""
    path = tuple(to_camel_case(each) if isinstance(each, str) else each for each in one.path)
    return fault(one.code, path, one.expected, one.given, one.hint)


def stored_problems(faults: Iterable[dict[str, Any]]) -> list[Problem]:
    """The problems that are stored with a work item."""
    return [
        Problem(
            FaultCode(each["code"]), each["message"], list(map(str, each["path"])), each["expected"],
            each["given"], each["hint"],
        )
        for each in faults
    ]
