"""Checks across the parts of a work item: faults, which prevent a run, and warnings.

The classes of problems, genome kinds, judges and strategies bring the checks of their parts. Those that
concern no single part are here.
"""

import math
from collections.abc import Callable
from dataclasses import replace

from formatting.concerns import faults_from
from formatting.faults import Fault, FaultCode, Path, fault, shown
from formatting.work_item import WorkItem
from processing.core.concern import Concern, Part, beyond_best
from processing.core.judges.judge import Judge
from processing.core.limits import Limits
from processing.core.search.plan import Plan
from processing.core.search.slice_payload import MOST_SLICES, least_size
from processing.core.sound import run_check, run_checks
from staging.asked import AskedWorkItem
from staging.estimate import CostEstimate
from staging.workload import Workload

#: After so long another run has its turn of a worker, except that no agent is cut.
TURN_SECONDS = 10.0


def faults_of(asked: AskedWorkItem) -> list[Fault]:
    """Return all faults that can be found in the fields alone; without them the workload can be computed.

    Of a partly sound work item (`processing.core.sound`), only the sound parts are checked.
    """
    checks = (_problem_faults, _genome_faults, _cap_faults, _strategy_faults, _settings_faults)
    return run_checks(checks, asked)


def size_faults(asked: AskedWorkItem, plan: Plan, work: Workload, cost: CostEstimate) -> list[Fault]:
    """Return faults of totals that exceed a limit, although no field does by itself."""
    runs, limits, genome_key = asked.work_item.replicates, asked.limits, asked.kind.genome_key
    times = "population_size * max_generations * replicates"
    sizes: tuple[tuple[Path, str, int, int], ...] = (
        ((genome_key,), "weights in a genome", work.weights, limits.max_weights),
        ((), f"evaluations ({times})", work.evaluations * runs, limits.max_evaluations),
        ((), f"{work.agent.unit} ({times} * {work.agent.factors})", work.steps * runs,
         limits.max_environment_steps),
        ((), "multiply-adds of a training (those of the largest network * training images * epochs)",
         work.agent.multiply_adds, limits.max_multiply_adds),
        ((), "bytes of memory for a generation", cost.memory_bytes, limits.max_memory_bytes),
        ((), "bytes of metrics and curves in a generation", work.population * work.agent.stored_bytes,
         limits.max_measurement_bytes),
        ((), "bytes of storage", cost.storage_bytes * runs, limits.max_storage_bytes),
    )
    return [
        *faults_from(plan.strategy.size_faults(), asked.kind, Part.STRATEGY),
        *(_too_much(path, unit, size, limit) for path, unit, size, limit in sizes if size > limit),
    ]


def warnings_of(asked: AskedWorkItem, plan: Plan) -> list[Fault]:
    """Return what can be run, but was probably not intended."""
    best = plan.problem.best_possible()
    strategy = plan.strategy.warnings(asked, plan.problem, best_score=plan.judge.best_score(best))
    judge = plan.judge.warnings(asked, has_threshold=plan.strategy.has_threshold)
    stop = [*beyond_best("fitness", plan.stop.fitness, best), *_solved_warnings(asked, plan)]
    found: tuple[tuple[list[Concern], Part], ...] = (
        (plan.problem.warnings(asked, plan.genome), Part.PROBLEM),
        (plan.genome.warnings(asked), Part.GENOME), (strategy, Part.STRATEGY),
        (stop, Part.STOP), (judge, Part.WHOLE),
    )
    return [each for concerns, part in found for each in faults_from(concerns, asked.kind, part)]


def turn_warnings(work: Workload) -> list[Fault]:
    """Warn of agents that take longer than half a worker's turn, even by the low estimate; none is cut."""
    seconds = math.ceil(work.agent.seconds_low)
    if seconds <= TURN_SECONDS / 2:
        return []
    found = f"One agent is estimated to take about {seconds:,} s"
    turn = f"a worker's usual turn of {TURN_SECONDS:g} s"
    message = (
        f"{found}, longer than {turn}; other runs wait for it meanwhile, and agents begun beside it may be "
        "evaluated again." if seconds > TURN_SECONDS else
        f"{found} of {turn}; agents that do not end within the turn in which they are begun are evaluated "
        "again. Longer turns (SHIFT_SECONDS) lose less."
    )
    expected, given = f"at most {TURN_SECONDS / 2:g} s for one agent", f"about {seconds:,} s"
    return [Fault(FaultCode.INCONSISTENT, (), message, expected, given)]


def slice_warnings(work_item: WorkItem, work: Workload) -> list[Fault]:
    """Warn of slices that are smaller than those that are used."""
    asked, least = work_item.execution.slice_size, least_size(work.population)
    if asked is None or asked >= least:
        return []
    expected = (
        f"at least {least:,}, as the {work.population:,} agents of a generation have at most {MOST_SLICES:,} "
        "slices"
    )
    warning = fault(FaultCode.OUT_OF_RANGE, ("execution", "slice_size"), expected, str(asked))
    used = f"slices of {least:,} agents are used, each of which costs some milliseconds besides"
    return [replace(warning, message=f"{warning.message}; {used}")]


def _problem_faults(asked: AskedWorkItem) -> list[Fault]:
    found = asked.problem_class.faults(asked.problem, asked)
    return faults_from(found, asked.kind, Part.PROBLEM)


def _genome_faults(asked: AskedWorkItem) -> list[Fault]:
    found = asked.kind.genome_kind.faults(asked.genome, asked)
    return faults_from(found, asked.kind, Part.GENOME)


def _strategy_faults(asked: AskedWorkItem) -> list[Fault]:
    found = asked.strategy_class.faults(asked.strategy, asked)
    return faults_from(found, asked.kind, Part.STRATEGY)


def _settings_faults(asked: AskedWorkItem) -> list[Fault]:
    # judges may share settings, and their faults
    found = [each for judge in asked.kind.known_judges for each in run_check(_judge_faults, judge, asked)]
    return [each for place, each in enumerate(found) if each not in found[:place]]


def _judge_faults(judge: type[Judge], asked: AskedWorkItem) -> list[Fault]:
    settings = {key: asked.settings(key) for key in judge.settings}
    found = judge.faults(settings, asked.problem_class, asked)
    return faults_from(found, asked.kind, Part.WHOLE)


def _cap_faults(asked: AskedWorkItem) -> list[Fault]:
    return [each for cap in _CAPS for each in run_check(_cap_fault, asked, *cap)]


def _cap_fault(
    asked: AskedWorkItem, path: Path, unit: str, size_of: Callable[[AskedWorkItem], int],
    limit_of: Callable[[Limits], int],
) -> list[Fault]:
    size, limit = size_of(asked), limit_of(asked.limits)
    return [_too_much(path, unit, size, limit)] if size > limit else []


#: Fields with a limit of the server: path, unit, and functions that return the size and the limit.
_CAPS: tuple[tuple[Path, str, Callable[[AskedWorkItem], int], Callable[[Limits], int]], ...] = (
    (("replicates",), "runs", lambda it: it.work_item.replicates, lambda it: it.max_replicates),
    (("stop", "max_generations"), "generations", lambda it: it.stop.max_generations,
     lambda it: it.max_generations),
    (("strategy", "population_size"), "agents", lambda it: it.population_size,
     lambda it: it.max_population),
)


def _solved_warnings(asked: AskedWorkItem, plan: Plan) -> list[Concern]:
    """Warn of a run that is to end when its task is solved, where the task cannot be solved."""
    criterion, best = plan.problem.criterion, plan.problem.best_possible()
    if not plan.stop.solved:
        return []
    if criterion is None:
        return [Concern(("solved",), f"false, as {plan.problem.why_unsolvable()}", "true")]
    if criterion.threshold is None or best is None or criterion.threshold <= best:
        return []
    expected = (
        f"false, as this {asked.kind.problem_key} is solved by a {plan.problem.score_noun} of "
        f"{criterion.threshold:g}, and at most {best:g} is possible"
    )
    return [Concern(("solved",), expected, "true")]


def _too_much(path: Path, unit: str, size: int, limit: int) -> Fault:
    return fault(FaultCode.LIMIT_EXCEEDED, path, f"at most {limit} {unit}", shown(size))
