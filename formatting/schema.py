"""The document's JSON Schema and its tables of parameters, generated from the models.

A server's limits are lower: `staging.schema` has the schema with these, and prints it.
"""

import copy
import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from formatting.wording import range_words, resolved, type_words
from formatting.work_item import ADAPTER
from processing.core.parameters import Parameters

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """One parameter as text, as documentation prints it."""

    name: str
    type: str
    default: str  # as JSON; empty where the parameter is required
    range: str
    unit: str
    meaning: str
    source: str


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the work item document, for editors and forms."""
    return {"$schema": DIALECT, **copy.deepcopy(model_schema()), "title": "Work item"}


@functools.cache
def model_schema() -> dict[str, Any]:
    """Return the schema as pydantic generates it, each description in one line.

    It is cached, so callers must not change it.
    """
    found: dict[str, Any] = _with_descriptions_in_one_line(ADAPTER.json_schema())
    return found


def _with_descriptions_in_one_line(node: Any) -> Any:
    """Return the schema with spaces for the line breaks of docstrings, which are printed as descriptions."""
    if isinstance(node, list):
        return [_with_descriptions_in_one_line(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {
        name: " ".join(each.split()) if name == "description" and isinstance(each, str)
        else _with_descriptions_in_one_line(each)
        for name, each in node.items()
    }


def parameter_table(model: type[Parameters], largest: Mapping[str, int] | None = None) -> list[ParameterRow]:
    """Return one row for each parameter of a group, in the order of declaration.

    Args:
        model: the group.
        largest: the maximum that a server allows, by the name of a parameter.
    """
    schema = model.model_json_schema()
    for name, most in (largest or {}).items():
        node = schema["properties"].get(name, {})
        node |= {"maximum": min(node["maximum"], most)} if "maximum" in node else {}
    return [
        _row(schema, name, node) for name, node in schema["properties"].items() if name in model.model_fields
    ]


def _row(schema: dict[str, Any], name: str, node: dict[str, Any]) -> ParameterRow:
    default = json.dumps(node["default"]) if "default" in node else ""
    meaning = node.get("description") or resolved(schema, node).get("description", "")
    return ParameterRow(
        name, type_words(schema, node), default, range_words(schema, node), node.get("unit", ""), meaning,
        node.get("source", ""),
    )
