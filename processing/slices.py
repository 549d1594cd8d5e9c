"""Expensive generations: opened and cut by one worker, evaluated slice by slice by all, gathered by another.

The population is written before anything is evaluated. Which worker evaluates a slice, when, and how often changes no bit.
"""

import math
from collections.abc import Iterator

from database import services, steps
from database.models import EventLevel, EventType, Instance
from database.services import NewEvent, NewSlice, SliceClaim
from processing import announcements, claims, dispatch, node
from processing.core.search import checkpoint as checkpoints
from processing.core.search.plan import Plan
from processing.core.search.slice_payload import (
    joined,
    joined_results,
    lost,
    pack_results,
    pack_slice,
    unpack_results,
    unpack_slice,
)
from processing.core.types import Evaluations, Population, State
from processing.evaluation import evaluate
from processing.heartbeat import Heartbeat
from processing.run import Run

#: An environment of unknown speed gets so long a turn; what is left then is cut into slices that take as long.
SECONDS = 10.0
#: Into so many slices at most.
MOST_SLICES = 1_000


def cut(plan: Plan, population: Population, size: int, *, first: int = 0, origin: int = 0) -> Iterator[NewSlice]:
    """The population from `first` on, in slices of at most so many agents; its first is agent `origin` of the generation."""
    for start in range(first, len(population), size):
        last = min(start + size, len(population))
        yield NewSlice(origin + start, origin + last, pack_slice(population, start, last, plan.genome))


def begun(plan: Plan, population: Population, evaluations: Evaluations, *, origin: int = 0) -> Iterator[NewSlice]:
    """A slice of the first agents, with what became of them; the others in slices that take as long."""
    number = len(evaluations)
    done = pack_slice(population, 0, number, plan.genome)
    yield NewSlice(origin, origin + number, done, pack_results(evaluations, plan.genome))
    size = max(number, math.ceil((len(population) - number) / MOST_SLICES))
    yield from cut(plan, population, size, first=number, origin=origin)


def gathered(plan: Plan, instance: Instance) -> tuple[Population, Evaluations]:
    """The generation that was evaluated in slices. Raises Broken where one cannot be read."""
    rows = steps.evaluated_slices(instance.pk)
    populations = [unpack_slice(bytes(row.population), plan.genome) for row in rows]
    results = [unpack_results(bytes(row.results), plan.genome) for row in rows]
    return joined(populations, plan.genome), joined_results(results)


def work_on(claim: SliceClaim, run: Run, heartbeat: Heartbeat) -> None:
    """Evaluate a claimed slice and store what became of its agents; take it apart where workers died of it.

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
    evaluations = evaluate(
        plan, population.genomes, seed=run.instance.seed, generation=claim.generation, origin=claim.first,
        number=number, threads=run.threads, heartbeat=heartbeat, state=_judge_state(claim, plan), seconds=SECONDS,
    )
    if len(evaluations) < number:
        _leave_the_rest(claim, plan, population, evaluations)
        return
    _commit(claim, pack_results(evaluations, plan.genome))


def _leave_the_rest(claim: SliceClaim, plan: Plan, population: Population, evaluations: Evaluations) -> None:
    """The time of this step is up: what became of the first agents is stored, the others are slices of that size."""
    services.split_slice(claim=claim, parts=list(begun(plan, population, evaluations, origin=claim.first)))
    node.count(commits=1, evaluations=len(evaluations))
    announcements.announce_next(claim.instance_id)


def _judge_state(claim: SliceClaim, plan: Plan) -> State:
    """What the judge remembers of the generations before; not looked up for those that remember nothing."""
    state: State = plan.judge.begin()
    data = steps.newest_checkpoint(claim.instance_id) if state else None
    return state if data is None else checkpoints.unpack(data, plan.genome).judge


def _split(claim: SliceClaim, plan: Plan) -> None:
    """Workers died of one of these agents: each gets a slice of its own."""
    population = unpack_slice(steps.population_of(claim.slice_id), plan.genome)
    parts = [
        NewSlice(claim.first + index, claim.first + index + 1, pack_slice(population, index, index + 1, plan.genome))
        for index in range(len(population))
    ]
    message = f"Workers died of agents {claim.first} to {claim.last - 1}; they are evaluated one by one."
    services.split_slice(
        claim=claim, parts=parts, event=NewEvent(EventType.NOTE, message, EventLevel.WARNING, claim.generation)
    )
    announcements.announce([claim.instance_id])


def _give_up(claim: SliceClaim, plan: Plan) -> None:
    """No worker survives this agent: it has failed, and the run goes on without it."""
    message = f"Agent {claim.first} failed: no worker survived its evaluation."
    event = NewEvent(
        EventType.NOTE, message, EventLevel.ERROR, claim.generation, data={"index": claim.first, "failure": "WORKER_LOST"}
    )
    _commit(claim, pack_results(lost(1), plan.genome), event)


def _commit(claim: SliceClaim, results: bytes, trouble: NewEvent | None = None) -> None:
    """Store the results; whoever stores the last ones of a generation sends its run on.

    A commit that was not answered raises: it is found done, or the slice is evaluated again to the same bits.
    """
    events = [] if trouble is None else [trouble]
    if services.commit_slice(claim=claim, results=results, events=events, chance=trouble is not None):
        dispatch.advance(claim.instance_id)
    else:
        announcements.announce_next(claim.instance_id)
    node.count(commits=1, evaluations=claim.last - claim.first)
