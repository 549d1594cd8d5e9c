"""Checks that a work item with a preset has the preset's values."""

import json
from typing import Any

from formatting.faults import Fault, FaultCode, fault, shown
from formatting.presets import published_for
from formatting.wording import listed
from processing.core.parameters import Parameters

#: Maximum number of keys that a message names; the others are counted.
MOST_NAMED = 6


def preset_warnings(work_item: Any) -> list[Fault]:
    """Warn where a work item with the preset `paper` has values other than the published ones."""
    preset = getattr(getattr(work_item, "strategy", None), "preset", None)
    published = published_for(work_item.environment.model_dump(mode="json")) if preset == "paper" else None
    if published is None:
        return []
    groups = zip(("strategy", "network"), published[:2], strict=True)
    other = [
        each for name, values in groups for each in _other_values(name, getattr(work_item, name), values)
    ]
    own = work_item.environment.model_dump(mode="json")
    scoring = published[2].items()
    other += [f"environment.{name} {json.dumps(value)}" for name, value in scoring if own[name] != value]
    if not other:
        return []
    named = other if len(other) <= MOST_NAMED else [*other[:MOST_NAMED], f"{len(other) - MOST_NAMED} others"]
    expected = f'"default", as the published values are others: {listed(named, "and")}'
    return [fault(FaultCode.INCONSISTENT, ("strategy", "preset"), expected, shown("paper"))]


def _other_values(group: str, given: Parameters, published: dict[str, Any]) -> list[str]:
    """Return each key whose value differs from the published one, with the published value."""
    own = given.model_dump(mode="json")
    fixed = {"type": own["type"]} if "type" in own else {}
    wanted = type(given).model_validate_json(json.dumps(fixed | published)).model_dump(mode="json")
    return [
        f"{group}.{name} {json.dumps(value)}"
        for name, value in wanted.items() if name != "preset" and value != own[name]
    ]
