"""Stage a work item, or report all of its faults at once."""

from contextlib import suppress
from typing import Any

from formatting.canonical import canonical, spec_hash
from formatting.concerns import faults_from
from formatting.faults import Fault, FaultCode, Faulty, fault
from formatting.work_item import MAX_SEED, RecordScope, WorkItem
from processing.core.concern import Part
from processing.core.environments.foreign.checks import Snapshot
from processing.core.errors import Refused
from processing.core.limits import Limits
from processing.core.problem import Facts, Found, Problem, ServerLookup
from processing.core.rng import derive
from processing.core.search.plan import Plan
from processing.core.sound import Unsound, run_check
from processing.core.types import GenomeKind, Purpose
from processing.core.value_text import with_article
from staging.asked import AskedWorkItem
from staging.checks import faults_of, size_faults, slice_warnings, turn_warnings, warnings_of
from staging.estimate import estimate, resolved_record, resolved_slice_size
from staging.fitting import (
    completed,
    fitted_genome,
    fitted_problem,
    fitted_strategy,
    fitted_to_genome,
    genome_of,
)
from staging.staged_item import StagedItem
from staging.workload import workload_of


class Unstageable(Faulty):
    """The work item is well formed, but cannot be run here."""


def stage(
    work_item: WorkItem, limits: Limits, *, workers: int = 1, known: ServerLookup | None = None
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
    asked = fitted_strategy(AskedWorkItem(work_item, limits))
    found = asked.problem_class.look_up(asked.problem, known)
    unknown = faults_from(found.faults, asked.kind, Part.PROBLEM)
    if faults := [*unknown, *faults_of(asked)]:
        raise Unstageable(faults)
    asked, plan = _planned(completed(asked, known, found.facts), found.facts)
    work = workload_of(plan)
    cost = estimate(asked.work_item, work, workers=workers)
    if faults := size_faults(asked, plan, work, cost):
        raise Unstageable(faults)
    return StagedItem(
        spec=canonical(asked.work_item), spec_hash=spec_hash(asked.work_item), kind=work_item.kind,
        seeds=seeds_of(work_item), record=resolved_record(work_item, work), estimate=cost,
        warnings=(
            *faults_from(found.warnings, asked.kind, Part.PROBLEM), *warnings_of(asked, plan),
            *turn_warnings(work), *slice_warnings(asked.work_item, work),
        ),
        slice_size=resolved_slice_size(work_item, work),
        facts=None if found.facts is None else dict(found.facts),
    )


def further_faults(sound: Any, limits: Limits, *, known: ServerLookup | None = None) -> list[Fault]:
    """Return the faults of the sound part, a `processing.core.sound.Sound`, of a malformed work item."""
    asked = AskedWorkItem(sound, limits)
    with suppress(Unsound):  # without the population, counts of agents are not checked
        asked = fitted_strategy(asked)
    return [*run_check(_unknown_problem, asked, known or Snapshot()), *faults_of(asked)]


def extension_faults(work_item: WorkItem, plan: Plan, limits: Limits, *, record: str) -> list[Fault]:
    """Return why a work item would not have been accepted with the stop rules that a run of it is to get.

    Args:
        work_item: with these rules.
        plan: of the run, with these rules.
        limits: what this server allows.
        record: which agents the run stores as rows, "all" or "champions".
    """
    asked = AskedWorkItem(work_item, limits)
    if faults := faults_of(asked):
        return faults
    work, policy = workload_of(plan), work_item.record.model_copy(update={"agents": RecordScope(record)})
    cost = estimate(work_item.model_copy(update={"record": policy}), work)
    return size_faults(asked, plan, work, cost)


def seeds_of(work_item: WorkItem) -> tuple[int, ...]:
    """Return one seed for each replicate, integers from 0 to 2^53 - 1; the first is the work item's own."""
    others = (derive(work_item.seed, Purpose.REPLICATE, agent=number) & MAX_SEED
              for number in range(1, work_item.replicates))
    return (work_item.seed, *others)


def _unknown_problem(asked: AskedWorkItem, known: ServerLookup) -> list[Fault]:
    found: Found = asked.problem_class.look_up(asked.problem, known)
    return faults_from(found.faults, asked.kind, Part.PROBLEM)


def _planned(asked: AskedWorkItem, facts: Facts | None) -> tuple[AskedWorkItem, Plan]:
    """Fill in the defaults that depend on other parts; return the work item with its plan.

    Raises:
        Unstageable: the core refuses the problem, or the networks in it.
    """
    asked, problem = _problem(asked, facts)
    asked, genome = _genome(asked, problem)
    asked = fitted_to_genome(asked, genome)
    return asked, Plan(
        problem=problem, genome=genome, judge=asked.kind.judge_of(problem, genome, asked.all_settings),
        strategy=asked.strategy_class.of(asked.strategy, genome), stop=asked.stop,
    )


def _problem(asked: AskedWorkItem, facts: Facts | None) -> tuple[AskedWorkItem, Problem]:
    """Complete the problem, and return it; raises Unstageable where the core refuses it."""
    key = asked.kind.problem_key
    try:
        asked = fitted_problem(asked)
        return asked, asked.problem_class.of(asked.problem, facts)
    except Refused as refused:
        raise _refusal(key, f"{with_article(key)} that can be used", refused) from refused


def _genome(asked: AskedWorkItem, problem: Problem) -> tuple[AskedWorkItem, GenomeKind]:
    """Complete the genome kind's parameters, and return it; raises Unstageable where the core refuses it."""
    key = asked.kind.genome_key
    try:
        asked = fitted_genome(asked, problem)
        return asked, genome_of(asked, problem)
    except Refused as refused:
        raise _refusal(key, f"{with_article(key)} for this {asked.kind.problem_key}", refused) from refused


def _refusal(key: str, expected: str, refused: Refused) -> Unstageable:
    return Unstageable([
        fault(FaultCode.INCONSISTENT, (key,), expected, "one that is refused", str(refused))
    ])
