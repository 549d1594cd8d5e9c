"""The server, the user who asks, and the result of a check of a work item."""

from typing import Any

import graphene
from django.conf import settings

from api import VERSION
from api.access import is_open, permissions_of
from api.graphql.types.enums import AlgorithmKind, Permission
from api.graphql.types.node import many, maybe, one
from api.graphql.types.problems import CostEstimate, UserError
from api.graphql.types.scalars import JSON
from database import selectors
from processing.core.kinds import KINDS

SCHEMA_VERSION = "1"


class Server(graphene.ObjectType):
    """This server."""

    version = one(graphene.String, "Version of the software.")
    schema_version = one(graphene.String, "Version of this schema.")
    kinds = many(AlgorithmKind, "What it can evolve.")
    queued_instances = one(graphene.Int, "Runs that wait for a worker.")
    running_instances = one(graphene.Int, "Runs under way.")
    max_page_size = one(graphene.Int, "Most rows of a page.")
    max_query_cost = one(graphene.Int, "Most nodes that one query may ask for.")
    authentication_required = one(graphene.Boolean, "Whether one has to log in to look, submit and operate.")


class Viewer(graphene.ObjectType):
    """Who is asking."""

    username = one(graphene.String, "Their name.")
    permissions = many(Permission, "What they may do.")


class WorkItemValidation(graphene.ObjectType):
    """What a check of a work item found."""

    valid = one(graphene.Boolean, "Whether it would be accepted.")
    user_errors = many(UserError, "Everything that stands against it.")
    warnings = many(UserError, "Accepted, but probably not meant.")
    spec = maybe(JSON, "The canonical document; null when invalid.")
    estimate = maybe(CostEstimate, "What it will cost; null when invalid.")


def server(info: Any) -> dict[str, Any]:
    """The fields of `Server`, with the present load."""
    active = selectors.active_counts()
    return {
        "version": VERSION, "schema_version": SCHEMA_VERSION, "kinds": list(KINDS),
        "queued_instances": active.queued, "running_instances": active.running,
        "max_page_size": settings.GRAPHQL_MAXIMUM_PAGE_SIZE, "max_query_cost": settings.GRAPHQL_MAXIMUM_COST,
        "authentication_required": not is_open(info.context.request),
    }


def viewer(info: Any) -> dict[str, Any] | None:
    """The fields of `Viewer`; None where nobody is logged in."""
    request = info.context.request
    if not request.user.is_authenticated:
        return None
    return {"username": request.user.get_username(), "permissions": permissions_of(request)}
