"""The queries: each makes one read and shapes the answer."""

import json
from typing import Any

import graphene
from django.conf import settings
from graphql import GraphQLError

from api import intake
from api.examples import cards
from api.graphql.connections import PAGING, Listed, page_size, read_cursor
from api.graphql.types import catalogue as catalogues
from api.graphql.types import server as servers
from api.graphql.types.catalogue import Catalogue, Environment, Example
from api.graphql.types.datasets import Dataset, datasets
from api.graphql.types.inputs import (
    InstanceBy,
    InstanceFilter,
    InstanceOrder,
    WorkItemFilter,
    WorkItemOrder,
    WorkItemSpecInput,
    instance_filter,
    ordered,
    work_item_filter,
)
from api.graphql.types.node import Node, many, maybe, one
from api.graphql.types.problems import problems_of
from api.graphql.types.runs import Instance, InstanceConnection
from api.graphql.types.scalars import JSON
from api.graphql.types.server import Server, Viewer, WorkItemValidation
from api.graphql.types.work_items import WorkItemConnection
from api.graphql.types.workers import Worker, workers
from api.ids import BadId, read_id
from database import models, selectors
from formatting.faults import Faulty
from processing.core.limits import Limits
from staging.schema import json_schema

MOST_NODES = 100
#: Path of a document in the inputs that hold one.
DOCUMENT = ("spec", "document")


class Query(graphene.ObjectType):
    """What can be looked up."""

    node = maybe(
        Node, "Refetches any object by its global ID; null where it is unknown.",
        id=graphene.Argument(graphene.ID, required=True, description="The global ID."),
    )
    nodes = graphene.List(
        Node, required=True, description="Refetches up to 100 objects; null where an ID is unknown.",
        ids=graphene.Argument(
            graphene.List(graphene.NonNull(graphene.ID)), required=True, description="The global IDs."
        ),
    )
    viewer = maybe(Viewer, "Who is asking; null when anonymous.")
    server = one(Server, "Version, limits and load of this server.")
    work_items = one(
        WorkItemConnection, "Submitted work items, newest first by default.", **PAGING,
        filter=graphene.Argument(WorkItemFilter, description="Which."),
        order_by=graphene.Argument(WorkItemOrder, description="In which order."),
    )
    instances = one(
        InstanceConnection, "Runs, newest first by default.", **PAGING,
        filter=graphene.Argument(InstanceFilter, description="Which."),
        order_by=graphene.Argument(InstanceOrder, description="In which order."),
    )
    instance = maybe(
        Instance, "One run, by global ID or by number; null where there is none.",
        by=graphene.Argument(InstanceBy, required=True, description="How to find it."),
    )
    examples = many(Example, "Ready-made work items to start from.")
    validate_work_item = one(
        WorkItemValidation, "Checks a work item and estimates its cost; stores and starts nothing.",
        spec=graphene.Argument(WorkItemSpecInput, required=True, description="The work item."),
    )
    work_item_schema = one(
        JSON, "The JSON Schema of the work item document.",
        version=graphene.Argument(graphene.Int, default_value=1, description="Version of the document."),
    )
    environments = many(
        Environment, "Environments this server can run.",
        search=graphene.Argument(graphene.String, description="A text in the name."),
    )
    datasets = many(Dataset, "Data sets of images on this machine.")
    catalogue = one(Catalogue, "Everything that a work item can name, with what can be set.")

    workers = many(Worker, "Workers seen in the last minutes.")

    @staticmethod
    def resolve_node(root: None, info: Any, id: str) -> Any:
        return _node(info, id)

    @staticmethod
    def resolve_nodes(root: None, info: Any, ids: list[str]) -> list[Any]:
        """Look up objects by their IDs. Raises GraphQLError where they are more than MOST_NODES."""
        if len(ids) > MOST_NODES:
            message = f"ids: expected at most {MOST_NODES}, got {len(ids)}"
            raise GraphQLError(message, extensions={"code": "LIMIT_EXCEEDED"})
        return [_node(info, each) for each in ids]

    @staticmethod
    def resolve_viewer(root: None, info: Any) -> dict[str, Any] | None:
        return servers.viewer(info)

    @staticmethod
    def resolve_server(root: None, info: Any) -> dict[str, Any]:
        return servers.server(info)

    @staticmethod
    def resolve_work_items(
        root: None, info: Any, first: int, after: str | None = None, filter: Any = None, order_by: Any = None
    ) -> Listed:
        which = work_item_filter(filter)
        order = ordered(order_by, selectors.WorkItemOrder, selectors.WorkItemOrder.CREATED_AT, True)
        page = selectors.work_items(filter=which, **order, first=page_size(first), after=read_cursor(after))
        return Listed(page, lambda: selectors.count_work_items(which), after)

    @staticmethod
    def resolve_instances(
        root: None, info: Any, first: int, after: str | None = None, filter: Any = None, order_by: Any = None
    ) -> Listed:
        which = instance_filter(filter)
        order = ordered(order_by, selectors.InstanceOrder, selectors.InstanceOrder.CREATED_AT, True)
        page = selectors.instances(filter=which, **order, first=page_size(first), after=read_cursor(after))
        info.context.met(page.items)
        return Listed(page, lambda: selectors.count_instances(which), after)

    @staticmethod
    def resolve_instance(root: None, info: Any, by: Any) -> models.Instance | None:
        if by.get("id") is not None:
            return _object(info, by["id"], "Instance")
        return _met(info, selectors.instance(by["number"]))

    @staticmethod
    def resolve_examples(root: None, info: Any) -> list[dict[str, Any]]:
        checked = [(card, intake.check(card.document)) for card in cards()]
        return [
            {
                "slug": card.slug, "title": card.title, "description": card.description, "kind": staged.kind,
                "spec": json.loads(card.document), "estimate": staged.estimate,
            }
            for card, staged in checked
        ]

    @staticmethod
    def resolve_validate_work_item(root: None, info: Any, spec: Any) -> dict[str, Any]:
        """Check a work item; nothing is stored."""
        try:
            staged = intake.check(spec["document"])
        except Faulty as faulty:
            return {"valid": False, "user_errors": problems_of(faulty.faults, *DOCUMENT), "warnings": []}
        warnings = problems_of(staged.warnings, *DOCUMENT)
        return {
            "valid": True, "user_errors": [], "warnings": warnings, "spec": staged.spec,
            "estimate": staged.estimate
        }

    @staticmethod
    def resolve_work_item_schema(root: None, info: Any, version: int | None) -> dict[str, Any]:
        if version not in (None, 1):
            raise GraphQLError(f"version: expected 1, got {version}", extensions={"code": "NOT_FOUND"})
        return json_schema(Limits(**settings.LIMITS))

    @staticmethod
    def resolve_environments(root: None, info: Any, search: str | None = None) -> list[dict[str, Any]]:
        return catalogues.environments(search)

    @staticmethod
    def resolve_datasets(root: None, info: Any) -> list[dict[str, Any]]:
        return datasets()

    @staticmethod
    def resolve_catalogue(root: None, info: Any) -> dict[str, Any]:
        return catalogues.catalogue()

    @staticmethod
    def resolve_workers(root: None, info: Any) -> list[dict[str, Any]]:
        return workers()


def _node(info: Any, text: str) -> Any:
    """The object of an ID of any type; None where there is none."""
    try:
        return _object(info, text)
    except BadId:
        return None


def _object(info: Any, text: str, *types: str) -> Any:
    """The object of an ID of one of these types. Raises BadId."""
    found = read_id(text, *types)
    match found.type:
        case "WorkItem":
            return selectors.work_item(*found.numbers)
        case "Instance":
            return _met(info, selectors.instance(*found.numbers))
        case "Generation":
            return info.context.generations.get(found.numbers)
        case "Species":
            return info.context.species.get(found.numbers)
        case "Event":
            return selectors.event(*found.numbers)
        case _:
            return info.context.parents.get(found.numbers)


def _met(info: Any, run: models.Instance | None) -> models.Instance | None:
    info.context.met([run] if run else [])
    return run
