"""Connections: lists in pages, forward only, with keyset pagination."""

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import graphene
from django.conf import settings
from graphql import GraphQLError

from database.selectors import BadCursor, Cursor, Page

DEFAULT_PAGE_SIZE = 20

PAGING = {
    "first": graphene.Argument(
        graphene.Int, default_value=DEFAULT_PAGE_SIZE,
        description="How many; the server says how many at most."
    ),
    "after": graphene.Argument(graphene.String, description="The cursor to go on behind."),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list, and a function that counts the whole list, called where the client asks."""

    page: Page[Any]
    count: Callable[[], int | None]
    after: str | None


class PageInfo(graphene.ObjectType):
    """Where a page stands in its list."""

    has_next_page = graphene.Boolean(required=True, description="Whether there is more behind it.")
    has_previous_page = graphene.Boolean(
        required=True, description="Whether it was asked for behind a cursor."
    )
    start_cursor = graphene.String(description="Cursor of its first row.")
    end_cursor = graphene.String(description="Cursor of its last row; give it as `after` to go on.")


def connection(node: str, module: str) -> Any:
    """The connection type of a node type, with its edges."""
    target = f"api.graphql.types.{module}.{node}"
    edge = type(f"{node}Edge", (graphene.ObjectType,), {
        "__doc__": f"One row of a list of {node}s.",
        "cursor": graphene.String(required=True, description="Where the row stands in the list."),
        "node": graphene.Field(target, required=True, description="What the row is about."),
    })
    many = graphene.NonNull(graphene.List(graphene.NonNull(edge)))
    return type(f"{node}Connection", (graphene.ObjectType,), {
        "__doc__": f"A page of a list of {node}s.",
        "edges": graphene.Field(many, description="Its rows with their cursors."),
        "nodes": graphene.Field(
            graphene.NonNull(graphene.List(graphene.NonNull(target))), description="Its rows."
        ),
        "page_info": graphene.Field(PageInfo, required=True, description="Where it stands in the list."),
        "total_count": graphene.Int(
            description="How many there are in all; counted only when asked for, null where that would take "
            "too long."
        ),
        "resolve_edges": _edges, "resolve_nodes": _nodes, "resolve_page_info": _page_info,
        "resolve_total_count": _count,
    })


def page_size(first: int | None, default: int = DEFAULT_PAGE_SIZE) -> int:
    """The requested number of rows. Raises GraphQLError where it is too large."""
    return within("first", first, default, 0, settings.GRAPHQL_MAXIMUM_PAGE_SIZE)


def within(name: str, value: int | None, default: int, low: int, high: int) -> int:
    """The value of an argument, its default where null. Raises GraphQLError where it is out of its range."""
    value = default if value is None else value
    if not low <= value <= high:
        raise GraphQLError(
            f"{name}: expected {low} to {high}, got {value}", extensions={"code": "OUT_OF_RANGE"}
        )
    return value


def clamped(value: int | None, default: int, low: int, high: int) -> int:
    """The value of an argument, its default where null, clamped to `low` and `high`."""
    return min(max(default if value is None else value, low), high)


def read_cursor(text: str | None) -> Cursor | None:
    """Decode a cursor that a client sent back. Raises BadCursor."""
    if not text:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(text.encode("ascii"))) if len(text) < 2_000 else None
    except (UnicodeError, binascii.Error, ValueError, RecursionError) as error:
        raise BadCursor("after: expected a cursor as this server gives them") from error
    if not isinstance(values, list) or any(isinstance(value, list | dict) for value in values):
        raise BadCursor("after: expected a cursor as this server gives them")
    return tuple(values)


def written_cursor(cursor: Cursor) -> str:
    """Encode a cursor for clients."""
    return base64.urlsafe_b64encode(json.dumps(cursor, separators=(",", ":")).encode()).decode()


def _edges(listed: Listed, info: Any) -> list[dict[str, Any]]:
    rows = zip(listed.page.items, listed.page.cursors, strict=True)
    return [{"node": item, "cursor": written_cursor(cursor)} for item, cursor in rows]


def _nodes(listed: Listed, info: Any) -> list[Any]:
    return listed.page.items


def _page_info(listed: Listed, info: Any) -> dict[str, Any]:
    cursors = listed.page.cursors
    return {
        "has_next_page": listed.page.has_next, "has_previous_page": bool(listed.after),
        "start_cursor": written_cursor(cursors[0]) if cursors else None,
        "end_cursor": written_cursor(cursors[-1]) if cursors else None,
    }


def _count(listed: Listed, info: Any) -> int | None:
    return listed.count()
