"""Whole generations through a kernel, on threads. No number of threads, and no choice of kernel, changes a bit."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np

from processing.core.kernels.build import compiled, is_on_disk
from processing.core.kernels.lanes import LANES
from processing.core.rollouts.kernel import Rollouts, fill_no_end, fill_rollouts, rollouts_of, workspace
from processing.core.types import Float32Array, Float64Array, Int32Array, Purpose

#: Steps of one shape after which a kernel of its own pays: it saves a fifth of their time and takes some 2 s to
#: compile.
SPECIAL_AFTER_STEPS = 1_000_000_000
#: Replaced by environments whose lives come to something that a judge may ask for.
_NO_END = {"fill_end": fill_no_end}


class Engine:
    """The lives of one genome kind in one environment.

    The general kernel serves every shape of network. One that was compiled for this shape is used where it lies on disk
    already, and is compiled where the run is long enough to gain by it.
    """

    def __init__(self, environment: Any, genome_kind: Any) -> None:
        self.environment, self.genome_kind = environment, genome_kind
        self.steps = 0
        self._kernel: Callable[..., Any] | None = None
        self._special: Callable[..., Any] | None = None
        self._compiled: Callable[..., Any] | None = None

    def rollouts(
        self, genomes: Any, *,
        seed: int, generation: int, purpose: Purpose, first: int, last: int, sampled: bool, threads: int, origin: int = 0,
        ends: Float32Array | None = None,
    ) -> tuple[Float64Array, Int32Array]:
        """Returns and steps, (agents * episodes,), of the episodes of agents first..last-1 in their order.

        `origin` is the index in its generation of the first of these genomes. `ends`, where given, is filled with what each
        life came to, (agents * episodes * environment.ends,).
        """
        kind, environment, kernel = self.genome_kind, self.environment, self.kernel()
        number = (last - first) * environment.episodes
        returns, steps, ticket = np.zeros(number), np.zeros(number, np.int32), np.zeros(1, np.int64)
        prepared, world = kind.prepared(genomes), environment.world
        ends = np.zeros(0, np.float32) if ends is None else ends
        rollouts = rollouts_of(
            environment, kind, seed=seed, generation=generation, purpose=purpose, first=first, last=last, origin=origin,
            sampled=sampled,
        )

        def work(rollouts: Rollouts = rollouts) -> None:
            with np.errstate(all="ignore"):
                kernel(
                    prepared.genomes, prepared.network, world, workspace(environment, prepared), rollouts, ticket, returns, steps,
                    ends,
                )

        if kernel is not self._compiled:  # in this thread, which can say that a compiler goes on
            work(rollouts._replace(number=0))
            self._compiled, ticket[0] = kernel, 0
        on_threads(work, threads, most=-(-number // LANES))
        self.steps += int(steps.sum(dtype=np.int64))
        return returns, steps

    def kernel(self) -> Callable[..., Any]:
        """The kernel for the next lives."""
        if self._kernel is None:
            self._kernel = self.general()
            self._special = self.special()
            if self._special is not None and is_on_disk(self._special):
                self._kernel = self._special
        if self._special is not None and self.steps > SPECIAL_AFTER_STEPS:
            self._kernel = self._special
        return self._kernel

    def general(self) -> Callable[..., Any]:
        """The kernel of every shape."""
        return compiled(fill_rollouts, _NO_END | self.environment.parts | self.genome_kind.parts)

    def special(self) -> Callable[..., Any] | None:
        """The kernel of this shape alone, compiled at its first call; None where there is none."""
        parts = self.genome_kind.special_parts
        return None if parts is None else compiled(fill_rollouts, _NO_END | self.environment.parts | parts)

    def specialise(self) -> None:
        """Use the kernel of this shape from now on, even if it has to be compiled."""
        self._kernel = self.special() or self.kernel()
        self._special = None


def on_threads(work: Callable[[], None], threads: int, *, most: int) -> None:
    """Do the same work in so many threads, at most `most`, this one among them; they share it out by a ticket counter."""
    waiting = [_pool(threads, os.getpid()).submit(work) for _ in range(min(threads, most) - 1)]
    work()
    for one in waiting:
        one.result()


@cache
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """The helpers of this process; a forked child has its own."""
    return ThreadPoolExecutor(threads, thread_name_prefix="engine")
