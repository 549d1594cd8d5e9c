"""Defaults that follow from the rest of the document: where a key was left out and its usual default cannot be, another one is.

What a document gives stays as it is, and so does every default that can be: nothing changes for what could be run without this.
"""

from typing import Any

from formatting.sound import told
from formatting.work_item import WorkItem
from processing.core.environments.grid_world import GOAL, MazeParameters
from staging.strategy_checks import AT_MOST_POPULATION, MOST_FULL_WEIGHTS, exceeding


def fitted_to_population(work_item: WorkItem) -> WorkItem:
    """Counts of agents that were left out, where their defaults are more than there are: half of the population."""
    strategy: Any = getattr(work_item, "strategy", None)
    exceeded = [each for name in AT_MOST_POPULATION for each in told(exceeding, strategy, (name,))]
    omitted = [name for name in exceeded if name not in strategy.model_fields_set]
    return _with(work_item, dict.fromkeys(omitted, strategy.population_size // 2) if omitted else {})


def fitted_to_weights(work_item: WorkItem, weights: int) -> WorkItem:
    """Each weight by itself, where nothing is said of that and there are too many to learn how they vary together."""
    strategy: Any = getattr(work_item, "strategy", None)
    is_omitted = hasattr(strategy, "variant") and "variant" not in strategy.model_fields_set
    if not is_omitted or weights <= MOST_FULL_WEIGHTS:
        return work_item
    return _with(work_item, {"variant": type(strategy.variant)("separable")})


def fitted_to_map(work_item: WorkItem) -> WorkItem:
    """The number of goals that an agent must reach, where it was left out: all on the map.

    It is written where there are goals, as a stored document without it has no criterion.
    """
    maze = getattr(work_item, "environment", None)
    if not isinstance(maze, MazeParameters) or maze.goals is not None:
        return work_item
    goals = sum(row.count(GOAL) for row in maze.rows)
    return work_item.model_copy(update={"environment": maze.model_copy(update={"goals": goals})}) if goals else work_item


def _with(work_item: WorkItem, values: dict[str, Any]) -> WorkItem:
    """The work item with these values in its strategy."""
    if not values:
        return work_item
    strategy: Any = getattr(work_item, "strategy", None)
    return work_item.model_copy(update={"strategy": strategy.model_copy(update=values)})
