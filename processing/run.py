"""A run as its workers see it: its row, the staged item that was signed when it was accepted, and the plan made of it."""

from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

from database import steps
from database.models import Instance, WorkItem
from processing import node
from processing.core.errors import Broken
from processing.core.search.plan import Plan, plan_of
from staging.staged_item import StagedItem, load


@dataclass(slots=True)
class Run:
    """What a step of a run is worked on with."""

    instance: Instance
    staged: StagedItem
    plan: Plan
    threads: int  # cores to evaluate on

    @classmethod
    def load(cls, instance_id: int, *, threads: int | None) -> "Run":
        """The run of this number. Raises Broken where its staged item is not what this server stored."""
        instance = steps.instance_with_work_item(instance_id)
        staged, plan = _understood(instance.work_item.staged, settings.SECRET_KEY)
        if hasattr(plan.judge, "renew"):
            plan.judge.renew(instance.pk, instance.epoch)
        return cls(instance, staged, plan, threads or node.threads())


@lru_cache(maxsize=4)
def _understood(text: str, key: str) -> tuple[StagedItem, Plan]:
    """A staged item and its plan, which step after step of the same runs is worked on with."""
    staged = load(text, key.encode())
    return staged, plan_of(staged.spec, staged.facts)


def is_looked_up(work_item: WorkItem) -> bool:
    """Whether its plan needs what was found out of its environment when it was staged."""
    return bool(work_item.spec.get("environment", {}).get("type") == "gymnasium")


def plan_of_work_item(work_item: WorkItem) -> Plan:
    """The plan of an accepted work item, for those who look at it.

    What was looked up of its environment is read from what was staged; where that was signed with another key, as it was
    before the server's was changed, it is what the snapshot knows.

    Raises:
        Refused: the snapshot does not know the environment either.
    """
    if not is_looked_up(work_item):
        return plan_of(work_item.spec)
    try:
        return _understood(work_item.staged, settings.SECRET_KEY)[1]
    except Broken:
        return plan_of(work_item.spec)
