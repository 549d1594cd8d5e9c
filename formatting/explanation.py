"""Translation of pydantic's errors into faults with paths in the document's own keys."""

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails

from formatting.faults import MEANT, Fault, FaultCode, Path, fault, shown
from formatting.schema import model_schema
from formatting.wording import Schema, choices, expectation, listed, number, resolved
from processing.core.kinds import KINDS

MISSING = object()
#: Maximum number of keys of an object that are compared with an expected key, to bound the time.
MAX_COMPARED_KEYS = 100

#: Codes of a wrong `type`, by the key of the group; of other groups it is NOT_IN_CHOICES.
_UNKNOWN_TYPES = {"environment": FaultCode.UNKNOWN_ENVIRONMENT, "dataset": FaultCode.UNKNOWN_DATASET}

_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")

_OUT_OF_RANGE = frozenset({
    "greater_than", "greater_than_equal", "less_than", "less_than_equal", "finite_number", "too_long",
    "too_short", "string_too_long", "string_too_short",
})


def explain(error: ErrorDetails, document: Any) -> Fault:
    """Convert one error of pydantic into a fault.

    Args:
        error: its `loc` contains the tags of unions, which are not part of the fault's path.
        document: the validated plain values, in which the given value is looked up.
    """
    root = model_schema()
    path, node = _locate(root, error["loc"])
    given = value_at(document, path)
    what = "nothing" if given is MISSING else shown(given)
    match error["type"]:
        case "missing":
            return fault(FaultCode.REQUIRED, path, expectation(root, node), "nothing")
        case "extra_forbidden":
            return _unknown_key(path, list(_object_at(root, error["loc"][:-1])["properties"]))
        case "union_tag_not_found" | "union_tag_invalid":
            return _tag_fault(root, path, node, given)
        case "enum" | "literal_error":
            known = choices(root, node)
            return _not_in_choices(
                path, given, known, nearest(given, known) if isinstance(given, str) else None
            )
        case "value_error":
            return fault(FaultCode.INCONSISTENT, path, str(error["ctx"]["error"]), what)
        case "string_pattern_mismatch":
            return fault(
                FaultCode.INVALID_FORMAT, path, f"{expectation(root, node)}, not all of them blank", what
            )
        case kind if kind in _OUT_OF_RANGE:
            return fault(FaultCode.OUT_OF_RANGE, path, expectation(root, node), what)
        case kind if kind.endswith("_type"):
            return fault(FaultCode.INVALID_TYPE, path, expectation(root, node), what, _type_hint(node, given))
        case _:
            return fault(FaultCode.INVALID_FORMAT, path, f"{expectation(root, node)}: {error['msg']}", what)


def nearest(word: str, known: Sequence[str]) -> str | None:
    """Return the known word that was probably meant; None where none is similar enough."""
    if len(word) > 60:
        return None
    same = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(word.casefold(), same, n=1, cutoff=0.6)
    return same[found[0]] if found else None


def value_at(document: Any, path: Path) -> Any:
    """Return the value at a path; `MISSING` where there is none."""
    for part in path:
        is_there = part in document if isinstance(document, Mapping) else isinstance(document, list)
        if not is_there:
            return MISSING
        document = document[part]
    return document


def _locate(root: Schema, loc: Sequence[str | int]) -> tuple[Path, Schema]:
    """Return the path in the document's keys, and the schema of the value expected there."""
    path: list[str | int] = []
    node = _branch(root, root)
    for part in loc:
        if "discriminator" in node:
            node = resolved(root, {"$ref": node["discriminator"]["mapping"][part]})
            continue
        path.append(part)
        node = node["items"] if isinstance(part, int) else node["properties"].get(part, {})
        node = _branch(root, node)
    return tuple(path), node


def _branch(root: Schema, node: Schema) -> Schema:
    """Resolve references.

    Of a nullable node, return the branch that is an object or a list, where there is one.
    """
    node = resolved(root, node)
    inner = [resolved(root, branch) for branch in node.get("anyOf", ())]
    return next(
        (each for each in inner if "properties" in each or "items" in each or "discriminator" in each), node
    )


def _object_at(root: Schema, loc: Sequence[str | int]) -> Schema:
    return _locate(root, loc)[1]


def _unknown_key(path: Path, known: list[str]) -> Fault:
    key = str(path[-1])
    meant = nearest(key, known)
    hint = f'{MEANT}"{meant}"?' if meant else None
    return fault(
        FaultCode.UNKNOWN_FIELD, path, f"one of the keys {listed(known)}", f"the key {shown(key)}", hint
    )


def _tag_fault(root: Schema, path: Path, node: Schema, given: Mapping[str, Any]) -> Fault:
    """Return the fault of a missing or unknown discriminator (`kind` or `type`)."""
    key = node["discriminator"]["propertyName"]
    if (misspelling := misspelt(key, given)) is not None:
        return fault(
            FaultCode.UNKNOWN_FIELD, (*path, misspelling), f'the key "{key}"',
            f"the key {shown(misspelling)}", f'{MEANT}"{key}"?'
        )
    tag, known = given.get(key, MISSING), choices(root, node)
    meant = meant_kind(given) if path == () else nearest(tag, known) if isinstance(tag, str) else None
    if tag is MISSING:
        expected = listed([json.dumps(choice) for choice in known])
        return fault(
            FaultCode.REQUIRED, (*path, key), expected, "nothing", f'{MEANT}"{meant}"?' if meant else None
        )
    return _not_in_choices((*path, key), tag, known, meant)


def misspelt(key: str, given: Mapping[str, Any]) -> str | None:
    """Return the key that is probably a misspelling of `key`; None where `key` is given or no other is
    similar.
    """
    return None if key in given else nearest(key, list(given)[:MAX_COMPARED_KEYS])


def likely_kinds(document: Mapping[str, Any]) -> list[str]:
    """Return the kinds whose problem a document has, by its key; all kinds where it has none."""
    return [name for name, kind in KINDS.items() if kind.problem_key in document] or list(KINDS)


def meant_kind(document: Mapping[str, Any]) -> str | None:
    """Return the kind that was probably meant: by similar spelling, or by the name of a strategy."""
    kind, strategy, likely = document.get("kind"), document.get("strategy"), likely_kinds(document)
    spelt = nearest(kind, likely) or nearest(kind, list(KINDS)) if isinstance(kind, str) else None
    names = (kind, strategy.get("type") if isinstance(strategy, Mapping) else None)
    owners = (
        each for name in names if isinstance(name, str)
        for each in likely if name in KINDS[each].strategies
    )
    return spelt or next(owners, None)


def _not_in_choices(path: Path, given: Any, known: list[str], meant: str | None) -> Fault:
    expected = listed([json.dumps(choice) for choice in known])
    if not isinstance(given, str):
        return fault(FaultCode.INVALID_TYPE, path, expected, shown(given))
    hint = f'{MEANT}"{meant}"?' if meant else None
    return fault(_code_of_choice(path), path, expected, shown(given), hint)


def _code_of_choice(path: Path) -> FaultCode:
    match path:
        case (str(group), "type"):
            return _UNKNOWN_TYPES.get(group, FaultCode.NOT_IN_CHOICES)
    return FaultCode.NOT_IN_CHOICES


def _type_hint(node: Schema, given: Any) -> str | None:
    takes = {each.get("type") for each in (node, *node.get("anyOf", ()))}
    if "integer" in takes and isinstance(given, float) and given.is_integer():
        return f"Write {number(given)}, without a decimal point or an exponent."
    if takes & {"integer", "number"} and isinstance(given, str) and _NUMBER.fullmatch(given.strip()):
        return "Write the number without quotes."
    if "array" in takes and not isinstance(given, Mapping) and given is not None:
        return "Put it into a list: […]."
    return None
