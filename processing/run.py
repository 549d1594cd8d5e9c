"""A run as workers load it: its row, the staged item that was signed at acceptance, and its plan."""

from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

from database import steps
from database.models import Instance, WorkItem
from database.outcomes import stop_of
from processing import node
from processing.core.errors import Broken
from processing.core.search.extension import with_stop
from processing.core.search.plan import Plan, plan_of
from staging.staged_item import StagedItem, load


@dataclass(slots=True)
class Run:
    """All that a worker needs for a step of a run."""

    instance: Instance
    staged: StagedItem
    plan: Plan
    threads: int  # cores to evaluate on

    @classmethod
    def load(cls, instance_id: int, *, threads: int | None) -> "Run":
        """Load the run of this number.

        Raises:
            Broken: its staged item is not what this server stored.
        """
        instance = steps.instance_with_work_item(instance_id)
        staged, plan = staged_and_plan(instance)
        plan.judge.renew(instance.pk, instance.epoch)
        return cls(instance, staged, plan, threads or node.threads())


def staged_and_plan(instance: Instance) -> tuple[StagedItem, Plan]:
    """Return the staged item of a run, and its plan with the stop rules that the run has now.

    Args:
        instance: a run with its work item loaded.
    Raises:
        Broken: its staged item is not what this server stored.
    """
    staged, plan = _staged_and_plan(instance.work_item.staged, settings.SECRET_KEY)
    return staged, plan if instance.stop is None else with_stop(plan, stop_of(instance))


@lru_cache(maxsize=4)
def _staged_and_plan(text: str, key: str) -> tuple[StagedItem, Plan]:
    """Return a staged item and its plan; cached, as a worker does many steps of the same runs."""
    staged = load(text, key.encode())
    return staged, plan_of(staged.spec, staged.facts)


def plan_of_work_item(work_item: WorkItem) -> Plan:
    """Return the plan of an accepted work item, for display.

    It is read from the staged item, as workers read it. Where that was signed with another key, because the
    server's key has changed since, it is made from the document, without what was looked up.

    Raises:
        Refused: the document alone does not make a plan.
    """
    try:
        return _staged_and_plan(work_item.staged, settings.SECRET_KEY)[1]
    except Broken:
        return plan_of(work_item.spec)
