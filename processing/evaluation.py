"""Agents are evaluated in batches of about a second, with a heartbeat between them.

The batch size changes no bit.

A judge that waits for other processes calls the heartbeat itself.
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
#: Weights times steps that even a slow core does in a second.
SURE_SPEED = 500_000_000


def evaluate(
    plan: Plan, genomes: Genomes, *, seed: int, generation: int, threads: int, heartbeat: Heartbeat,
    number: int, origin: int = 0, state: State | None = None, seconds: float = math.inf,
) -> Evaluations:
    """Evaluate `number` genomes.

    Args:
        genomes: the genomes of consecutive agents of one generation.
        origin: index in its generation of the first of these agents.
        state: what the judge remembers of earlier generations.
        seconds: an environment of unknown speed begins no further agent after so long; the result then covers
            the first agents only.
    Raises:
        Fenced, Stopping: from the heartbeat.
    """
    if getattr(plan.judge, "beats", False):
        twice = second_evaluations.chosen(
            seed=seed, generation=generation, origin=origin, number=number, population=plan.population_size
        )
        found: Evaluations = plan.judge.evaluate(
            genomes, seed=seed, generation=generation, last=number, origin=origin, threads=threads,
            state=state, beat=heartbeat, seconds=seconds, twice=twice,
        )
        return found
    batches: list[Evaluations] = []
    first, size = 0, _first_batch(plan)
    while first < number:
        started, last = time.monotonic(), min(first + size, number)
        batches.append(
            plan.judge.evaluate(
                genomes, seed=seed, generation=generation, first=first, last=last, origin=origin,
                threads=threads, state=state,
            )
        )
        first = last
        size = 2 * size if time.monotonic() - started < CHUNK_SECONDS / 2 else max(size // 2, 1)
        heartbeat()
    return batches[0] if len(batches) == 1 else joined_results(batches)


@contextmanager
def attended(plan: Plan, *, threads: int, heartbeat: Heartbeat) -> Iterator[list[Failure]]:
    """Let the judge confirm a champion on these cores, with this heartbeat, while a generation is closed.

    Yields the failures of the confirming episodes; the list is filled inside the context.
    """
    if not getattr(plan.judge, "beats", False):
        yield []
        return
    with plan.judge.attended(threads=threads, beat=heartbeat) as confirming:
        yield confirming


def _first_batch(plan: Plan) -> int:
    """Return a number of agents that are evaluated within a second, however long their episodes are."""
    environment, weights = plan.environment, max(1, plan.genome.number_of_weights)
    effort: int = environment.episodes * environment.max_steps * weights
    return min(max(SURE_SPEED // effort, 1), MOST_AGENTS_AT_FIRST)
