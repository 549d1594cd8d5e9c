"""Defaults that depend on the rest of the document, for keys that were left out.

Given values are never changed. A default is replaced only where it cannot be used, so documents that could be
run without this module are unchanged.
"""

from typing import Any

from formatting.sound import run_check
from formatting.work_item import WorkItem
from processing.core.environments.maze.grid_world import GOAL, MazeParameters
from processing.core.environments.table import TOLERANCE, Table, TableParameters
from processing.core.environments.table_columns import columns_of, is_one_hot, is_within, range_of
from processing.core.genomes import GENOMES
from processing.core.search.kinds import KINDS
from staging.strategy_checks import AT_MOST_POPULATION, MOST_FULL_WEIGHTS, exceeding
from staging.table_checks import has_tolerance


def fitted_to_population(work_item: WorkItem) -> WorkItem:
    """Set omitted counts of agents whose default exceeds the population to half of the population."""
    strategy: Any = getattr(work_item, "strategy", None)
    exceeded = [each for name in AT_MOST_POPULATION for each in run_check(exceeding, strategy, (name,))]
    omitted = [name for name in exceeded if name not in strategy.model_fields_set]
    return _with(work_item, dict.fromkeys(omitted, strategy.population_size // 2) if omitted else {})


def fitted_to_weights(work_item: WorkItem, weights: int) -> WorkItem:
    """Set an omitted `variant` to separable where there are too many weights for a full covariance matrix."""
    strategy: Any = getattr(work_item, "strategy", None)
    is_omitted = hasattr(strategy, "variant") and "variant" not in strategy.model_fields_set
    if not is_omitted or weights <= MOST_FULL_WEIGHTS:
        return work_item
    return _with(work_item, {"variant": type(strategy.variant)("separable")})


def fitted_to_map(work_item: WorkItem) -> WorkItem:
    """Set an omitted number of goals of a maze to all goals on the map.

    It is written into the document where there are goals, as a stored document without it has no criterion.
    """
    maze = getattr(work_item, "environment", None)
    if not isinstance(maze, MazeParameters) or maze.goals is not None:
        return work_item
    goals = sum(row.count(GOAL) for row in maze.rows)
    return (
        work_item.model_copy(update={"environment": maze.model_copy(update={"goals": goals})})
        if goals else work_item
    )


def fitted_to_targets(work_item: WorkItem) -> WorkItem:
    """Set omitted keys for the scoring of a table by its targets and the output range.

    Documents that were stored before these keys existed are not staged again, so they keep the earlier rules.
    """
    table = getattr(work_item, "environment", None)
    if not isinstance(table, TableParameters):
        return work_item
    targets = Table(table).targets
    columns = columns_of(targets)
    criterion = table.criterion or ("largest_output" if is_one_hot(targets) else "by_column")
    values: dict[str, Any] = {
        "fitness": table.fitness or "negative_normalized_squared_error", "criterion": criterion,
        "tolerance": table.tolerance or (TOLERANCE if has_tolerance(criterion, columns) else None),
    }
    is_compared = criterion == "largest_output" or table.fitness == "accuracy"
    is_output = is_compared or is_within(columns, output_range(work_item))
    values["scaling"] = table.scaling or ("none" if is_output else "by_column")
    return work_item.model_copy(update={"environment": table.model_copy(update=values)})


def output_range(work_item: Any) -> tuple[float, float]:
    """Return the range of the outputs of a table's networks, (0, 1) or (-1, 1)."""
    table = Table(work_item.environment)
    genome_kind = GENOMES[KINDS[work_item.kind].genome]
    kind = genome_kind(work_item.network, inputs=table.inputs, outputs=table.outputs)
    return range_of(kind, table.squashing(kind))


def _with(work_item: WorkItem, values: dict[str, Any]) -> WorkItem:
    """Return the work item with these values in its strategy."""
    if not values:
        return work_item
    strategy: Any = getattr(work_item, "strategy", None)
    return work_item.model_copy(update={"strategy": strategy.model_copy(update=values)})
