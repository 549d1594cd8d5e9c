"""What every object with a global ID has."""

from typing import Any

import graphene

from api.graphql.ids import global_id


class Node(graphene.Interface):
    """An object that can be fetched again by its ID."""

    id = graphene.ID(required=True, description="Opaque, stable, globally unique.")

    @classmethod
    def resolve_type(cls, root: Any, info: Any) -> str:
        """The name of an object's GraphQL type."""
        name = type(root).__name__
        return "Agent" if name == "AgentRecord" else name


def many(target: Any, description: str, **arguments: Any) -> Any:
    """A list without nulls."""
    return graphene.Field(graphene.NonNull(graphene.List(graphene.NonNull(target))), description=description, **arguments)


def one(target: Any, description: str, **arguments: Any) -> Any:
    """A value that is always there."""
    return graphene.Field(target, required=True, description=description, **arguments)


def maybe(target: Any, description: str, **arguments: Any) -> Any:
    """A value that may be null."""
    return graphene.Field(target, description=description, **arguments)


__all__ = ["Node", "global_id", "many", "maybe", "one"]
