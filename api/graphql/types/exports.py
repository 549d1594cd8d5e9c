"""Files to download."""

from collections.abc import Iterable
from typing import Any

import graphene
from django.urls import reverse

from api.graphql.types.enums import ExportFormat
from api.graphql.types.node import one
from processing.core.exports import export


class Export(graphene.ObjectType):
    """A network as a file."""

    format = one(ExportFormat, "What it is written in.")
    url = one(graphene.String, "Its address on this server; whoever may look may download it.")


def exports_of(agent_id: str, formats: Iterable[export.ExportFormat]) -> list[dict[str, Any]]:
    """The files of the agent with this global ID, in these formats."""
    return [
        {"format": each.value, "url": reverse("network", args=(agent_id, each.lower()))} for each in formats
    ]
