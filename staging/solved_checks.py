"""Checks that a run with `stop.solved` can end by a solved task."""

from typing import Any

from formatting.faults import Fault, FaultCode, Path, fault, shown
from formatting.work_item import WorkItem

_SOLVED: Path = ("stop", "solved")


def solved_warnings(work_item: WorkItem, world: Any) -> list[Fault]:
    """Warn where the environment has no criterion, or one that cannot be met with these parameters."""
    if not work_item.stop.solved:
        return []
    if world.criterion is None:
        expected = "false, as nothing says when this environment, with these parameters, is solved"
        if getattr(world, "minimise", False):
            expected = (
                "false, as what solves this environment is a high return, and with `minimise` a low one is "
                "sought"
            )
        return [fault(FaultCode.INCONSISTENT, _SOLVED, expected, "true")]
    threshold, best = getattr(world.criterion, "threshold", None), world.best_possible()
    if threshold is None or best is None:
        return []
    if threshold > best:
        expected = (
            f"false, as this environment is solved by a return of {threshold:g}, and at most {best:g} is "
            "possible"
        )
        return [fault(FaultCode.INCONSISTENT, _SOLVED, expected, "true")]
    usual = type(world)(world.parameters.model_copy(update={"max_steps": None}))
    if usual.best_possible() >= best:
        return []
    expected = (
        f"{usual.max_steps}, as this environment is solved by a return of {threshold:g} in episodes of that "
        "length"
    )
    return [fault(FaultCode.INCONSISTENT, ("environment", "max_steps"), expected, shown(world.max_steps))]
