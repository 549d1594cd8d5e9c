"""Agents are scored by their answers to the rows of a table.

Networks without a transfer function at their outputs (`dense`) get one: the sigmoid where all targets lie
from 0 to 1, tanh where they lie from -1 to 1, otherwise none. `Table.scaling` defines how scaled outputs
become answers.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from typing import Any, NamedTuple

import numpy as np

from processing.core.judges.aggregate import split_failures
from processing.core.judges.stateless import Stateless
from processing.core.kernels.build import compiled, plain
from processing.core.kernels.lanes import LANES, fill, get, load, put, store, take_ticket
from processing.core.kernels.numeric import sigmoid, tanh
from processing.core.kernels.roles import kernel
from processing.core.rollouts.engine import on_threads
from processing.core.rollouts.kernel import fill_memory, fill_outputs, workspace
from processing.core.sums import in_order
from processing.core.types import (
    Evaluations,
    Float64Array,
    Genomes,
    Purpose,
    State,
    Trajectory,
    UInt8Array,
)

_SQUASHINGS = {"identity": 0, "sigmoid": 1, "tanh": 2}
_SIGMOID, _TANH = 1, 2
#: The largest error that is counted, in units of its column: larger ones count as this.
MOST_UNITS = 1e30


class Tables(Stateless):
    """The judge `table`: networks of one genome kind answer the rows of one table."""

    is_sampled = is_random = False

    def __init__(self, environment: Any, genome_kind: Any) -> None:
        self.environment, self.genome_kind = environment, genome_kind

    def evaluate(
        self, genomes: Genomes, *, seed: int, generation: int, first: int = 0, last: int | None = None,
        origin: int = 0, threads: int = 1, purpose: Purpose = Purpose.EPISODE, state: State | None = None,
    ) -> Evaluations:
        """Evaluate agents first..last-1 of `genomes`, up to the last where `last` is None.

        Each evaluation depends only on the agent's genome. Errors are added in float64, row by row and output
        by output, and combined as `fitness` of the environment names. An agent whose fitness is not finite
        has failed and has not solved the table. `steps` is the number of rows.

        Args:
            threads: number of threads; it changes no result.
            seed, generation, origin, purpose, state: not used; other judges need them.
        Returns:
            The evaluations of N = last - first agents, in their order.
        """
        last = self.genome_kind.count(genomes) if last is None else last
        scores = _scores(last - first)
        self._fill(genomes, first, scores, np.zeros(0), threads=threads)
        fitness, failures = split_failures(self._fitness(scores))
        return Evaluations(
            fitness=fitness,
            steps=np.full(last - first, self.environment.rows, np.int32),
            failures=failures,
            solved=np.where(failures, 0, scores.solved).astype(np.uint8),
        )

    def answers(self, genomes: Genomes) -> Float64Array:
        """The answers of N genomes, (N, rows, outputs) float64, from plain Python with the same bits."""
        number = self.genome_kind.count(genomes)
        found = np.zeros((number, self.environment.rows, self.environment.outputs))
        self._fill(genomes, 0, _scores(number), found.reshape(-1), threads=0)
        return found

    def replay_rows(self, genomes: Genomes) -> Trajectory:
        """Replay the answers of one genome, row by row.

        Args:
            genomes: one genome alone.
        Returns:
            A step for each row: its action is the answer, its reward minus the sum of the absolute errors.
        """
        world, commands = self.environment.world, self.answers(genomes)[0].tolist()
        rewards = [
            -in_order(abs(answer - target) for answer, target in zip(row, targets, strict=True))
            for row, targets in zip(commands, self.environment.parameters.targets, strict=True)
        ]
        return Trajectory(
            actions=commands, rewards=rewards, positions=[],
            observations=list(world.inputs.astype(np.float64).reshape(world.rows, -1)),
            total=in_order(rewards), steps=world.rows, terminated=True, truncated=False,
        )

    def _fitness(self, scores: "Scores") -> Float64Array:
        """The fitness of each agent, (N,) float64; not finite where an answer was not."""
        targets, sizes, squares = len(self.environment.world.targets), scores.sizes, scores.squares
        with np.errstate(all="ignore"):
            match self.environment.fitness:
                case "squared_remainder":
                    return np.where(sizes > targets, 0.0, targets - sizes) ** 2
                case "negative_mean_squared_error":
                    return -squares / targets
                case "negative_mean_absolute_error":
                    return -sizes / targets
                case "negative_normalized_squared_error":
                    return np.where(np.isfinite(sizes), -squares / targets, np.nan)
        assert self.environment.fitness == "accuracy", f"no fitness {self.environment.fitness}"
        return np.where(np.isfinite(sizes), scores.hits / self.environment.rows, np.nan)

    def _fill(
        self, genomes: Genomes, first: int, scores: "Scores", answers: Float64Array, *, threads: int
    ) -> None:
        """Run the kernel, or with 0 threads the same function as plain Python."""
        kind, ticket = self.genome_kind, np.zeros(1, np.int64)
        world = self.environment.world_for(kind)
        run = compiled(fill_errors, kind.parts) if threads else plain(fill_errors, kind.parts)
        prepared = kind.prepared(genomes)
        squashing = _SQUASHINGS[self.environment.squashing(kind)]
        how = squashing, int(getattr(kind, "remembers", False)), first, kind.inputs, kind.outputs

        def work() -> None:
            with np.errstate(all="ignore"):
                run(
                    prepared.genomes, prepared.network, world, workspace(self.environment, prepared), how,
                    ticket, scores, answers,
                )

        on_threads(work, threads, most=-(-len(scores.sizes) // LANES))


class Scores(NamedTuple):
    """Sums over the answers of N agents; the kernel fills them."""

    sizes: Float64Array  # (N,) sum of the sizes of the errors
    squares: Float64Array  # (N,) sum of the squares of the errors, in the table's units where it has some
    hits: Float64Array  # (N,) rows whose largest answer is the right one, where the table asks
    solved: UInt8Array  # (N,) whether all rows are right


def _scores(number: int) -> Scores:
    return Scores(np.zeros(number), np.zeros(number), np.zeros(number), np.zeros(number, np.uint8))


@kernel
def fill_errors(genomes, network, table, work, how, ticket, scores, answers):
    """Fill the scores of N agents from `first` on, and their answers where `answers` is not empty.

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
    """
    squashing, remembers, first, inputs, outputs = how
    rows, sizes, squares, solved = table.rows, scores.sizes, scores.squares, scores.solved
    while True:
        start = take_ticket(ticket) * LANES
        if start >= sizes.size:
            return
        width = min(LANES, sizes.size - start)
        for lane in range(LANES):
            put(work.alive, lane, np.int64(lane < width))
        for row in range(rows):
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
