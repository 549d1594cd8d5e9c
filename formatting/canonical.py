"""A work item written out in full, and the hash by which repeats of one experiment are known."""

import hashlib
import json
from typing import Any

from formatting.work_item import WorkItem

#: Keys that do not change what a run does, or only which of its equally good repeats it is.
NOT_HASHED = frozenset({"name", "description", "labels", "seed", "priority", "replicates", "record", "execution"})


def canonical(work_item: WorkItem) -> dict[str, Any]:
    """The complete document, every default filled in, as JSON values; `parse` makes the same work item of it."""
    return work_item.model_dump(mode="json")


def canonical_json(value: Any) -> str:
    """The one spelling of a JSON value: keys sorted, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def spec_hash(work_item: WorkItem) -> str:
    """SHA-256, in hexadecimal, of what makes the experiment: equal for all its repeats."""
    document = {key: value for key, value in canonical(work_item).items() if key not in NOT_HASHED}
    return hashlib.sha256(canonical_json(document).encode()).hexdigest()
