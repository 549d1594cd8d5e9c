"""Builders for tests of the cases' environments."""

from functools import cache
from typing import Any

from processing.core.environments.foreign.lookup import Lookup
from processing.core.search.plan import Plan, plan_of
from tests.core.foreign import staged_with

MODULE = "tests.cases.environments"


@cache
def known() -> Lookup:
    """Gymnasium's environments, and the cases'."""
    return Lookup(None, [MODULE])


def case_plan(name: str, **environment: Any) -> Plan:
    """The plan of a search in one of the cases' environments."""
    item = staged_with(known(), f"cases/{name}-v0", **environment)
    return plan_of(item.spec, item.facts)
