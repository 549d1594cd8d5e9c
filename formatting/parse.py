"""A document becomes a work item, or everything that is wrong with it is said at once."""

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from formatting.document import plain_values
from formatting.explanation import explain, nearest, value_at
from formatting.faults import MAX_FAULTS, Fault, FaultCode, Malformed, Path, fault, shown
from formatting.presets import fill_preset
from formatting.work_item import ADAPTER, WorkItem
from processing.core.kinds import KINDS

MAX_DOCUMENT_BYTES = 2_000_000


def parse(raw: bytes | str | Mapping[str, Any], *, max_bytes: int = MAX_DOCUMENT_BYTES) -> WorkItem:
    """Read a work item of any kind.

    Args:
        raw: JSON as bytes (UTF-8) or text, or the values themselves.
        max_bytes: the size at which a document is refused unread.
    Returns:
        The work item, every default filled in.
    Raises:
        Malformed: with all faults of the document, each with its path in the user's own keys.
    """
    document, faults = plain_values(raw, max_bytes=max_bytes)
    if not isinstance(document, dict):
        raise Malformed(faults or [fault(FaultCode.INVALID_TYPE, (), "an object", shown(document))])
    schema_key = document.pop("$schema", "")
    if not isinstance(schema_key, str | None):
        faults.append(fault(FaultCode.INVALID_TYPE, ("$schema",), "a text", shown(schema_key)))
    _default_strategy(document)
    faults += fill_preset(document)
    work_item, errors = _validated(document)
    if work_item is not None and not faults:
        return work_item
    found, omitted = _explained(errors, document, known={each.path for each in faults})
    raise Malformed([*faults, *found], total=len(faults) + len(found) + omitted)


def _default_strategy(document: dict[str, Any]) -> None:
    """A strategy that does not say its type is the kind's default. The document is changed by that: it is our own copy."""
    kind, strategy = document.get("kind"), document.get("strategy")
    if isinstance(kind, str) and kind in KINDS and isinstance(strategy, dict):
        strategy.setdefault("type", KINDS[kind].strategies[0])


def _validated(document: dict[str, Any]) -> tuple[WorkItem | None, list[ErrorDetails]]:
    """The work item, or what the models have against it; read as JSON: lists become tuples, and no type is bent.

    A list with a faulty entry is not called too short: the faulty ones are not counted by the models.
    """
    try:
        return ADAPTER.validate_json(json.dumps(document)), []
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
    faulty_lists = {each["loc"][:length] for each in errors for length in range(len(each["loc"]))}
    return None, [each for each in errors if each["type"] != "too_short" or each["loc"] not in faulty_lists]


def _explained(errors: list[ErrorDetails], document: dict[str, Any], *, known: set[Path]) -> tuple[list[Fault], int]:
    """Every fault that does not follow from one that is known already, and how many more were left out.

    Where a key that says which form an object has is misspelt, the form that was probably meant is taken, to see the
    rest. The document is changed by that: it is our own copy.
    """
    faults: list[Fault] = []
    omitted = 0
    while errors:
        found = [explain(error, document) for error in errors[:MAX_FAULTS]]
        omitted += len(errors) - len(found)
        faults += [each for each in found if not _follows(each.path, known)]
        known = known | {each.path for each in found}
        repaired = [_repair(document, each.path, error) for each, error in zip(found, errors, strict=False)]
        _default_strategy(document)
        errors = _validated(document)[1] if any(repaired) else []
    return faults, omitted


def _follows(path: Path, known: set[Path]) -> bool:
    return any(path[:length] in known for length in range(1, len(path) + 1))


def _repair(document: dict[str, Any], path: Path, error: ErrorDetails) -> bool:
    """Put the form that was probably meant in place of an unknown one; false where there is nothing to put right."""
    given = value_at(document, path)
    if error["type"] != "union_tag_invalid" or not isinstance(given, str):
        return False
    meant = nearest(given, re.findall("'(.*?)'", error["ctx"]["expected_tags"]))
    if meant is None:
        return False
    value_at(document, path[:-1])[path[-1]] = meant
    return True
