"""A grid world of open cells, obstacles and goals, observed along eight lines of sight.

Observation: 24 float32, three for each of 8 directions clockwise from up: 0.1 x open cells before the first
object; 1 / distance if that object is an obstacle or the edge, else 0; 1 / distance if it is a goal, else 0;
distance = open cells in between + 1. Action: 0 to 8, row by row over the 3 x 3 neighbourhood, 4 = stay;
diagonal moves pass between obstacles. Reward: `RewardParameters`; 0 for a move onto an obstacle or off the
map. Terminates: on leaving the map or entering an obstacle (the agent stays where it was), and on collecting
the last goal. Truncates: after `max_steps`. A collected goal is an open cell afterwards, also for lines of
sight. The start counts as visited.

Solved: an agent collects `goals` goals in each of its episodes (`criterion.GoalsReached`). A stored document
without that number is from before mazes had a criterion, and has none. Reaching the criterion does not end an
episode.
"""

from collections import deque
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from processing.core.concern import Asked, Concern
from processing.core.criterion import GoalsReached
from processing.core.environments.acting_checks import acting_warnings
from processing.core.environments.maze.checks import goal_faults, map_faults, map_warnings, stop_warnings
from processing.core.environments.maze.parameters import GOAL, OBSTACLE, OPEN, START
from processing.core.environments.maze.parameters import MazeParameters as MazeParameters
from processing.core.environments.maze.parameters import RewardParameters as RewardParameters
from processing.core.environments.maze.sight import views
from processing.core.environments.maze.walk import (
    BLOCKED,
    ENDS,
    FREE,
    INPUTS,
    INTEGER_ROWS,
    POSITION,
    PRIZE,
    World,
    fill_end,
    fill_observation,
    fill_start,
    fill_step,
)
from processing.core.errors import Refused
from processing.core.kernels.lanes import LANES
from processing.core.number_text import counted
from processing.core.problem import CompiledEnvironment, Facts, Map, Problem, Values, View
from processing.core.rollouts.actions import fill_choice
from processing.core.rollouts.network_kind import NetworkKind
from processing.core.sound import run_check
from processing.core.types import BoolArray, Float32Array, Int32Array

OUTPUTS = 9
SIGHT_ARROWS = "↑↗→↘↓↙←↖"
MOVE_LABELS = ("↖", "↑", "↗", "←", "stay", "→", "↙", "↓", "↘")

#: Largest precomputed table of observations. Building takes about 10 ms for each 4 MiB; larger tables do not
#: fit the caches, so that following the lines of sight is as fast.
TABLE_BYTES = 16 * 2**20


class GridWorld(CompiledEnvironment[MazeParameters]):
    """The grid world of one map.

    Raises:
        Refused: rows of unequal length, unknown characters, or not exactly one start.
    """

    Parameters = MazeParameters
    view = View.MAP
    inputs, outputs = fixed_sizes = INPUTS, OUTPUTS
    floats = 0
    is_random = has_common_episodes = False
    actions = "choice"
    behaviours = 2  # row and column of the last cell
    ends = ENDS  # numbers that `fill_end` writes for an episode
    judge = "episodes"
    plain_seconds = (2.3e-4, 1.2e-6)  # seconds in plain Python for each step, and in addition for each weight
    scene = None  # pages draw the map

    def __init__(self, parameters: MazeParameters) -> None:
        self.parameters = parameters
        self.max_steps, self.episodes = parameters.max_steps, parameters.episodes
        self.rows = _checked(parameters.rows)
        self.height, self.width = len(self.rows), len(self.rows[0])
        self.number_of_cells = self.height * self.width
        self.start = self._places(START)[0]
        self.goals = self._places(GOAL)

    @classmethod
    def of(cls, parameters: MazeParameters, facts: Facts | None) -> "GridWorld":
        """Return the grid world; nothing is looked up."""
        return GridWorld(parameters)

    @property
    def criterion(self) -> GoalsReached | None:
        """So many goals are collected; None where the document has no number of goals."""
        return None if self.parameters.goals is None else GoalsReached(self.parameters.goals)

    @classmethod
    def label(cls, values: Values) -> str:
        """Return the size of the map and the number of its goals, in words."""
        rows = values["rows"]
        goals = sum(row.count(GOAL) for row in rows)
        return f"{len(rows)} × {len(rows[0])} cells, {counted(goals, 'goal')}"

    @classmethod
    def solved_when(cls, values: Values) -> str | None:
        """Return the number of goals, in words; None in documents without one."""
        goals = values.get("goals")
        return f"by {counted(goals, 'goal', separator=',')}" if goals else None

    @classmethod
    def map_of(cls, values: Values) -> Sequence[str]:
        """Return the rows of the map."""
        rows: Sequence[str] = values["rows"]
        return rows

    @property
    def map(self) -> Map:
        """The map, with the shortest path to a goal."""
        return Map(self.rows, self.start, self.shortest_path())

    @classmethod
    def fitted(cls, parameters: MazeParameters, genome: Callable[[Problem], NetworkKind]) -> MazeParameters:
        """Return the parameters with all goals on the map as their omitted number.

        It is written into the document where there are goals, as a stored document without it has no
        criterion.
        """
        goals = sum(row.count(GOAL) for row in parameters.rows)
        if parameters.goals is not None or not goals:
            return parameters
        return parameters.model_copy(update={"goals": goals})

    @classmethod
    def faults(cls, parameters: MazeParameters, asked: Asked) -> list[Concern]:
        """Return the faults of the map and the rewards; without any, why the maze cannot be solved."""
        return map_faults(parameters, asked.limits) or run_check(cls._goal_faults, parameters, asked)

    @classmethod
    def _goal_faults(cls, parameters: MazeParameters, asked: Asked) -> list[Concern]:
        if not asked.stop.solved:
            return []
        world = cls(parameters)
        return goal_faults(parameters, len(world.goals), world.steps_to_goals())

    def warnings(self, asked: Asked, genome: NetworkKind) -> list[Concern]:
        """Warn of goals that cannot be reached, and of an aim that can be met without any goal."""
        return [
            *map_warnings(len(self.goals), self.steps_to_goals(), self.max_steps),
            *(self._stop_warnings(asked) if self.goals else ()), *acting_warnings(self, genome),
        ]

    def _stop_warnings(self, asked: Asked) -> list[Concern]:
        return stop_warnings(
            self.parameters.goals, len(self.goals), asked.stop, without_goals=self.best_without_goals()
        )

    def distances(self, *, without: str = OBSTACLE) -> dict[tuple[int, int], int]:
        """Return the length of the shortest path from the start to each reachable cell.

        Args:
            without: kinds of cells that paths avoid, as characters of the map.
        Returns:
            Steps by (row, column); cells that cannot be reached are absent.
        """
        found, border = {self.start: 0}, deque([self.start])
        while border:
            row, column = border.popleft()
            for below in (row - 1, row, row + 1):
                for beside in (column - 1, column, column + 1):
                    inside = 0 <= below < self.height and 0 <= beside < self.width
                    if inside and (below, beside) not in found and self.rows[below][beside] not in without:
                        found[below, beside] = found[row, column] + 1
                        border.append((below, beside))
        return found

    def reachable_goals(self) -> int:
        """Return how many goals can be reached in any number of steps."""
        found = self.distances()
        return sum(goal in found for goal in self.goals)

    def shortest_path(self) -> int | None:
        """Return the steps from the start to the nearest goal; None where no goal can be reached."""
        found = self.distances()
        return min((found[goal] for goal in self.goals if goal in found), default=None)

    def steps_to_goals(self) -> list[int]:
        """Return lower bounds of the steps to collect one goal, two goals, and so on, of the reachable ones.

        The bound counts the distances of the nearest goals and one step from each goal to the next.
        """
        found, steps = self.distances(), list[int]()
        for distance in sorted(found[goal] for goal in self.goals if goal in found):
            steps.append(max(distance, steps[-1] + 1) if steps else distance)
        return steps

    def best_possible(self) -> float:
        """Return an upper bound of the return of one episode.

        It is the sum of the best `max_steps` rewards among one for each goal and each open cell within
        `max_steps` steps, and any number of revisits. The bound is not always attained, as a path between
        cells costs steps.
        """
        near = [cell for cell, steps in self.distances().items() if 0 < steps <= self.max_steps]
        goals = len(set(self.goals).intersection(near))
        return self._best(goals=goals, cells=len(near) - goals)

    def best_without_goals(self) -> float:
        """Return an upper bound of the return of one episode that reaches no goal."""
        near = self.distances(without=OBSTACLE + GOAL).values()
        return self._best(goals=0, cells=sum(0 < steps <= self.max_steps for steps in near))

    def _best(self, *, goals: int, cells: int) -> float:
        """Return the best sum of `max_steps` rewards: goals and open cells, once each, and revisits."""
        rewards = self.parameters.rewards
        total, steps = 0.0, self.max_steps
        offers = [(rewards.goal, goals), (rewards.open, cells), (rewards.revisit, steps)]
        for reward, count in sorted(offers, reverse=True):
            taken = min(count, steps) if reward > 0 else 0
            total, steps = total + reward * taken, steps - taken
        return total

    @staticmethod
    def input_labels() -> tuple[str, ...]:
        """Return the name of each input for display: the direction, and what is measured along it."""
        return tuple(f"{arrow} {what}" for arrow in SIGHT_ARROWS for what in ("space", "wall", "goal"))

    @staticmethod
    def output_labels() -> tuple[str, ...]:
        """Return the name of each action for display."""
        return MOVE_LABELS

    @cached_property
    def world(self) -> World:
        """The arrays that kernels read."""
        across = self.width + 2
        cells = np.full((self.height + 2, across), BLOCKED, np.int8)
        kinds = {OPEN: FREE, START: FREE, GOAL: PRIZE, OBSTACLE: BLOCKED}
        cells[1:-1, 1:-1] = [[kinds[cell] for cell in row] for row in self.rows]
        goal_of = np.full(cells.size, -1, np.int32)
        for number, (row, column) in enumerate(self.goals):
            goal_of[(row + 1) * across + column + 1] = number
        table = np.zeros(0, np.float32)
        if len(self.goals) < 32 and cells.size * INPUTS * 4 << len(self.goals) <= TABLE_BYTES:
            table = views(cells == BLOCKED, goal_of.reshape(cells.shape), len(self.goals)).ravel()
        rewards = self.parameters.rewards
        return World(
            cells=cells.ravel(), goal_of=goal_of, views=table,
            moves=np.array([row * across + column for row in (-1, 0, 1) for column in (-1, 0, 1)], np.int32),
            sights=np.array(
                [-across, 1 - across, 1, across + 1, across, across - 1, -1, -across - 1], np.int32
            ),
            rewards=np.array([rewards.open, rewards.goal, rewards.revisit], np.float64),
            start=(self.start[0] + 1) * across + self.start[1] + 1, goals=len(self.goals),
            words=-(-cells.size // 64),
        )

    @property
    def integers(self) -> int:
        """Rows of integers in a lane's state."""
        return INTEGER_ROWS

    @property
    def bits(self) -> int:
        """64-bit words of visited cells per lane."""
        return self.world.words

    def behaviours_of(self, ends: Float32Array) -> Float32Array:
        """Return row and column of the last cell of each episode.

        Args:
            ends: (N, E, 2) as `fill_end` writes it.
        Returns:
            (N, E, 2) float32, from 0.
        """
        cells = ends[..., 0].astype(np.int32)
        found: Float32Array = np.stack(np.divmod(cells, self.width + 2), axis=-1).astype(np.float32) - 1
        return found

    def solved(self, ends: Float32Array) -> BoolArray:
        """Return whether each episode collected the required number of goals.

        Args:
            ends: (N, E, 2) as `fill_end` writes it.
        Returns:
            (N, E) bool.
        """
        required = self.parameters.goals
        assert required is not None
        found: BoolArray = ends[..., 1] >= required
        return found

    def position(self, integers: Int32Array) -> tuple[int, int]:
        """Return row and column of the agent in lane 0, from 0, given the integers of the state."""
        row, column = divmod(int(integers[POSITION * LANES]), self.width + 2)
        return row - 1, column - 1

    @property
    def parts(self) -> dict[str, object]:
        """The slots of `rollouts/kernel.py` that this environment fills."""
        return {
            "fill_start": fill_start, "fill_observation": fill_observation, "fill_actions": fill_choice,
            "fill_step": fill_step, "fill_end": fill_end,
        }

    def _places(self, kind: str) -> list[tuple[int, int]]:
        return [(i, j) for i, row in enumerate(self.rows) for j, cell in enumerate(row) if cell == kind]


def _checked(rows: tuple[str, ...]) -> tuple[str, ...]:
    if not rows or not rows[0]:
        raise Refused("environment.rows: expected at least one cell, got an empty map")
    for number, row in enumerate(rows):
        if len(row) != len(rows[0]):
            expected = f"expected {len(rows[0])} cells as in the first row"
            raise Refused(f"environment.rows[{number}]: {expected}, got {len(row)}")
        unknown = sorted(set(row) - {OPEN, START, GOAL, OBSTACLE})
        if unknown:
            raise Refused(f"environment.rows[{number}]: expected '.', 'S', 'G' or '#', got {unknown[0]!r}")
    starts = sum(row.count(START) for row in rows)
    if starts != 1:
        raise Refused(f"environment.rows: expected exactly one start 'S', got {starts}")
    return rows
