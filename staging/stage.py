"""Stage a work item, or report all of its faults at once."""

from contextlib import suppress
from typing import Any

from formatting.canonical import canonical, spec_hash
from formatting.faults import Fault, FaultCode, Faulty, fault
from formatting.sound import Unsound, run_check
from formatting.work_item import MAX_SEED, WorkItem
from processing.core.environments.foreign.catalogue import Facts
from processing.core.errors import Refused
from processing.core.rng import derive
from processing.core.types import Purpose
from staging.checks import faults_of, size_faults, warnings_of
from staging.estimate import estimate, resolved_record, resolved_slice_size
from staging.fitting import fitted_to_map, fitted_to_population, fitted_to_targets, fitted_to_weights
from staging.gymnasium_checks import EnvironmentLookup, Snapshot, completed, looked_up, observe_warnings
from staging.limits import Limits
from staging.staged_item import StagedItem
from staging.workload import workload_of, world_of


class Unstageable(Faulty):
    """The work item is well formed, but cannot be run here."""


def stage(
    work_item: WorkItem, limits: Limits, *, workers: int = 1, known: EnvironmentLookup | None = None
) -> StagedItem:
    """Check a work item across its fields and make it ready to run.

    Args:
        work_item: from `formatting.parse`.
        limits: what this server allows.
        workers: number of workers online, for the estimate.
        known: lookup of Gymnasium environments; None for the snapshot of Gymnasium's own.
    Raises:
        Unstageable: the work item has faults, all of which are listed.
    """
    known = known or Snapshot()
    work_item = fitted_to_population(work_item)
    facts, unknown = looked_up(getattr(work_item, "environment", None), known)
    if faults := [*unknown, *faults_of(work_item, limits)]:
        raise Unstageable(faults)
    unseen = observe_warnings(getattr(work_item, "environment", None), facts)
    work_item, world = _fitted(fitted_to_map(completed(work_item, known, facts)), facts)
    work = workload_of(work_item, world)
    work_item = fitted_to_weights(work_item, work.weights)
    cost = estimate(work_item, work, workers=workers)
    if faults := size_faults(work_item, work, cost, limits):
        raise Unstageable(faults)
    return StagedItem(
        spec=canonical(work_item), spec_hash=spec_hash(work_item), kind=work_item.kind,
        seeds=seeds_of(work_item), record=resolved_record(work_item, work), estimate=cost,
        warnings=(*unseen, *warnings_of(work_item, world)),
        slice_size=resolved_slice_size(work_item, work), facts=None if facts is None else dict(facts),
    )


def further_faults(sound: Any, limits: Limits, *, known: EnvironmentLookup | None = None) -> list[Fault]:
    """Return the faults of the sound part, a `formatting.sound.Sound`, of a malformed work item."""
    with suppress(Unsound):  # without the population, counts of agents are not checked
        sound = fitted_to_population(sound)
    return [*run_check(_environment_unknown, sound, known or Snapshot()), *faults_of(sound, limits)]


def _environment_unknown(work_item: WorkItem, known: EnvironmentLookup) -> list[Fault]:
    return looked_up(getattr(work_item, "environment", None), known)[1]


def seeds_of(work_item: WorkItem) -> tuple[int, ...]:
    """Return one seed for each replicate, integers from 0 to 2^53 - 1; the first is the work item's own."""
    others = (derive(work_item.seed, Purpose.REPLICATE, agent=number) & MAX_SEED
              for number in range(1, work_item.replicates))
    return (work_item.seed, *others)


def _fitted(work_item: WorkItem, facts: Facts | None) -> tuple[WorkItem, Any]:
    """Complete the work item by its targets; return it with its environment.

    Raises:
        Unstageable: the core refuses the environment.
    """
    try:
        work_item = fitted_to_targets(work_item)
        return work_item, world_of(work_item, facts)
    except Refused as refused:
        expected = "an environment that agents can act in"
        raise Unstageable([
            fault(FaultCode.INCONSISTENT, ("environment",), expected, "one that is refused", str(refused))
        ]) from refused
