"""Checks across the fields of a work item: faults, which prevent a run, and warnings."""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

from formatting.faults import Fault, FaultCode, Path, fault, shown
from formatting.sound import run_check
from formatting.work_item import WorkItem
from staging.estimate import CostEstimate
from staging.gymnasium_checks import gymnasium_warnings
from staging.limits import Limits
from staging.maze_checks import goal_faults, goal_warnings, maze_faults, maze_warnings
from staging.preset_checks import preset_warnings
from staging.solved_checks import solved_warnings
from staging.strategy_checks import (
    mixture_warnings,
    novelty_faults,
    strategy_faults,
    strategy_warnings,
    weights_faults,
)
from staging.table_checks import table_faults, table_warnings
from staging.workload import Workload

#: Checks of an environment beyond those of its own model, by type.
ENVIRONMENT_FAULTS: Mapping[str, Callable[[Any, Limits], list[Fault]]] = {
    "maze": maze_faults, "table": table_faults
}
ENVIRONMENT_WARNINGS: Mapping[str, Callable[[Any], list[Fault]]] = {
    "maze": maze_warnings, "gymnasium": gymnasium_warnings
}


def faults_of(work_item: WorkItem, limits: Limits) -> list[Fault]:
    """Return all faults that can be found in the fields alone; without them the workload can be computed.

    Of a partly sound work item (`formatting.sound`), only the sound parts are checked.
    """
    checks = (_environment_faults, _goal_faults, _cap_faults, _strategy_faults, _novelty_faults)
    return [each for check in checks for each in run_check(check, work_item, limits)]


def _environment_faults(work_item: WorkItem, limits: Limits) -> list[Fault]:
    environment = _group(work_item, "environment")
    check = ENVIRONMENT_FAULTS.get(environment.type)
    return check(environment, limits) if check else []


def _goal_faults(work_item: WorkItem, limits: Limits) -> list[Fault]:
    return [] if _environment_faults(work_item, limits) else goal_faults(work_item)


def _strategy_faults(work_item: WorkItem, limits: Limits) -> list[Fault]:
    return strategy_faults(_group(work_item, "strategy"))


def _novelty_faults(work_item: WorkItem, limits: Limits) -> list[Fault]:
    population = _group(work_item, "strategy").population_size
    return novelty_faults(
        getattr(work_item, "novelty", None), _group(work_item, "environment").type, population
    )


def size_faults(work_item: WorkItem, work: Workload, cost: CostEstimate, limits: Limits) -> list[Fault]:
    """Return faults of totals that exceed a limit, although no field does by itself."""
    runs = work_item.replicates
    times = "population_size * max_generations * replicates"
    sizes = (
        (("network",), "weights in a genome", work.weights, limits.max_weights),
        ((), f"evaluations ({times})", work.evaluations * runs, limits.max_evaluations),
        ((), f"environment steps ({times} * episodes * max_steps)", work.environment_steps * runs,
         limits.max_environment_steps),
        ((), "bytes of memory for a generation", cost.memory_bytes, limits.max_memory_bytes),
        ((), "bytes of storage", cost.storage_bytes * runs, limits.max_storage_bytes),
    )
    return [
        *weights_faults(_group(work_item, "strategy"), work.weights),
        *(_too_much(path, unit, size, limit) for path, unit, size, limit in sizes if size > limit),
    ]


def warnings_of(work_item: WorkItem, world: Any) -> list[Fault]:
    """Return what can be run, but was probably not intended."""
    environment, strategy = _group(work_item, "environment"), _group(work_item, "strategy")
    check = ENVIRONMENT_WARNINGS.get(environment.type)
    return [
        *(check(world) if check else ()), *goal_warnings(work_item, world), *strategy_warnings(strategy),
        *preset_warnings(work_item),
        *_fitness_warnings(work_item, world), *_episode_warnings(work_item, world),
        *_output_warnings(work_item, world), *solved_warnings(work_item, world), *table_warnings(work_item),
        *mixture_warnings(getattr(work_item, "novelty", None), strategy),
    ]


def _cap_faults(work_item: WorkItem, limits: Limits) -> list[Fault]:
    caps: tuple[tuple[Path, str, int], ...] = (
        (("replicates",), "runs", limits.max_replicates),
        (("stop", "max_generations"), "generations", limits.max_generations),
        (("strategy", "population_size"), "agents", limits.max_population),
    )
    return [each for cap in caps for each in run_check(_cap_fault, work_item, *cap)]


def _cap_fault(work_item: WorkItem, path: Path, unit: str, limit: int) -> list[Fault]:
    size = reduce(getattr, map(str, path), work_item)
    return [_too_much(path, unit, size, limit)] if size > limit else []  # type: ignore[operator, arg-type]


def _fitness_warnings(work_item: WorkItem, world: Any) -> list[Fault]:
    """Warn of aims above the best possible fitness of the environment."""
    best = world.best_possible()
    threshold = getattr(_group(work_item, "strategy"), "initial_threshold", None)
    is_of_fitness = getattr(work_item, "novelty", None) is None
    aims = (
        (("stop", "fitness"), work_item.stop.fitness),
        (("strategy", "initial_threshold"), threshold if is_of_fitness else None),
    )
    return [
        fault(FaultCode.INCONSISTENT, path, f"at most {best:g}, the best possible fitness", shown(aim))
        for path, aim in aims if best is not None and aim is not None and aim > best + 1e-9 * abs(best)
    ]


def _episode_warnings(work_item: WorkItem, world: Any) -> list[Fault]:
    sampled = _group(work_item, "network").output == "softmax"
    if world.episodes == 1 or world.is_random or sampled:
        return []
    expected = "1, as every episode is the same where neither the environment nor the actions are random"
    return [fault(FaultCode.INCONSISTENT, ("environment", "episodes"), expected, str(world.episodes))]


def _output_warnings(work_item: WorkItem, world: Any) -> list[Fault]:
    """Warn of an output that selects actions where the environment takes numbers."""
    if _group(work_item, "network").output != "softmax" or getattr(world, "actions", "choice") == "choice":
        return []
    expected = '"argmax", as this environment takes numbers, and nothing is drawn'
    return [fault(FaultCode.INCONSISTENT, ("network", "output"), expected, shown("softmax"))]


def _too_much(path: Path, unit: str, size: int, limit: int) -> Fault:
    return fault(FaultCode.LIMIT_EXCEEDED, path, f"at most {limit} {unit}", shown(size))


def _group(work_item: WorkItem, name: str) -> Any:
    """Return a group of parameters that only some kinds have."""
    return getattr(work_item, name)
