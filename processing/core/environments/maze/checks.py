"""Checks of a maze: the shape and cells of its map, its rewards, and whether goals can be reached."""

from collections import Counter
from collections.abc import Sequence

from processing.core.concern import Concern, ConcernKind, Part, StopRules
from processing.core.environments.maze.parameters import (
    GOAL,
    OBSTACLE,
    OPEN,
    START,
    MazeParameters,
    RewardParameters,
)
from processing.core.limits import Limits
from processing.core.number_text import counted
from processing.core.sound import Entries, entries, run_check
from processing.core.value_text import shown

ROWS, GOALS, STEPS = ("rows",), ("goals",), ("max_steps",)
#: Maximum absolute reward; beyond it, sums of many rewards would lose small ones to rounding.
MAX_REWARD = 1e9
_CELLS = f'"{OPEN}" (open), "{START}" (start), "{GOAL}" (goal) or "{OBSTACLE}" (obstacle)'
_MEANT = {"s": START, "g": GOAL, " ": OPEN, "_": OPEN, "x": OBSTACLE, "X": OBSTACLE, "█": OBSTACLE}


def map_faults(maze: MazeParameters, limits: Limits) -> list[Concern]:
    """Return all faults of the map and the rewards, in time linear in the number of cells."""
    rewards = [
        each for name in RewardParameters.model_fields for each in run_check(_reward_faults, maze, name)
    ]
    return [*run_check(_rows_faults, maze, limits), *rewards]


def goal_faults(maze: MazeParameters, number: int, steps: Sequence[int]) -> list[Concern]:
    """Return why a maze whose map has no faults cannot be solved.

    Args:
        number: of goals on the map.
        steps: at least so many steps collect one goal, two goals, and so on, of those that can be reached.
    """
    asked = number if maze.goals is None else maze.goals
    if not steps:
        expected = f'a goal "{GOAL}" that can be reached, as `stop.solved` asks for one'
        return [Concern(ROWS, expected, _unreachable(number))]
    if asked > number:
        expected = f"1 to {number}, as many as are on the map"
        return [Concern(GOALS, expected, str(asked), kind=ConcernKind.OUT_OF_RANGE)]
    if asked > len(steps):
        return [_beyond_reach(maze, number, len(steps))]
    if steps[asked - 1] > maze.max_steps:
        within = sum(each <= maze.max_steps for each in steps)
        hint = f"Or set `environment.goals` to {within} at most." if within else None
        expected = (
            f"at least {steps[asked - 1]} steps, as {counted(asked, 'goal')} cannot be reached in fewer"
        )
        return [Concern(STEPS, expected, str(maze.max_steps), hint)]
    return []


def map_warnings(number: int, steps: Sequence[int], max_steps: int) -> list[Concern]:
    """Warn of a map whose goals cannot be reached, or not within the steps of an episode.

    Args:
        number, steps: as in `goal_faults`.
        max_steps: of an episode.
    """
    if not steps:
        return [Concern(ROWS, f'a goal "{GOAL}" that can be reached', _unreachable(number))]
    warnings = []
    if len(steps) < number:
        warnings.append(Concern(ROWS, "goals that can be reached", _partly(number, len(steps))))
    if steps[0] > max_steps:
        expected = f"at least {steps[0]} steps, as many as the nearest goal is away"
        warnings.append(Concern(STEPS, expected, str(max_steps)))
    return warnings


def stop_warnings(
    asked: int | None, number: int, stop: StopRules, *, without_goals: float
) -> list[Concern]:
    """Warn of a number of goals that is not used, and of an aim that can be met without any goal.

    Args:
        asked: the number of goals in the document.
        number: of goals on the map.
        without_goals: an upper bound of the return of an episode that reaches none.
    """
    warnings = []
    if not stop.solved and asked != number:
        expected = f"{number}, all on the map, as nothing asks for goals where `stop.solved` is false"
        warnings.append(Concern(GOALS, expected, str(asked)))
    if stop.fitness is not None and stop.fitness <= without_goals:
        expected = f"more than {without_goals:g}, as so much may be had without reaching a goal"
        hint = "`stop.solved` ends a run when goals are reached" + (
            ": leave this out." if stop.solved else "."
        )
        warnings.append(Concern(("fitness",), expected, shown(stop.fitness), hint, part=Part.STOP))
    return warnings


def _unreachable(number: int) -> str:
    return f"{counted(number, 'goal')}, none of which can be reached" if number else "none"


def _partly(number: int, reachable: int) -> str:
    return f"{counted(number, 'goal')}, of which only {reachable} can be reached"


def _beyond_reach(maze: MazeParameters, number: int, reachable: int) -> Concern:
    """Return the fault that `goals`, or the map where it is omitted, requires unreachable goals."""
    if maze.goals is not None:
        return Concern(GOALS, f"at most {reachable}, as the others cannot be reached", str(maze.goals))
    expected = "goals that can be reached, as `stop.solved` asks for all of them"
    hint = f"Or set `environment.goals` to {reachable}."
    return Concern(ROWS, expected, _partly(number, reachable), hint)


def _rows_faults(maze: MazeParameters, limits: Limits) -> list[Concern]:
    rows = entries(maze, "rows")
    cells = sum(len(row) for _, row in rows)
    if cells > limits.max_cells:
        kind = ConcernKind.LIMIT_EXCEEDED
        return [Concern(ROWS, f"at most {limits.max_cells} cells", f"{cells} cells", kind=kind)]
    if cells == 0:
        return run_check(_empty_faults, maze)
    return [*_shape_faults(rows), *_cell_faults(rows), *run_check(_start_faults, maze)]


def _empty_faults(maze: MazeParameters) -> list[Concern]:
    if any(maze.rows):
        return []
    return [Concern(ROWS, "at least one cell", "an empty map", kind=ConcernKind.OUT_OF_RANGE)]


def _shape_faults(rows: Entries) -> list[Concern]:
    width = Counter(len(row) for _, row in rows).most_common(1)[0][0]
    expected = (
        f"{width} cells, as in most other rows" if len(rows) > 2 else f"{width} cells, as in the other row"
    )
    return [
        Concern((*ROWS, number), expected, f"{len(row)} cells")
        for number, row in rows if len(row) != width
    ]


def _cell_faults(rows: Entries) -> list[Concern]:
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
        found.append(Concern((*ROWS, number), _CELLS, given, hint, kind=ConcernKind.NOT_IN_CHOICES))
    return found


def _start_faults(maze: MazeParameters) -> list[Concern]:
    rows = maze.rows
    starts = sum(row.count(START) for row in rows)
    if starts == 1:
        return []
    where = [number + 1 for number, row in enumerate(rows) if START in row]
    given = (
        f"{starts}, in rows {', '.join(map(str, where[:5]))}{', …' if len(where) > 5 else ''}"
        if starts else "none"
    )
    return [Concern(ROWS, f'exactly one start "{START}"', given)]


def _reward_faults(maze: MazeParameters, name: str) -> list[Concern]:
    reward = getattr(maze.rewards, name)
    if abs(reward) <= MAX_REWARD:
        return []
    expected = f"a number within ±{MAX_REWARD:g}"
    return [Concern(("rewards", name), expected, shown(reward), kind=ConcernKind.OUT_OF_RANGE)]
