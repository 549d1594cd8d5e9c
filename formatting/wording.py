"""JSON Schema as text: which values a field takes."""

import json
from collections.abc import Mapping
from typing import Any

from processing.core.value_text import listed as listed
from processing.core.value_text import with_article

Schema = Mapping[str, Any]

#: Floats from here on are written with an exponent, as their last digits are not exact.
MOST_WHOLE = 1e16


def resolved(root: Schema, node: Schema) -> Schema:
    """Resolve a node's references."""
    while "$ref" in node:
        node = root["$defs"][node["$ref"].removeprefix("#/$defs/")]
    return node


def choices(root: Schema, node: Schema) -> list[str]:
    """Return the strings that a node admits; empty where it does not enumerate them."""
    node = resolved(root, node)
    if "anyOf" in node:
        return [choice for branch in node["anyOf"] for choice in choices(root, branch)]
    if "discriminator" in node:
        return list(node["discriminator"]["mapping"])
    values = node.get("enum", [node["const"]] if "const" in node else [])
    return [value for value in values if isinstance(value, str)]


def expectation(root: Schema, node: Schema) -> str:
    """Describe the values that a node takes, e.g. `a whole number from 1 to 100, or null`."""
    node = resolved(root, node)
    if "anyOf" in node:
        return ", or ".join(expectation(root, branch) for branch in node["anyOf"])
    name, limits = type_words(root, node), range_words(root, node)
    return limits if _is_choice(node) else f"{_noun(name)} {limits}".strip()


def type_words(root: Schema, node: Schema) -> str:
    """Describe the type of value that a node takes, e.g. `whole number`."""
    node = resolved(root, node)
    if "anyOf" in node:
        return " or ".join(type_words(root, branch) for branch in node["anyOf"])
    if _is_choice(node):
        return "choice"
    if "discriminator" in node:
        return "object"
    sort: str = node.get("type", "value")
    words = {"integer": "whole number", "string": "text", "array": "list", "boolean": "true or false"}
    return words.get(sort, sort)


def range_words(root: Schema, node: Schema) -> str:
    """Describe the range of values of its type that a node takes, e.g. `from 1 to 100`; empty where all."""
    node = resolved(root, node)
    if "anyOf" in node:
        return ", or ".join(words for branch in node["anyOf"] if (words := range_words(root, branch)))
    if "const" in node:
        return json.dumps(node["const"])
    if "enum" in node:
        return listed([json.dumps(value) for value in node["enum"]])
    if "discriminator" in node:
        key, values = node["discriminator"]["propertyName"], choices(root, node)
        return f'with "{key}" {listed([json.dumps(value) for value in values])}'
    if node.get("type") == "string":
        return _span("of", node.get("minLength"), node.get("maxLength"), "characters")
    if node.get("type") == "array":
        entries = _span("of", node.get("minItems"), node.get("maxItems"), "entries")
        return f"{entries}, each {expectation(root, node['items'])}".removeprefix(", ")
    if node.get("type") == "object":
        return _span("of", node.get("minProperties"), node.get("maxProperties"), "keys")
    return _number_range(node)


def _is_choice(node: Schema) -> bool:
    return "enum" in node or "const" in node


def _number_range(node: Schema) -> str:
    parts = []
    low, high = node.get("minimum"), node.get("maximum")
    if low is not None and low == high:
        return f"that is {number(low)}"
    if low is not None and high is not None:
        return f"from {number(low)} to {number(high)}"
    if low is not None:
        parts.append(f"of at least {number(low)}")
    if "exclusiveMinimum" in node:
        parts.append(f"above {number(node['exclusiveMinimum'])}")
    if high is not None:
        parts.append(f"of at most {number(high)}")
    if "exclusiveMaximum" in node:
        parts.append(f"below {number(node['exclusiveMaximum'])}")
    return " and ".join(parts)


def number(value: int | float) -> str:
    """Return a number as text: without `.0`, and from MOST_WHOLE on with an exponent where it is a float."""
    is_whole = isinstance(value, int) or (value.is_integer() and abs(value) < MOST_WHOLE)
    return str(int(value)) if is_whole else repr(value)


def _span(before: str, low: int | None, high: int | None, unit: str) -> str:
    if low and high is not None:
        return f"{before} {low} to {high} {unit}"
    if high is not None:
        return f"{before} at most {high} {unit}"
    return f"{before} {low} or more {unit}" if low else ""


def _noun(name: str) -> str:
    return name if name in ("null", "true or false") else with_article(name)
