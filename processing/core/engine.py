"""Whole generations through a kernel, on threads. No number of threads, and no choice of kernel, changes a bit."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np

from processing.core.build import compiled, is_on_disk
from processing.core.lanes import LANES
from processing.core.rng import derive_prefix
from processing.core.rollout import Lives, rollout, workspace
from processing.core.types import Float64Array, Int32Array, Purpose

#: Steps of one shape after which a kernel of its own pays: it saves a fifth of their time and takes some 2 s to
#: compile.
SPECIAL_AFTER_STEPS = 1_000_000_000


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

    def lives(
        self, genomes: Any, *,
        seed: int, generation: int, purpose: Purpose, first: int, last: int, sampled: bool, threads: int, origin: int = 0,
    ) -> tuple[Float64Array, Int32Array]:
        """Returns and steps, (agents * episodes,), of the episodes of agents first..last-1 in their order.

        `origin` is the index in its generation of the first of these genomes.
        """
        kind, environment, kernel = self.genome_kind, self.environment, self.kernel()
        number = (last - first) * environment.episodes
        returns, steps, ticket = np.zeros(number), np.zeros(number, np.int32), np.zeros(1, np.int64)
        prepared, world = kind.prepared(genomes), environment.world
        is_fresh = purpose != Purpose.EPISODE
        lives = Lives(
            number=number, episodes=environment.episodes, first=first, origin=origin,
            policy=np.uint64(derive_prefix(seed, purpose if is_fresh else Purpose.POLICY, generation)),
            starts=np.uint64(derive_prefix(seed, Purpose.FRESH_START if is_fresh else Purpose.EPISODE, generation)),
            common=environment.has_common_episodes and not is_fresh, sampled=sampled, outputs=environment.outputs,
            range=int(kind.output_range), limit=environment.max_steps,
        )

        def work() -> None:
            with np.errstate(all="ignore"):
                kernel(
                    prepared.genomes, prepared.network, world, workspace(environment, prepared), lives, ticket, returns, steps
                )

        helpers = min(threads, -(-number // LANES)) - 1
        waiting = [_pool(threads, os.getpid()).submit(work) for _ in range(helpers)]
        work()
        for one in waiting:
            one.result()
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
        return compiled(rollout, self.environment.parts | self.genome_kind.parts)

    def special(self) -> Callable[..., Any] | None:
        """The kernel of this shape alone, compiled at its first call; None where there is none."""
        parts = self.genome_kind.special_parts
        return None if parts is None else compiled(rollout, self.environment.parts | parts)

    def specialise(self) -> None:
        """Use the kernel of this shape from now on, even if it has to be compiled."""
        self._kernel = self.special() or self.kernel()
        self._special = None


@cache
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """The helpers of this process; a forked child has its own."""
    return ThreadPoolExecutor(threads, thread_name_prefix="engine")
