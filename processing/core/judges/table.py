"""Agents are scored by what they answer to the rows of a table.

Networks without a transfer function at their outputs (`dense`) get one: the sigmoid where all targets lie from 0 to 1,
tanh where they lie from -1 to 1, else none.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from typing import Any

import numpy as np

from processing.core.build import compiled, kernel, plain
from processing.core.engine import on_threads
from processing.core.judges.forgetful import Forgetful
from processing.core.lanes import LANES, fill, get, load, put, store, take_ticket
from processing.core.numeric import sigmoid, tanh
from processing.core.rollout import fill_memory, fill_outputs, workspace
from processing.core.sums import in_order
from processing.core.types import (
    Evaluations,
    Failure,
    Float32Array,
    Float64Array,
    Genomes,
    Purpose,
    State,
    Trajectory,
    UInt8Array,
)

_SQUASHINGS = {"identity": 0, "sigmoid": 1, "tanh": 2}
_SIGMOID, _TANH = 1, 2


class Tables(Forgetful):
    """The judge `table`: a genome kind's networks answer a table."""

    is_sampled = is_random = False

    def __init__(self, environment: Any, genome_kind: Any) -> None:
        self.environment, self.genome_kind = environment, genome_kind

    def evaluate(
        self, genomes: Genomes, *, seed: int, generation: int, first: int = 0, last: int | None = None, origin: int = 0,
        threads: int = 1, purpose: Purpose = Purpose.EPISODE, state: State | None = None,
    ) -> Evaluations:
        """The evaluations of agents first..last-1 (all where None); each depends on its own genome only.

        Errors are added in float64, row by row and output by output. Fitness is what `fitness` of the environment says;
        where that is not finite the agent has failed. `steps` are the rows.
        """
        last = self.genome_kind.count(genomes) if last is None else last
        number, targets = last - first, len(self.environment.world.targets)
        size, square, solved = np.zeros(number), np.zeros(number), np.zeros(number, np.uint8)
        self._fill(genomes, first, size, square, solved, np.zeros(0, np.float32), threads=threads)
        with np.errstate(all="ignore"):
            fitness = {
                "squared_remainder": np.where(size > targets, 0.0, targets - size) ** 2,
                "negative_mean_squared_error": -square / targets, "negative_mean_absolute_error": -size / targets,
            }[self.environment.parameters.fitness]
        finite = np.isfinite(fitness)
        return Evaluations(
            fitness=np.where(finite, fitness, np.nan), steps=np.full(number, self.environment.rows, np.int32),
            failures=np.where(finite, Failure.NONE, Failure.NON_FINITE_FITNESS).astype(np.uint8), solved=solved,
        )

    def answers(self, genomes: Genomes) -> Float32Array:
        """What each genome answers, (N, rows, outputs); computed in plain Python, with the same bits."""
        number = self.genome_kind.count(genomes)
        shape = number, self.environment.rows, self.environment.outputs
        found = np.zeros(shape, np.float32)
        self._fill(genomes, 0, np.zeros(number), np.zeros(number), np.zeros(number, np.uint8), found.reshape(-1), threads=0)
        return found

    def lived(self, genomes: Genomes) -> Trajectory:
        """What one genome, alone here, answers row by row; a reward is how far off it is, summed over the outputs, below 0."""
        world, commands = self.environment.world, self.answers(genomes)[0].tolist()
        rewards = [
            -in_order(abs(answer - target) for answer, target in zip(row, targets, strict=True))
            for row, targets in zip(commands, self.environment.parameters.targets, strict=True)
        ]
        return Trajectory(
            actions=commands, rewards=rewards, positions=[],
            observations=list(world.inputs.astype(np.float64).reshape(world.rows, -1)), total=in_order(rewards),
            steps=world.rows, terminated=True, truncated=False,
        )

    def _fill(
        self, genomes: Genomes, first: int, size: Float64Array, square: Float64Array, solved: UInt8Array,
        answers: Float32Array, *, threads: int,
    ) -> None:
        """Run the kernel; without threads, as plain Python."""
        kind, world, ticket = self.genome_kind, self.environment.world, np.zeros(1, np.int64)
        run = compiled(fill_errors, kind.parts) if threads else plain(fill_errors, kind.parts)
        prepared = kind.prepared(genomes)
        squashing = _SQUASHINGS[self.environment.squashing(kind)]
        how = squashing, int(getattr(kind, "remembers", False)), first, kind.inputs, kind.outputs

        def work() -> None:
            with np.errstate(all="ignore"):
                run(
                    prepared.genomes, prepared.network, world, workspace(self.environment, prepared), how, ticket,
                    size, square, solved, answers,
                )

        on_threads(work, threads, most=-(-len(size) // LANES))


@kernel
def fill_errors(genomes, network, table, work, how, ticket, size, square, solved, answers):
    """The errors of agents first..first + size.size - 1: the sums of their sizes and of their squares, whether all
    outputs lie on the right side, and the outputs themselves where `answers` has room for them.

    Lanes hold agents, which answer row after row. `how` are the squashing, whether networks must start anew for each row,
    the first agent, and the numbers of inputs and outputs.
    """
    squashing, remembers, first, inputs, outputs = how
    rows = table.rows
    while True:
        start = take_ticket(ticket) * LANES
        if start >= size.size:
            return
        width = min(LANES, size.size - start)
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
                for k in range(outputs):
                    target = get(table.targets, row * outputs + k)
                    answer = get(work.scratch, y + k * LANES + lane)
                    error = np.float64(answer) - target
                    put(size, agent, get(size, agent) + abs(error))
                    put(square, agent, get(square, agent) + error * error)
                    is_right = answer > table.middle if target > table.middle else answer < table.middle
                    right &= np.int64(is_right)
                    if answers.size > 0:
                        put(answers, (agent * rows + row) * outputs + k, answer)
                put(solved, agent, right)
