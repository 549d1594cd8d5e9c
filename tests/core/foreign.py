"""Builders for tests of environments in processes of their own."""

import json
from functools import cache
from typing import Any

from formatting.parse import parse
from processing.core.environments.foreign.lookup import Lookup
from processing.core.limits import Limits
from processing.core.search.plan import Plan, plan_of
from staging.stage import stage
from staging.staged_item import StagedItem

MODULE = "tests.core.strange_worlds"


@cache
def known() -> Lookup:
    """Gymnasium's environments, and those of `strange_worlds.py`."""
    return Lookup(None, [MODULE])


def document(name: str, *, kind: str = "weight_evolution", **environment: Any) -> dict[str, Any]:
    return {
        "version": 1, "kind": kind, "name": "test",
        "environment": {"type": "gymnasium", "id": name, **environment},
        "network": {"hidden": [5]} if kind == "weight_evolution" else {},
        "strategy": {"population_size": 24} | ({"type": "genetic"} if kind == "weight_evolution" else {}),
        "stop": {"max_generations": 3},
    }


def staged(name: str, **environment: Any) -> StagedItem:
    return staged_with(known(), name, **environment)


def staged_with(lookup: Lookup, name: str, **environment: Any) -> StagedItem:
    """A work item in one of the environments that this knows."""
    return stage(parse(json.dumps(document(name, **environment))), Limits(), known=lookup)


def foreign_plan(name: str, **environment: Any) -> Plan:
    """The plan of a search in one of these environments."""
    item = staged(name, **environment)
    return plan_of(item.spec, item.facts)
