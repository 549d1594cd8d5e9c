"""Agents are scored by their answers to the rows of a table.

Networks without a transfer function at their outputs (`dense`) get one: the sigmoid where all targets lie
from 0 to 1, tanh where they lie from -1 to 1, otherwise none. `Table.scaling` defines how scaled outputs
become answers.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, assignment"

from collections.abc import Mapping
from typing import NamedTuple, Self

import numpy as np

from processing.core.environments.table import Table
from processing.core.judges import replays
from processing.core.judges.aggregate import split_failures
from processing.core.judges.judge import Cost, Judge
from processing.core.judges.step_cost import cost_of_steps
from processing.core.kernels.build import compiled, plain
from processing.core.kernels.lanes import LANES, fill, get, load, put, store, take_ticket
from processing.core.kernels.numeric import sigmoid, tanh
from processing.core.kernels.pieces import Pace, Work, beating, on_threads
from processing.core.kernels.roles import kernel
from processing.core.parameters import Parameters
from processing.core.rollouts.kernel import fill_memory, fill_outputs, workspace
from processing.core.rollouts.network_kind import NetworkKind
from processing.core.sums import in_order
from processing.core.types import (
    Beat,
    Evaluations,
    Float64Array,
    Genomes,
    Purpose,
    State,
    Trajectory,
    UInt8Array,
    no_beat,
)

_SQUASHINGS = {"identity": 0, "sigmoid": 1, "tanh": 2}
_SIGMOID, _TANH = 1, 2
#: The largest error that is counted, in units of its column: larger ones count as this.
MOST_UNITS = 1e30
#: Weights times rows of the first piece of work.
FIRST_PIECE = 20_000_000


class Tables(Judge[Table, NetworkKind]):
    """The judge `table`: networks of one genome kind answer the rows of one table."""

    compiles = True

    def __init__(self, table: Table, genome: NetworkKind) -> None:
        self.problem, self.genome = table, genome
        self.pace: Pace | None = None  # of the latest evaluation

    @classmethod
    def of(cls, problem: Table, genome: NetworkKind, settings: Mapping[str, Parameters]) -> Self:
        """Return the judge; it has no settings."""
        return cls(problem, genome)

    def cost(self) -> Cost:
        """Return the cost of an agent's answers to all rows."""
        return cost_of_steps(
            weights=self.genome.number_of_weights, episodes=1, max_steps=self.problem.max_steps,
            least_steps=self.problem.rows,
        )

    def evaluate(
        self, genomes: Genomes, *, seed: int, generation: int, first: int = 0, last: int | None = None,
        origin: int = 0, threads: int = 1, purpose: Purpose = Purpose.EPISODE, state: State | None = None,
        beat: Beat | None = None, population: int | None = None,
    ) -> Evaluations:
        """Evaluate agents first..last-1 of `genomes`, up to the last where `last` is None.

        Each evaluation depends only on the agent's genome. Errors are added in float64, row by row and output
        by output, and combined as `fitness` of the table names. An agent whose fitness is not finite has
        failed and has not solved the table. `steps` is the number of rows. The address is not used.
        """

        last = self.genome.count(genomes) if last is None else last
        scores = _scores(last - first)
        self._fill(genomes, first, scores, np.zeros(0), threads=threads, beat=beat or no_beat)
        agents = None
        if not scores.is_finished.all():
            agents = np.flatnonzero(scores.is_finished).astype(np.int32)
            scores = Scores._make(column[agents] for column in scores)
        fitness, failures = split_failures(self._fitness(scores))
        return Evaluations(
            fitness=fitness,
            steps=np.full(len(fitness), self.problem.rows, np.int32),
            failures=failures,
            solved=np.where(failures, 0, scores.solved).astype(np.uint8),
            agents=agents,
        )

    @property
    def replays(self) -> "TableReplays":
        """All rows are answered again in plain Python."""
        return TableReplays(self)

    def answers(self, genomes: Genomes) -> Float64Array:
        """The answers of N genomes, (N, rows, outputs) float64, from plain Python with the same bits."""
        number = self.genome.count(genomes)
        found = np.zeros((number, self.problem.rows, self.problem.outputs))
        self._fill(genomes, 0, _scores(number), found.reshape(-1), threads=0)
        return found

    def replay_rows(self, genomes: Genomes) -> Trajectory:
        """Replay the answers of one genome, row by row.

        Args:
            genomes: one genome alone.
        Returns:
            A step for each row: its action is the answer, its reward minus the sum of the absolute errors.
        """
        world, commands = self.problem.world, self.answers(genomes)[0].tolist()
        rewards = [
            -in_order(abs(answer - target) for answer, target in zip(row, targets, strict=True))
            for row, targets in zip(commands, self.problem.parameters.targets, strict=True)
        ]
        return Trajectory(
            actions=commands, rewards=rewards, positions=[],
            observations=list(world.inputs.astype(np.float64).reshape(world.rows, -1)),
            total=in_order(rewards), steps=world.rows, terminated=True, truncated=False,
        )

    def _fitness(self, scores: "Scores") -> Float64Array:
        """The fitness of each agent, (N,) float64; not finite where an answer was not."""
        targets, sizes, squares = len(self.problem.world.targets), scores.sizes, scores.squares
        with np.errstate(all="ignore"):
            match self.problem.fitness:
                case "squared_remainder":
                    return np.where(sizes > targets, 0.0, targets - sizes) ** 2
                case "negative_mean_squared_error":
                    return -squares / targets
                case "negative_mean_absolute_error":
                    return -sizes / targets
                case "negative_normalized_squared_error":
                    return np.where(np.isfinite(sizes), -squares / targets, np.nan)
        assert self.problem.fitness == "accuracy", f"no fitness {self.problem.fitness}"
        return np.where(np.isfinite(sizes), scores.hits / self.problem.rows, np.nan)

    def _fill(
        self, genomes: Genomes, first: int, scores: "Scores", answers: Float64Array, *, threads: int,
        beat: Beat = no_beat,
    ) -> None:
        """Run the kernel, or with 0 threads the same function as plain Python."""
        kind, ticket = self.genome, np.zeros(1, np.int64)
        world = self.problem.world_for(kind)
        run = compiled(fill_errors, kind.parts) if threads else plain(fill_errors, kind.parts)
        with beating(beat):
            prepared = kind.prepared(genomes)
        squashing = _SQUASHINGS[self.problem.squashing(kind)]
        how = squashing, int(kind.remembers), first, kind.inputs, kind.outputs

        def begin() -> Work:
            work, progress = workspace(self.problem, prepared), np.zeros(2, np.int64)

            def piece(budget: int) -> bool:
                with np.errstate(all="ignore"):
                    return bool(run(
                        prepared.genomes, prepared.network, world, work, how, ticket, scores, answers,
                        progress, budget,
                    ))

            return piece

        if self.pace is None:
            weights = max(kind.number_of_weights, prepared.rows + prepared.program_rows)
            self.pace = Pace(FIRST_PIECE // (LANES * max(1, weights) * max(1, kind.passes)))
        on_threads(
            begin, threads, most=-(-len(scores.sizes) // LANES), pace=self.pace, beat=beat,
            is_enough=lambda: bool(scores.is_finished.any()),
        )


class TableReplays(replays.Replays):
    """Replays of tables: all rows, answered in plain Python; long tables are refused."""

    def __init__(self, judge: Tables) -> None:
        self.judge = judge

    def refusal(self, genome: bytes) -> str | None:
        """The sentence that all rows together take too long; None where they do not."""
        rows = self.judge.problem.rows
        if (seconds := self.seconds(rows, genome)) <= replays.MOST_REPLAY_SECONDS:
            return None
        return (
            f"To answer the {rows:,} rows again would take about {seconds:,.0f} seconds, and what takes up "
            f"to {replays.MOST_REPLAY_SECONDS:g} is shown."
        )

    def seconds(self, steps: int, genome: bytes) -> float:
        """Estimate how long so many rows take, in seconds."""
        row, weight = self.judge.problem.plain_seconds
        return min(steps, self.judge.problem.rows) * (
            row + weight * replays.weights_of(self.judge.genome, genome)
        )

    def episode(
        self, genome: bytes, *, seed: int, generation: int, agent: int, episode: int = 0
    ) -> Trajectory:
        """Replay the answers of a packed genome; its address does not matter."""
        return self.judge.replay_rows(self.judge.genome.unpack(genome))


class Scores(NamedTuple):
    """Sums over the answers of N agents; the kernel fills them."""

    sizes: Float64Array  # (N,) sum of the sizes of the errors
    squares: Float64Array  # (N,) sum of the squares of the errors, in the table's units where it has some
    hits: Float64Array  # (N,) rows whose largest answer is the right one, where the table asks
    solved: UInt8Array  # (N,) whether all rows so far are right
    is_finished: UInt8Array  # (N,) whether all rows are answered


def _scores(number: int) -> Scores:
    return Scores(
        np.zeros(number), np.zeros(number), np.zeros(number), np.zeros(number, np.uint8),
        np.zeros(number, np.uint8),
    )


@kernel
def fill_errors(genomes, network, table, work, how, ticket, scores, answers, progress, budget):
    """Fill the scores of N agents from `first` on, and their answers where `answers` is not empty.

    It returns after `budget` rows; called again with the same arguments, it goes on as if it had not
    returned.

    Each lane holds an agent, which answers row after row. An error counts as at most MOST_UNITS units of its
    column, as the squares of larger ones could not be added.

    Args:
        genomes, network, work: as in `fill_rollouts`.
        table: `environments.table.Rows`, flat.
        how: the squashing (a value of _SQUASHINGS), whether networks start anew at each row (0 or 1), the
            first agent, and the numbers of inputs and outputs.
        ticket: (1,) int64, the next group of LANES agents that no thread has taken.
        scores: `Scores` of N agents, zeros.
        answers: (N * rows * outputs,) float64, or empty.
        progress: (2,) int64 of this caller, 0 at first: the agent in the first lane, and the next row.
        budget: rows, at least 1.
    Returns:
        Whether nothing is left for this caller.
    """
    squashing, remembers, first, inputs, outputs = how
    rows, sizes, squares, solved = table.rows, scores.sizes, scores.squares, scores.solved
    start, begun, left = np.int64(get(progress, 0)), np.int64(get(progress, 1)), budget
    while True:
        if begun == 0:
            start = take_ticket(ticket) * LANES
            if start >= sizes.size:
                return True
        width = min(LANES, sizes.size - start)
        if begun == 0:
            for lane in range(LANES):
                put(work.alive, lane, np.int64(lane < width))
        end = min(rows, begun + left)
        for row in range(begun, end):
            if row == 0 or remembers != 0:
                for lane in range(width):
                    put(work.agents, lane, first + start + lane)
                    fill_memory(genomes, network, work, first + start + lane, lane)
            for i in range(inputs):
                store(work.scratch, i * LANES, fill(get(table.inputs, row * inputs + i)))
            y = fill_outputs(genomes, network, work)
            for place in range(y, y + outputs * LANES, LANES):
                if squashing == _SIGMOID:
                    store(work.scratch, place, sigmoid(load(work.scratch, place)))
                elif squashing == _TANH:
                    store(work.scratch, place, tanh(load(work.scratch, place)))
            for lane in range(width):
                agent = start + lane
                right = np.int64(get(solved, agent)) if row > 0 else 1
                chosen, others = -np.inf, -np.inf
                for k in range(outputs):
                    target = get(table.targets, row * outputs + k)
                    answer = np.float64(get(work.scratch, y + k * LANES + lane))
                    if table.scales.size > 0:
                        answer = get(table.offsets, k) + get(table.scales, k) * answer
                    error = answer - target
                    put(sizes, agent, get(sizes, agent) + abs(error))
                    if table.units.size > 0:
                        error_in_units = abs(error) / get(table.units, k)
                        if error_in_units > MOST_UNITS:
                            error_in_units = MOST_UNITS
                        put(squares, agent, get(squares, agent) + error_in_units * error_in_units)
                    else:
                        put(squares, agent, get(squares, agent) + error * error)
                    tolerance = get(table.tolerances, k)
                    if tolerance < 0:
                        middle = get(table.middles, k)
                        is_right = answer > middle if target > middle else answer < middle
                    else:
                        is_right = abs(error) <= tolerance
                    right &= np.int64(is_right)
                    if table.largest.size > 0:
                        if k == get(table.largest, row):
                            chosen = answer
                        elif answer > others:
                            others = answer
                    if answers.size > 0:
                        put(answers, (agent * rows + row) * outputs + k, answer)
                if table.largest.size > 0:
                    is_hit = np.int64(chosen > others)
                    put(scores.hits, agent, get(scores.hits, agent) + is_hit)
                    if table.by_largest != 0:
                        right &= is_hit
                put(solved, agent, right)
        left -= end - begun
        begun = end
        if begun == rows:
            for lane in range(width):
                put(scores.is_finished, start + lane, 1)
            begun = 0
        if left == 0:
            put(progress, 0, start)
            put(progress, 1, begun)
            return False
