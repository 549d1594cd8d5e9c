"""Events of a run."""

from typing import Any

import graphene

from api.graphql.connections import connection
from api.graphql.types.enums import EventLevel, EventType
from api.graphql.types.node import Node, maybe, one
from api.graphql.types.scalars import JSON, BigInt, DateTime
from api.ids import global_id
from database import models

EventConnection = connection("Event", "events")


class Event(graphene.ObjectType):
    """Something that happened to a run."""

    class Meta:
        interfaces = (Node,)

    sequence = one(BigInt, "1, 2, 3 … within the run, without gaps.")
    type = one(EventType, "What kind of event it is.")
    level = one(EventLevel, "How much it matters.")
    message = one(graphene.String, "A sentence for people.")
    created_at = one(DateTime, "When it happened.")
    instance = maybe("api.graphql.types.runs.Instance", "Its run.")
    generation = maybe(graphene.Int, "Number of the generation it is about, if any.")
    data = maybe(JSON, "The same for programs.")

    @staticmethod
    def resolve_id(event: models.Event, info: Any) -> str:
        return global_id("Event", event.instance_id, event.sequence)

    @staticmethod
    def resolve_instance(event: models.Event, info: Any) -> models.Instance:
        return info.context.instance(event.instance_id)
