"""A work item written out in full, and the hash by which repeats of one experiment are known."""

import hashlib
import json
from typing import Any

from formatting.work_item import WorkItem

#: Keys that do not change what a run does, or only which of its equally good repeats it is.
NOT_HASHED = frozenset({"name", "description", "labels", "seed", "priority", "replicates", "record", "execution"})
#: Keys that came later, where null means what leaving them out meant: so that older hashes stay true.
NOT_HASHED_WHERE_NULL = frozenset({"novelty"})
#: Keys of a group that say in a word what its other keys say in full.
NOT_HASHED_WITHIN = {"strategy": frozenset({"preset"})}
#: Keys of a group that came later, where null means what leaving them out meant.
NOT_HASHED_WITHIN_WHERE_NULL: dict[str, frozenset[str]] = {
    "environment": frozenset({
        "goals", "criterion", "tolerance", "scaling", "wrappers", "observe", "aggregate", "minimise",
    }),
}
#: What that is, of those for which there is a word.
MEANT_BY_NULL: dict[str, dict[str, Any]] = {"environment": {"criterion": "sides", "scaling": "none"}}


def canonical(work_item: WorkItem) -> dict[str, Any]:
    """The complete document, every default filled in, as JSON values; `parse` makes the same work item of it."""
    return work_item.model_dump(mode="json")


def canonical_json(value: Any) -> str:
    """The one spelling of a JSON value: keys sorted, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def spec_hash(work_item: WorkItem) -> str:
    """SHA-256, in hexadecimal, of what makes the experiment: equal for all its repeats."""
    document = {
        key: _hashed(key, value) for key, value in canonical(work_item).items()
        if key not in NOT_HASHED and not (value is None and key in NOT_HASHED_WHERE_NULL)
    }
    return hashlib.sha256(canonical_json(document).encode()).hexdigest()


def _hashed(group: str, value: Any) -> Any:
    """What of a value of the document is hashed."""
    if not isinstance(value, dict):
        return value
    never, later = NOT_HASHED_WITHIN.get(group, ()), NOT_HASHED_WITHIN_WHERE_NULL.get(group, ())
    meant = MEANT_BY_NULL.get(group, {})
    return {
        key: each for key, each in value.items()
        if key not in never and not (key in later and (each is None or each == meant.get(key)))
    }
