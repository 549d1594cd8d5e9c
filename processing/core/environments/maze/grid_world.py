"""A walk over a map of open ground, obstacles and goals, seen along eight lines of sight.

Observation: 24 float32, three for each of 8 directions clockwise from up: 0.1 x open cells before the first thing seen;
1 / distance if that thing is an obstacle or the edge, else 0; 1 / distance if it is a goal, else 0; distance = open
cells in between + 1. Action: 0 to 8, row by row over the 3 x 3 neighbourhood, 4 = stay; diagonals pass between
obstacles. Reward: `RewardParameters`; 0 for the move that ends the walk at an obstacle or the edge. Terminates: on
leaving the map or entering an obstacle (the agent stays where it was), and on collecting the last goal. Truncates:
after `max_steps`. A collected goal is open ground from then on, also to the eye. The start counts as visited.

Solved: `goals` of the goals collected in each of an agent's episodes (`criterion.GoalsReached`); a stored document without
that number was accepted when a maze had no criterion, and has none. Episodes do not end by it.
"""

from collections import deque
from functools import cached_property
from typing import Literal

import numpy as np

from processing.core.criterion import GoalsReached
from processing.core.environments.maze.sight import views
from processing.core.environments.maze.walk import (
    BLOCKED,
    ENDS,
    FREE,
    INPUTS,
    POSITION,
    PRIZE,
    WHOLES,
    World,
    fill_end,
    fill_observation,
    fill_start,
    fill_step,
)
from processing.core.errors import Refused
from processing.core.kernels.lanes import LANES
from processing.core.parameters import Number, Parameters, parameter
from processing.core.rollouts.actions import fill_choice
from processing.core.types import BoolArray, Float32Array, Int32Array

OPEN, START, GOAL, OBSTACLE = ".", "S", "G", "#"
OUTPUTS = 9
SIGHT_ARROWS = "↑↗→↘↓↙←↖"
MOVE_LABELS = ("↖", "↑", "↗", "←", "stay", "→", "↙", "↓", "↘")

#: Observation tables up to this size are built; they take about 10 ms for each 4 MiB and beyond it fall out of the
#: caches, so that walking the lines of sight costs no more.
TABLE_BYTES = 16 * 2**20


class RewardParameters(Parameters):
    """What a move earns."""

    open: Number = parameter(0.15, meaning="Reward for entering an open cell for the first time.")
    goal: Number = parameter(3.0, meaning="Reward for entering a goal, once for each goal.")
    revisit: Number = parameter(0.0, meaning="Reward for entering, or staying on, a cell visited before.")


class MazeParameters(Parameters):
    """A grid world drawn as text."""

    type: Literal["maze"] = parameter(meaning="A grid-world maze.")
    rows: tuple[str, ...] = parameter(
        meaning="The map, one string per row: '.' open, 'S' start, 'G' goal, '#' obstacle.", min_length=1
    )
    max_steps: int = parameter(meaning="Steps after which an episode is cut off.", unit="steps", ge=1, le=1_000_000)
    goals: int | None = parameter(
        None, unit="goals", ge=1, le=1_000_000,
        meaning="Goals that an agent must reach in each of its episodes to have solved the maze; null for all on the map.",
    )
    rewards: RewardParameters = parameter(RewardParameters(), meaning="What a move earns.")
    episodes: int = parameter(
        1, meaning="Episodes per agent; its fitness is their mean. More than one helps only where actions are sampled.",
        unit="episodes", ge=1, le=1_000,
    )


class GridWorld:
    """The grid world of one map.

    Raises:
        Refused: rows of unequal length, unknown characters, or not exactly one start.
    """

    Parameters = MazeParameters
    inputs, outputs = INPUTS, OUTPUTS
    floats = 0
    is_random = has_common_episodes = False
    actions = "choice"
    behaviours = 2  # row and column of the last cell
    ends = ENDS  # numbers that `fill_end` writes of an episode
    judge = "episodes"
    plain_seconds = (2.3e-4, 1.2e-6)  # a step in plain Python takes so long, and for each weight
    scene = None  # drawn by its map

    def __init__(self, parameters: MazeParameters) -> None:
        self.parameters = parameters
        self.max_steps, self.episodes = parameters.max_steps, parameters.episodes
        self.rows = _checked(parameters.rows)
        self.height, self.width = len(self.rows), len(self.rows[0])
        self.number_of_cells = self.height * self.width
        self.start = self._places(START)[0]
        self.goals = self._places(GOAL)
        self.criterion = None if parameters.goals is None else GoalsReached(parameters.goals)

    def distances(self, *, without: str = OBSTACLE) -> dict[tuple[int, int], int]:
        """The least number of steps from the start to each cell (row, column) that can be reached without such cells."""
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
        """How many goals can be walked to, however long it takes."""
        found = self.distances()
        return sum(goal in found for goal in self.goals)

    def shortest_path(self) -> int | None:
        """Steps from the start to the nearest goal; None where no goal can be reached."""
        found = self.distances()
        return min((found[goal] for goal in self.goals if goal in found), default=None)

    def steps_to_goals(self) -> list[int]:
        """At least so many steps lead to one goal, to two, and so on, up to all that can be reached.

        The nearest goals are counted, and one step from each to the next: the true way may be longer.
        """
        found, steps = self.distances(), list[int]()
        for distance in sorted(found[goal] for goal in self.goals if goal in found):
            steps.append(max(distance, steps[-1] + 1) if steps else distance)
        return steps

    def best_possible(self) -> float:
        """An upper bound of the return of one episode.

        The best `max_steps` rewards among: each goal and each open cell that is near enough, once, and revisits without
        end. It is not always reached: the way from one to the next may cost steps.
        """
        near = [cell for cell, steps in self.distances().items() if 0 < steps <= self.max_steps]
        goals = len(set(self.goals).intersection(near))
        return self._best(goals=goals, cells=len(near) - goals)

    def best_without_goals(self) -> float:
        """The same of an episode that reaches no goal."""
        near = self.distances(without=OBSTACLE + GOAL).values()
        return self._best(goals=0, cells=sum(0 < steps <= self.max_steps for steps in near))

    def _best(self, *, goals: int, cells: int) -> float:
        """The best `max_steps` rewards among so many goals and open cells, once each, and revisits."""
        rewards = self.parameters.rewards
        total, steps = 0.0, self.max_steps
        offers = [(rewards.goal, goals), (rewards.open, cells), (rewards.revisit, steps)]
        for reward, count in sorted(offers, reverse=True):
            taken = min(count, steps) if reward > 0 else 0
            total, steps = total + reward * taken, steps - taken
        return total

    @staticmethod
    def input_labels() -> tuple[str, ...]:
        """What each input says, for people: the line of sight, and what is measured along it."""
        return tuple(f"{arrow} {what}" for arrow in SIGHT_ARROWS for what in ("space", "wall", "goal"))

    @staticmethod
    def output_labels() -> tuple[str, ...]:
        """What each action does, for people."""
        return MOVE_LABELS

    @cached_property
    def world(self) -> World:
        """The map in the form that kernels take."""
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
            sights=np.array([-across, 1 - across, 1, across + 1, across, across - 1, -1, -across - 1], np.int32),
            rewards=np.array([rewards.open, rewards.goal, rewards.revisit], np.float64),
            start=(self.start[0] + 1) * across + self.start[1] + 1, goals=len(self.goals), words=-(-cells.size // 64),
        )

    @property
    def integers(self) -> int:
        """Rows of whole numbers in a lane's state."""
        return WHOLES

    @property
    def bits(self) -> int:
        """Words of bits per lane."""
        return self.world.words

    def behaviours_of(self, ends: Float32Array) -> Float32Array:
        """(N, E, 2) row and column of the last cell of each episode, from what `fill_end` wrote, (N, E, 2)."""
        cells = ends[..., 0].astype(np.int32)
        found: Float32Array = np.stack(np.divmod(cells, self.width + 2), axis=-1).astype(np.float32) - 1
        return found

    def solved(self, ends: Float32Array) -> BoolArray:
        """(N, E) whether each episode reached as many goals as are asked for, from what `fill_end` wrote, (N, E, 2)."""
        asked = self.parameters.goals
        assert asked is not None
        found: BoolArray = ends[..., 1] >= asked
        return found

    def position(self, integers: Int32Array) -> tuple[int, int]:
        """Row and column of the agent in lane 0, from the state in whole numbers."""
        row, column = divmod(int(integers[POSITION * LANES]), self.width + 2)
        return row - 1, column - 1

    #: The slots of `rollout` that this environment fills.
    @property
    def parts(self) -> dict[str, object]:
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
