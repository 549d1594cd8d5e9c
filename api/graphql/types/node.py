"""The interface of objects with a global ID, and short forms of fields."""

from typing import Any

import graphene


class Node(graphene.Interface):
    """An object that can be fetched again by its ID."""

    id = graphene.ID(required=True, description="Opaque, stable, globally unique.")

    @classmethod
    def resolve_type(cls, root: Any, info: Any) -> Any:
        """The type of an object, which has the name of its model."""
        name = type(root).__name__.removesuffix("Record")
        return info.schema.get_type(name).graphene_type


def many(target: Any, description: str, **arguments: Any) -> Any:
    """A field that is a list without nulls."""
    return graphene.Field(
        graphene.NonNull(graphene.List(graphene.NonNull(target))), description=description, **arguments
    )


def one(target: Any, description: str, **arguments: Any) -> Any:
    """A field that is never null."""
    return graphene.Field(target, required=True, description=description, **arguments)


def maybe(target: Any, description: str, **arguments: Any) -> Any:
    """A field that may be null."""
    return graphene.Field(target, description=description, **arguments)
