"""Evaluation of whole generations by a kernel, on threads.

The kernel is called piece by piece, see `kernels/pieces.py`. Neither the size of the pieces nor the number of
threads nor the choice of the kernel changes a bit.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from processing.core.kernels.build import compiled, is_on_disk
from processing.core.kernels.lanes import LANES
from processing.core.kernels.pieces import Pace, Work, beating, on_threads
from processing.core.rollouts.kernel import (
    KernelInputs,
    Rollouts,
    fill_no_end,
    fill_rollouts,
    rollouts_of,
    workspace,
)
from processing.core.types import Beat, Float32Array, Float64Array, Int32Array, Purpose, no_beat

#: Steps of one shape after which a specialised kernel pays: it saves a fifth of the time of the steps and
#: takes about 2 s to compile.
SPECIAL_AFTER_STEPS = 1_000_000_000
#: Weights times steps of the first piece, and the weights of a network that count at least: an environment
#: takes time, too.
FIRST_PIECE, LEAST_WEIGHTS = 20_000_000, 350
#: The default binding. Environments with final values that a judge may read replace it.
_NO_END = {"fill_end": fill_no_end}


class Engine:
    """The rollouts of one genome kind in one environment.

    The general kernel serves every shape of network. A kernel specialised for this shape is used if its
    machine code is on disk already, and is compiled once the run is long enough to gain from it.
    """

    def __init__(self, environment: Any, genome_kind: Any) -> None:
        self.environment, self.genome_kind = environment, genome_kind
        self.steps = 0
        self.pace: Pace | None = None  # of the latest evaluation
        self._kernel: Callable[..., Any] | None = None
        self._special: Callable[..., Any] | None = None
        self._compiled: Callable[..., Any] | None = None

    def rollouts(
        self, genomes: Any, *,
        seed: int, generation: int, purpose: Purpose, first: int, last: int, sampled: bool, threads: int,
        origin: int = 0, ends: Float32Array | None = None, beat: Beat = no_beat,
    ) -> tuple[Float64Array, Int32Array]:
        """Evaluate the episodes of agents first..last - 1, E episodes each.

        Args:
            genomes: the genomes of a group of agents, as their kind defines them.
            seed, generation, purpose: the address of the draws; see `kernel.rollouts_of`.
            first, last: the range of agents, as indices in `genomes`.
            sampled: whether actions are drawn from the outputs.
            threads: number of threads, >= 1.
            origin: the index in its generation of the first of the genomes.
            ends: if given, (A * E * environment.ends,) float32, filled with the final values of each episode.
            beat: called between pieces of work. Where it answers that the turn is over, episodes are begun
                and continued only until an agent has ended all of its own.
        Returns:
            Returns, (A * E,) float64, and steps, (A * E,) int32, by agent and then by episode; A is last -
                first. The steps of an episode are 0 where it was not evaluated to its end.
        """
        kind, environment, kernel = self.genome_kind, self.environment, self.kernel()
        number = (last - first) * environment.episodes
        returns, steps, ticket = np.zeros(number), np.zeros(number, np.int32), np.zeros(1, np.int64)
        with beating(beat):
            prepared, world = kind.prepared(genomes), environment.world
        ends = np.zeros(0, np.float32) if ends is None else ends
        rollouts = rollouts_of(
            environment, kind, seed=seed, generation=generation, purpose=purpose, first=first, last=last,
            origin=origin, sampled=sampled,
        )

        def begin(rollouts: Rollouts = rollouts) -> Work:
            work, progress = workspace(environment, prepared), np.zeros(2, np.int64)

            def piece(budget: int) -> bool:
                with np.errstate(all="ignore"):
                    return bool(kernel(
                        prepared.genomes, prepared.network, world, work, rollouts, ticket, returns, steps,
                        ends, progress, budget,
                    ))

            return piece

        # compile in this thread, whose `while_compiling` context reports progress
        if kernel is not self._compiled:
            begin(rollouts._replace(number=0))(1)
            self._compiled, ticket[0] = kernel, 0
        if self.pace is None:
            self.pace = Pace(self._first_steps(prepared))
        on_threads(
            begin, threads, most=-(-number // LANES), pace=self.pace, beat=beat,
            is_enough=lambda: bool((steps.reshape(-1, environment.episodes) > 0).all(axis=1).any()),
        )
        self.steps += int(steps.sum(dtype=np.int64))
        return returns, steps

    def _first_steps(self, prepared: KernelInputs) -> int:
        """Return the steps of the clock in the first piece of all; the time that it takes is not known yet.
        """
        kind = self.genome_kind
        weights = max(LEAST_WEIGHTS, kind.number_of_weights, prepared.rows + prepared.program_rows)
        steps: int = FIRST_PIECE // (LANES * weights * max(1, kind.passes))
        return steps

    def kernel(self) -> Callable[..., Any]:
        """Return the kernel for the next call: the specialised one where it pays, else the general one."""
        if self._kernel is None:
            self._kernel = self.general()
            self._special = self.special()
            if self._special is not None and is_on_disk(self._special):
                self._kernel = self._special
        if self._special is not None and self.steps > SPECIAL_AFTER_STEPS:
            self._kernel = self._special
        return self._kernel

    def general(self) -> Callable[..., Any]:
        """Return the kernel for every shape of network; it is compiled at its first call."""
        return compiled(fill_rollouts, _NO_END | self.environment.parts | self.genome_kind.parts)

    def special(self) -> Callable[..., Any] | None:
        """Return the kernel for this shape only, compiled at its first call; None where the kind has none."""
        parts = self.genome_kind.special_parts
        return None if parts is None else compiled(fill_rollouts, _NO_END | self.environment.parts | parts)

    def specialise(self) -> None:
        """Use the kernel of this shape from now on, even if it has to be compiled."""
        self._kernel = self.special() or self.kernel()
        self._special = None
