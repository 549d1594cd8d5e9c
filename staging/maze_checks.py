"""Checks of a maze: the shape and cells of its map, its rewards, and whether goals can be reached."""

from collections import Counter
from typing import Any

from formatting.faults import Fault, FaultCode, fault, shown
from formatting.sound import Entries, entries, run_check
from formatting.work_item import WorkItem
from processing.core.environments.maze.grid_world import (
    GOAL,
    OBSTACLE,
    OPEN,
    START,
    GridWorld,
    MazeParameters,
    RewardParameters,
)
from processing.core.number_text import counted
from staging.limits import Limits

ROWS, GOALS, STEPS = ("environment", "rows"), ("environment", "goals"), ("environment", "max_steps")
#: Maximum absolute reward; beyond it, sums of many rewards would lose small ones to rounding.
MAX_REWARD = 1e9
_CELLS = f'"{OPEN}" (open), "{START}" (start), "{GOAL}" (goal) or "{OBSTACLE}" (obstacle)'
_MEANT = {"s": START, "g": GOAL, " ": OPEN, "_": OPEN, "x": OBSTACLE, "X": OBSTACLE, "█": OBSTACLE}


def maze_faults(maze: MazeParameters, limits: Limits) -> list[Fault]:
    """Return all faults of the map and the rewards, in time linear in the number of cells."""
    rewards = [
        each for name in RewardParameters.model_fields for each in run_check(_reward_faults, maze, name)
    ]
    return [*run_check(_map_faults, maze, limits), *rewards]


def _map_faults(maze: MazeParameters, limits: Limits) -> list[Fault]:
    rows = entries(maze, "rows")
    cells = sum(len(row) for _, row in rows)
    if cells > limits.max_cells:
        return [fault(FaultCode.LIMIT_EXCEEDED, ROWS, f"at most {limits.max_cells} cells", f"{cells} cells")]
    if cells == 0:
        return run_check(_empty_faults, maze)
    return [*_shape_faults(rows), *_cell_faults(rows), *run_check(_start_faults, maze)]


def maze_warnings(world: GridWorld) -> list[Fault]:
    """Warn of a map whose goals cannot be reached, or not within the steps of an episode."""
    nearest, number = world.shortest_path(), len(world.goals)
    if nearest is None:
        given = f"{counted(number, 'goal')}, none of which can be reached" if number else "none"
        return [fault(FaultCode.INCONSISTENT, ROWS, f'a goal "{GOAL}" that can be reached', given)]
    warnings = []
    if (reachable := world.reachable_goals()) < number:
        given = f"{counted(number, 'goal')}, of which only {reachable} can be reached"
        warnings.append(fault(FaultCode.INCONSISTENT, ROWS, "goals that can be reached", given))
    if nearest > world.max_steps:
        expected = f"at least {nearest} steps, as many as the nearest goal is away"
        warnings.append(fault(FaultCode.INCONSISTENT, STEPS, expected, str(world.max_steps)))
    return warnings


def goal_faults(work_item: WorkItem) -> list[Fault]:
    """Return why a maze cannot be solved, where `stop.solved` is set; the map itself must have no faults."""
    maze: Any = getattr(work_item, "environment", None)
    if not isinstance(maze, MazeParameters) or not work_item.stop.solved:
        return []
    world = GridWorld(maze)
    number, steps = len(world.goals), world.steps_to_goals()
    asked = number if maze.goals is None else maze.goals
    if not steps:
        expected = f'a goal "{GOAL}" that can be reached, as `stop.solved` asks for one'
        given = f"{counted(number, 'goal')}, none of which can be reached" if number else "none"
        return [fault(FaultCode.INCONSISTENT, ROWS, expected, given)]
    if asked > number:
        return [fault(FaultCode.OUT_OF_RANGE, GOALS, f"1 to {number}, as many as are on the map", str(asked))]
    if asked > len(steps):
        return [_beyond_reach(maze, number, len(steps))]
    if steps[asked - 1] > maze.max_steps:
        within = sum(each <= maze.max_steps for each in steps)
        hint = f"Or set `environment.goals` to {within} at most." if within else None
        expected = (
            f"at least {steps[asked - 1]} steps, as {counted(asked, 'goal')} cannot be reached in fewer"
        )
        return [fault(FaultCode.INCONSISTENT, STEPS, expected, str(maze.max_steps), hint)]
    return []


def goal_warnings(work_item: WorkItem, world: Any) -> list[Fault]:
    """Warn of a number of goals that is not used, and of an aim that can be met without any goal."""
    if not isinstance(world, GridWorld) or not world.goals:
        return []
    stop, asked, number = work_item.stop, world.parameters.goals, len(world.goals)
    warnings = []
    if not stop.solved and asked != number:
        expected = f"{number}, all on the map, as nothing asks for goals where `stop.solved` is false"
        warnings.append(fault(FaultCode.INCONSISTENT, GOALS, expected, str(asked)))
    if stop.fitness is not None and stop.fitness <= (best := world.best_without_goals()):
        expected = f"more than {best:g}, as so much may be had without reaching a goal"
        hint = "`stop.solved` ends a run when goals are reached" + (
            ": leave this out." if stop.solved else "."
        )
        warnings.append(
            fault(FaultCode.INCONSISTENT, ("stop", "fitness"), expected, shown(stop.fitness), hint)
        )
    return warnings


def _beyond_reach(maze: MazeParameters, number: int, reachable: int) -> Fault:
    """Return the fault that `goals`, or the map where it is omitted, requires unreachable goals."""
    if maze.goals is not None:
        return fault(
            FaultCode.INCONSISTENT, GOALS, f"at most {reachable}, as the others cannot be reached",
            str(maze.goals)
        )
    expected = "goals that can be reached, as `stop.solved` asks for all of them"
    hint = f"Or set `environment.goals` to {reachable}."
    given = f"{counted(number, 'goal')}, of which only {reachable} can be reached"
    return fault(FaultCode.INCONSISTENT, ROWS, expected, given, hint)


def _empty_faults(maze: MazeParameters) -> list[Fault]:
    return (
        [] if any(maze.rows) else [fault(FaultCode.OUT_OF_RANGE, ROWS, "at least one cell", "an empty map")]
    )


def _shape_faults(rows: Entries) -> list[Fault]:
    width = Counter(len(row) for _, row in rows).most_common(1)[0][0]
    expected = (
        f"{width} cells, as in most other rows" if len(rows) > 2 else f"{width} cells, as in the other row"
    )
    return [
        fault(FaultCode.INCONSISTENT, (*ROWS, number), expected, f"{len(row)} cells")
        for number, row in rows if len(row) != width
    ]


def _cell_faults(rows: Entries) -> list[Fault]:
    """Return one fault for each row with unknown characters, naming the first of them."""
    found = []
    for number, row in rows:
        unknown = set(row) - {OPEN, START, GOAL, OBSTACLE}
        if not unknown:
            continue
        column = next(index for index, cell in enumerate(row) if cell in unknown)
        given = f"{shown(row[column])} in row {number + 1}, column {column + 1} (counted from 1)"
        meant = _MEANT.get(row[column])
        hint = f'Did you mean "{meant}"?' if meant else None
        found.append(fault(FaultCode.NOT_IN_CHOICES, (*ROWS, number), _CELLS, given, hint))
    return found


def _start_faults(maze: MazeParameters) -> list[Fault]:
    rows = maze.rows
    starts = sum(row.count(START) for row in rows)
    if starts == 1:
        return []
    where = [number + 1 for number, row in enumerate(rows) if START in row]
    given = (
        f"{starts}, in rows {', '.join(map(str, where[:5]))}{', …' if len(where) > 5 else ''}"
        if starts else "none"
    )
    return [fault(FaultCode.INCONSISTENT, ROWS, f'exactly one start "{START}"', given)]


def _reward_faults(maze: MazeParameters, name: str) -> list[Fault]:
    reward = getattr(maze.rewards, name)
    if abs(reward) <= MAX_REWARD:
        return []
    expected = f"a number within ±{MAX_REWARD:g}"
    return [fault(FaultCode.OUT_OF_RANGE, ("environment", "rewards", name), expected, shown(reward))]
