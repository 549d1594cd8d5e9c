"""The complete document of a work item, and the hash that identifies repeats of one experiment."""

import hashlib
import json
from typing import Any

from formatting.work_item import WorkItem

#: Keys that do not change an experiment, but only its storage, schedule, labels, or which repeat it is.
NOT_HASHED = frozenset(
    {"name", "description", "labels", "seed", "priority", "replicates", "record", "execution"}
)
#: Keys added later, for which null means the earlier behaviour: not hashed, so that older hashes stay valid.
NOT_HASHED_WHERE_NULL = frozenset({"novelty"})
#: Keys of a group that abbreviate what its other keys state in full.
NOT_HASHED_WITHIN = {"strategy": frozenset({"preset"})}
#: Keys of a group added later, for which null means the earlier behaviour.
NOT_HASHED_WITHIN_WHERE_NULL: dict[str, frozenset[str]] = {
    "environment": frozenset({
        "goals", "criterion", "tolerance", "scaling", "wrappers", "observe", "aggregate", "minimise",
    }),
}
#: The value that names the earlier behaviour, for keys that have one; it is not hashed either.
NAMES_OF_NULL: dict[str, dict[str, Any]] = {"environment": {"criterion": "sides", "scaling": "none"}}


def canonical(work_item: WorkItem) -> dict[str, Any]:
    """Return the complete document with every default, as JSON values.

    `parse` turns it into an equal work item.
    """
    return work_item.model_dump(mode="json")


def canonical_json(value: Any) -> str:
    """Return the canonical JSON text of a value: keys sorted, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def spec_hash(work_item: WorkItem) -> str:
    """Return the SHA-256, in hexadecimal, of the keys that define the experiment."""
    document = {
        key: _hashed(key, value) for key, value in canonical(work_item).items()
        if key not in NOT_HASHED and not (value is None and key in NOT_HASHED_WHERE_NULL)
    }
    return hashlib.sha256(canonical_json(document).encode()).hexdigest()


def _hashed(group: str, value: Any) -> Any:
    """Return what is hashed of the value of one top-level key."""
    if not isinstance(value, dict):
        return value
    never, later = NOT_HASHED_WITHIN.get(group, ()), NOT_HASHED_WITHIN_WHERE_NULL.get(group, ())
    same_as_null = NAMES_OF_NULL.get(group, {})
    return {
        key: each for key, each in value.items()
        if key not in never and not (key in later and (each is None or each == same_as_null.get(key)))
    }
