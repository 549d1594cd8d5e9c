"""Work items: what was asked for."""

from typing import Any

import graphene

from api.graphql.connections import PAGING, Listed, connection, page_size, read_cursor
from api.graphql.types.enums import AlgorithmKind
from api.graphql.types.node import Node, many, maybe, one
from api.graphql.types.problems import Problem, UserError, stored_problems
from api.graphql.types.scalars import JSON, DateTime
from api.ids import global_id
from database import models, selectors
from database.selectors import InstanceFilter
from processing.core.kinds import KINDS

WorkItemConnection = connection("WorkItem", "work_items")


class WorkItem(graphene.ObjectType):
    """What was asked for. Never changes after submission."""

    class Meta:
        interfaces = (Node,)

    name = one(graphene.String, "A name for people.")
    description = one(graphene.String, "What it is about.")
    kind = maybe(AlgorithmKind, "What is evolved, and how; null where this server no longer has the kind.")
    labels = many(graphene.String, "Words to find it by.")
    spec = one(JSON, "The canonical document, every default filled in.")
    spec_hash = one(
        graphene.String,
        "SHA-256 of the canonical document without name, description, labels, seed, priority, replicates and "
        "record: equal for repeats of one experiment.",
    )
    warnings = many(UserError, "What was accepted, but probably not meant.")
    created_at = one(DateTime, "When it was submitted.")
    submitted_by = maybe(graphene.String, "Name of the user who sent it; null where nobody had logged in.")
    instances = one("api.graphql.types.runs.InstanceConnection", "Its runs, one per replicate.", **PAGING)

    @staticmethod
    def resolve_id(work_item: models.WorkItem, info: Any) -> str:
        return global_id("WorkItem", work_item.pk)

    @staticmethod
    def resolve_kind(work_item: models.WorkItem, info: Any) -> str | None:
        return known_kind(work_item)

    @staticmethod
    def resolve_warnings(work_item: models.WorkItem, info: Any) -> list[Problem]:
        return stored_problems(work_item.warnings)

    @staticmethod
    def resolve_submitted_by(work_item: models.WorkItem, info: Any) -> str | None:
        return work_item.submitted_by.get_username() if work_item.submitted_by else None

    @staticmethod
    def resolve_instances(
        work_item: models.WorkItem, info: Any, first: int, after: str | None = None
    ) -> Listed:
        """Its runs, in the order of their replicates."""
        filter = InstanceFilter(work_item_id=work_item.pk)
        page = selectors.instances(
            filter=filter, descending=False, first=page_size(first), after=read_cursor(after)
        )
        info.context.met(page.items)
        return Listed(page, lambda: selectors.count_instances(filter), after)


def known_kind(work_item: models.WorkItem) -> str | None:
    """Return the kind of a work item; None where no table of this process has it any more."""
    return work_item.kind if work_item.kind in KINDS else None
