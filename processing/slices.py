"""Expensive generations are opened and cut by one worker, evaluated in slices by all, and closed by one.

The population is stored before anything is evaluated. No bit depends on which worker evaluates a slice, when,
or how often.
"""

import math
from collections.abc import Iterator

from database import services, steps
from database.models import EventLevel, EventType, Instance
from database.services import NewEvent, NewSlice, SliceClaim
from processing import announcements, claims, dispatch, node
from processing.core.evaluations import check, joined_results, lost
from processing.core.search import checkpoint as checkpoints
from processing.core.search.plan import Plan
from processing.core.search.slice_payload import (
    joined,
    pack_results,
    pack_slice,
    unpack_results,
    unpack_slice,
)
from processing.core.types import Evaluations, Population, State
from processing.heartbeat import Heartbeat
from processing.run import Run

#: The turn of an environment of unknown speed; the agents that are left are cut into slices that take as
#: long.
SECONDS = 10.0
#: Slices of a generation at most.
MOST_SLICES = 1_000


def cut(
    plan: Plan, population: Population, size: int, *, first: int = 0, origin: int = 0
) -> Iterator[NewSlice]:
    """Yield the population from `first` on in slices of at most `size` agents.

    Args:
        origin: index in its generation of the population's first agent.
    """
    for start in range(first, len(population), size):
        last = min(start + size, len(population))
        yield NewSlice(origin + start, origin + last, pack_slice(population, start, last, plan.genome))


def begun(
    plan: Plan, population: Population, evaluations: Evaluations, *, origin: int = 0
) -> Iterator[NewSlice]:
    """Yield a slice of the first agents with their results, then the others in slices that take as long.

    Args:
        evaluations: results of the first agents of the population.
        origin: index in its generation of the population's first agent.
    """
    number = len(evaluations)
    done = pack_slice(population, 0, number, plan.genome)
    yield NewSlice(origin, origin + number, done, pack_results(evaluations, plan.genome))
    size = max(number, math.ceil((len(population) - number) / MOST_SLICES))
    yield from cut(plan, population, size, first=number, origin=origin)


def gathered(plan: Plan, instance: Instance) -> tuple[Population, Evaluations]:
    """Return the generation that was evaluated in slices.

    Raises:
        Broken: a slice cannot be read.
    """
    rows = steps.evaluated_slices(instance.pk)
    populations = [unpack_slice(bytes(row.population), plan.genome) for row in rows]
    results = [unpack_results(bytes(row.results), plan.genome) for row in rows]
    return joined(populations, plan.genome), joined_results(results)


def work_on(claim: SliceClaim, run: Run, heartbeat: Heartbeat) -> None:
    """Evaluate a claimed slice and store its results; split it where workers died at it.

    Raises:
        Fenced, Stopping: nothing was stored.
    """
    number, plan = claim.last - claim.first, run.plan
    if number > 1 and claims.is_poisoned(claim):
        _split(claim, plan)
        return
    if number == 1 and claims.is_given_up(claim):
        _give_up(claim, plan)
        return
    population = unpack_slice(steps.population_of(claim.slice_id), plan.genome)
    evaluations = plan.judge.evaluate(
        population.genomes, seed=run.instance.seed, generation=claim.generation, origin=claim.first,
        threads=run.threads, beat=heartbeat, state=_judge_state(claim, plan), seconds=SECONDS,
        population=plan.population_size,
    )
    check(evaluations, number, may_be_fewer=True)
    if len(evaluations) < number:
        _leave_the_rest(claim, plan, population, evaluations)
        return
    _commit(claim, pack_results(evaluations, plan.genome))


def _leave_the_rest(claim: SliceClaim, plan: Plan, population: Population, evaluations: Evaluations) -> None:
    """Store the results of the first agents, and the others as slices of that size; the step's time is up."""
    services.split_slice(claim=claim, slices=list(begun(plan, population, evaluations, origin=claim.first)))
    node.count(commits=1, evaluations=len(evaluations))
    announcements.announce_next(claim.instance_id)


def _judge_state(claim: SliceClaim, plan: Plan) -> State:
    """Return the judge's state after the generations before; not read for judges without a state."""
    state = plan.judge.begin()
    data = steps.newest_checkpoint(claim.instance_id) if plan.judge.has_state else None
    return state if data is None else checkpoints.unpack(data, plan.genome).judge


def _split(claim: SliceClaim, plan: Plan) -> None:
    """Give each agent a slice of its own, as workers died at one of them."""
    population = unpack_slice(steps.population_of(claim.slice_id), plan.genome)
    single = [
        NewSlice(
            claim.first + index, claim.first + index + 1,
            pack_slice(population, index, index + 1, plan.genome)
        )
        for index in range(len(population))
    ]
    message = f"Workers died of agents {claim.first} to {claim.last - 1}; they are evaluated one by one."
    services.split_slice(
        claim=claim, slices=single,
        event=NewEvent(EventType.NOTE, message, EventLevel.WARNING, claim.generation)
    )
    announcements.announce([claim.instance_id])


def _give_up(claim: SliceClaim, plan: Plan) -> None:
    """Fail an agent whose evaluation no worker survived; the run goes on without it."""
    message = f"Agent {claim.first} failed: no worker survived its evaluation."
    event = NewEvent(
        EventType.NOTE, message, EventLevel.ERROR, claim.generation,
        data={"index": claim.first, "failure": "WORKER_LOST"}
    )
    _commit(claim, pack_results(lost(1), plan.genome), event)


def _commit(claim: SliceClaim, results: bytes, failure: NewEvent | None = None) -> None:
    """Store the results; after the last slice of a generation the run is announced.

    Where the database does not answer, the error is raised: the commit is found done later, or the slice is
    evaluated again to the same bits.
    """
    events = [] if failure is None else [failure]
    if services.commit_slice(claim=claim, results=results, events=events, chance=failure is not None):
        dispatch.advance(claim.instance_id)
    else:
        announcements.announce_next(claim.instance_id)
    node.count(commits=1, evaluations=claim.last - claim.first)
