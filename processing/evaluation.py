"""Agents evaluated in chunks of about a second, with a heartbeat between them. How they are cut changes no bit.

A judge that waits for other processes beats by itself.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

from processing.core.judges import second_evaluations
from processing.core.search.plan import Plan
from processing.core.search.slice_payload import joined_results
from processing.core.types import Evaluations, Failure, Genomes, State
from processing.heartbeat import Heartbeat

CHUNK_SECONDS = 1.0
MOST_AGENTS_AT_FIRST = 1_024
#: Weights times steps that a slow core surely does in a second.
SURE_SPEED = 500_000_000


def evaluate(
    plan: Plan, genomes: Genomes, *, seed: int, generation: int, threads: int, heartbeat: Heartbeat, number: int, origin: int = 0,
    state: State | None = None, seconds: float = math.inf,
) -> Evaluations:
    """What becomes of `number` genomes, the first of which is agent `origin` of its generation; `state` is the judge's.

    Where nobody knows how long environments take, only those of the first agents after so many `seconds`.

    Raises:
        Fenced, Stopping: from the heartbeat.
    """
    if getattr(plan.judge, "beats", False):
        twice = second_evaluations.chosen(
            seed=seed, generation=generation, origin=origin, number=number, population=plan.population_size
        )
        found: Evaluations = plan.judge.evaluate(
            genomes, seed=seed, generation=generation, last=number, origin=origin, threads=threads, state=state, beat=heartbeat,
            seconds=seconds, twice=twice,
        )
        return found
    parts: list[Evaluations] = []
    first, size = 0, _first_chunk(plan)
    while first < number:
        started, last = time.monotonic(), min(first + size, number)
        parts.append(
            plan.judge.evaluate(
                genomes, seed=seed, generation=generation, first=first, last=last, origin=origin, threads=threads,
                state=state,
            )
        )
        first = last
        size = 2 * size if time.monotonic() - started < CHUNK_SECONDS / 2 else max(size // 2, 1)
        heartbeat()
    return parts[0] if len(parts) == 1 else joined_results(parts)


@contextmanager
def attended(plan: Plan, *, threads: int, heartbeat: Heartbeat) -> Iterator[list[Failure]]:
    """While a generation is closed, a judge that must confirm its champion does so on these cores, and beats; the failures
    that it meets there."""
    if not getattr(plan.judge, "beats", False):
        yield []
        return
    with plan.judge.attended(threads=threads, beat=heartbeat) as confirming:
        yield confirming


def _first_chunk(plan: Plan) -> int:
    """Agents that are surely done in a second, however long they live."""
    environment, weights = plan.environment, max(1, plan.genome.number_of_weights)
    effort: int = environment.episodes * environment.max_steps * weights
    return min(max(SURE_SPEED // effort, 1), MOST_AGENTS_AT_FIRST)
