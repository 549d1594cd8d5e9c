"""Searches in the bare core: plans from documents, and their generations one after another."""

import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from formatting.parse import parse
from processing.core.environments.foreign.lookup import Lookup
from processing.core.limits import Limits
from processing.core.search import generation as generations
from processing.core.search.checkpoint import Checkpoint
from processing.core.search.generation import GenerationResult
from processing.core.search.plan import Plan, plan_of
from processing.core.types import StopReason
from staging.stage import stage
from staging.staged_item import StagedItem


class Solved(NamedTuple):
    """How a search ended."""

    solved: bool
    evaluations: int
    seconds: float  # of CPU


def plan(document: dict[str, Any]) -> Plan:
    """Return the plan of a work item's document."""
    return staged_plan(document)[1]


def staged_plan(document: dict[str, Any], *, modules: Sequence[str] = ()) -> tuple[StagedItem, Plan]:
    """Stage a document, with the environments of these modules registered.

    Returns:
        The staged item and its plan.
    """
    item = stage(parse(document), Limits(), known=Lookup(None, modules))
    return item, plan_of(item.spec, item.facts)


def generation(a_plan: Plan, checkpoint: Checkpoint, *, seed: int, threads: int = 1) -> GenerationResult:
    """Open, evaluate and close one generation, on so many threads or processes."""
    population = generations.open_generation(a_plan, checkpoint, seed=seed)
    evaluations = a_plan.judge.evaluate(
        population.genomes, seed=seed, generation=checkpoint.next_generation, state=checkpoint.judge,
        threads=threads
    )
    return generations.close_generation(
        a_plan, checkpoint, population, evaluations, seed=seed, threads=threads
    )


def closed_generations(a_plan: Plan, *, seed: int, threads: int = 1) -> Iterator[GenerationResult]:
    """Yield one generation after the other, to the end of the run."""
    checkpoint, stop = generations.begin(a_plan), None
    while stop is None:
        closed = generation(a_plan, checkpoint, seed=seed, threads=threads)
        checkpoint, stop = closed.checkpoint, closed.stop
        yield closed


def solved(a_plan: Plan, *, seed: int) -> Solved:
    """Run a search to its end; evaluations are counted up to the winner in the last generation."""
    started = time.process_time()
    *_, last = closed_generations(a_plan, seed=seed)
    return Solved(
        last.stop == StopReason.FITNESS_REACHED,
        a_plan.population_size * last.number + (last.champion or 0) + 1,
        time.process_time() - started,
    )
