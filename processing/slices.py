"""Expensive generations are opened and cut by one worker, evaluated in slices by all, and closed by one.

The population is stored before anything is evaluated. No bit depends on which worker evaluates a slice, when,
or how often.
"""

import math
import time
from collections.abc import Iterable, Iterator, Mapping

from django.conf import settings

from database import services, steps
from database.models import EventLevel, EventType, Instance
from database.services import NewEvent, NewSlice, SliceClaim
from processing import claims, dispatch, node, states
from processing.core.evaluations import check, consecutive, joined_results, lost, part_of, whole
from processing.core.search import checkpoint as checkpoints
from processing.core.search.plan import Plan
from processing.core.search.slice_payload import (
    MOST_SLICES,
    EqualTo,
    joined,
    pack_equal,
    pack_results,
    pack_slice,
    unpack_results,
    unpack_slice,
)
from processing.core.types import Evaluations, Population, State
from processing.heartbeat import Heartbeat, StepEnd
from processing.run import Run

#: Bytes of slices that one transaction writes, about.
BATCH_BYTES = 8_000_000
#: Agents that were evaluated in no time count as having taken so long.
LEAST_SECONDS = 0.001

#: Consecutive agents: the first, the one after the last, and their results; None where they have none.
_Run = tuple[int, int, Evaluations | None]


def cut_singly(
    plan: Plan, population: Population, known: Mapping[int, Evaluations]
) -> Iterator[NewSlice]:
    """Yield each agent in a slice of its own, to be evaluated in the judge's order.

    Those whose results are known have them; those that are equal to earlier agents say to which.
    """
    originals = plan.judge.originals(population.genomes)
    places = {agent: place for place, agent in enumerate(plan.judge.by_cost(population.genomes))}
    for agent in range(len(population)):
        results = None
        if agent in known:
            results = pack_results(known[agent], plan.genome)
        elif originals[agent] != agent:
            results = pack_equal(int(originals[agent]), plan.genome)
        packed = pack_slice(population, agent, agent + 1, plan.genome)
        yield NewSlice(agent, agent + 1, packed, results, places[agent])


def cut(
    plan: Plan, population: Population, size: int, *, first: int = 0, last: int | None = None, origin: int = 0
) -> Iterator[NewSlice]:
    """Yield agents first..last-1 of the population in slices of at most `size` agents.

    Args:
        last: all up to the last agent where None.
        origin: index in its generation of the population's first agent.
    """
    last = len(population) if last is None else last
    for start in range(first, last, size):
        end = min(start + size, last)
        yield NewSlice(origin + start, origin + end, pack_slice(population, start, end, plan.genome))


def begun(
    plan: Plan, population: Population, evaluations: Evaluations, *, seconds: float, room: int,
    origin: int = 0
) -> Iterator[NewSlice]:
    """Yield slices of the agents that were evaluated in a turn, with their results, and of the others.

    The others are cut into slices that take about a turn each, or longer where there is no room for so many.

    Args:
        evaluations: results of some agents of the population.
        seconds: how long these took.
        room: slices without results at most; one more where no result could be kept otherwise.
        origin: index in its generation of the population's first agent.
    """
    runs = _in_room(list(consecutive(evaluations, len(population))), room)
    open_runs = [last - first for first, last, found in runs if found is None]
    a_turn = int(len(evaluations) * settings.SHIFT_SECONDS / max(seconds, LEAST_SECONDS))
    for_room = math.ceil(sum(open_runs) / max(1, room - len(open_runs)))
    most = max(1, BATCH_BYTES // max(1, plan.genome.bytes_per_weight * plan.genome.number_of_weights))
    for first, last, found in runs:
        if found is None:
            size = max(for_room, min(max(a_turn, 1), most))
            yield from cut(plan, population, size, first=first, last=last, origin=origin)
            continue
        for start in range(first, last, most):
            end = min(start + most, last)
            results = pack_results(part_of(found, start - first, end - first), plan.genome)
            yield NewSlice(
                origin + start, origin + end, pack_slice(population, start, end, plan.genome), results
            )


def _in_room(runs: list[_Run], room: int) -> list[_Run]:
    """Return the same runs of agents, with no more than `room` of them open, or two.

    Where there are more, results between open runs are given up, the shortest runs first. The longest one is
    kept where there would be no results else.
    """
    runs = list(runs)
    while sum(found is None for _, _, found in runs) > max(room, 1):
        inner = [place for place in range(1, len(runs) - 1) if runs[place][2] is not None]
        if len(inner) == 1 and sum(found is not None for _, _, found in runs) == 1:
            break
        shortest = min(inner, key=lambda place: runs[place][1] - runs[place][0])
        runs[shortest - 1 : shortest + 2] = [(runs[shortest - 1][0], runs[shortest + 1][1], None)]
    return runs


def with_last(batches: Iterator[list[NewSlice]]) -> Iterator[tuple[list[NewSlice], bool]]:
    """Yield each batch, and whether it is the last one."""
    following = next(batches, None)
    while following is not None:
        batch, following = following, next(batches, None)
        yield batch, following is None


def in_batches(new_slices: Iterable[NewSlice]) -> Iterator[list[NewSlice]]:
    """Yield the slices in groups of about BATCH_BYTES."""
    batch: list[NewSlice] = []
    size = 0
    for each in new_slices:
        batch.append(each)
        size += len(each.population) + len(each.results or b"")
        if size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def gathered(plan: Plan, instance: Instance) -> tuple[Population, Evaluations]:
    """Return the generation that was evaluated in slices.

    Raises:
        Broken: a slice cannot be read.
    """
    rows = steps.evaluated_slices(instance.pk)
    populations = [unpack_slice(bytes(row.population), plan.genome) for row in rows]
    results = {row.first: unpack_results(bytes(row.results), plan.genome) for row in rows}
    return joined(populations, plan.genome), joined_results(list(_resolved(plan, results)))


def _resolved(plan: Plan, results: Mapping[int, Evaluations | EqualTo]) -> Iterator[Evaluations]:
    """Yield the results of slices in order, those of equal agents in the place of what names these."""
    for each in results.values():
        if isinstance(each, EqualTo):
            original = results[each.agent]
            assert not isinstance(original, EqualTo)
            yield plan.judge.as_known(original)
        else:
            yield each


def work_on(claim: SliceClaim, run: Run, heartbeat: Heartbeat) -> StepEnd:
    """Evaluate a claimed slice and store its results; split it where workers died at it.

    Raises:
        Fenced, Stopping: nothing was stored.
    """
    number, plan = claim.last - claim.first, run.plan
    if number > 1 and claims.is_poisoned(claim):
        _split(claim, plan)
        return StepEnd.GOES_ON
    if number == 1 and is_given_up(claim, plan):
        return StepEnd.GOES_ON
    population = unpack_slice(population_of(claim), plan.genome)
    began = time.monotonic()
    evaluations = plan.judge.evaluate(
        population.genomes, seed=run.instance.seed, generation=claim.generation, origin=claim.first,
        threads=run.threads, beat=heartbeat, state=_judge_state(claim, plan), population=plan.population_size,
    )
    check(evaluations, number, may_be_fewer=True)
    evaluations = whole(evaluations, number)
    if len(evaluations) < number:
        _leave_the_rest(claim, plan, population, evaluations, seconds=time.monotonic() - began)
    else:
        store(claim, pack_results(evaluations, plan.genome))
    return StepEnd.GOES_ON


def _leave_the_rest(
    claim: SliceClaim, plan: Plan, population: Population, evaluations: Evaluations, *, seconds: float
) -> None:
    """Store the results of the agents that were evaluated, and leave the others; the turn is over."""
    with claims.fenced(claim) as instance:
        room = MOST_SLICES + 1 - (instance.pending_slices or 0)
        new_slices = list(
            begun(plan, population, evaluations, seconds=seconds, room=room, origin=claim.first)
        )
        services.split_slice(instance=instance, claim=claim, slices=new_slices)
        event = states.paused(instance)
        services.finish_commit(instance=instance, events=[event] if event else [])
    node.count(commits=1, evaluations=len(evaluations))


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
    with claims.fenced(claim) as instance:
        services.split_slice(instance=instance, claim=claim, slices=single)
        event = NewEvent(EventType.NOTE, message, EventLevel.WARNING, claim.generation)
        services.finish_commit(instance=instance, events=[event])
    dispatch.wake()


def population_of(claim: SliceClaim) -> bytes:
    """Return the packed agents of a claimed slice."""
    return steps.population_of(claim.slice_id)


def is_given_up(claim: SliceClaim, plan: Plan) -> bool:
    """Whether no worker survives the evaluation of a slice's only agent, which has failed then.

    The run goes on without it.
    """
    if not claims.is_given_up(claim):
        return False
    message = f"Agent {claim.first} failed: no worker survived its evaluation."
    event = NewEvent(
        EventType.NOTE, message, EventLevel.ERROR, claim.generation,
        data={"index": claim.first, "failure": "WORKER_LOST"}
    )
    store(claim, pack_results(lost(1), plan.genome), event)
    return True


def store(claim: SliceClaim, results: bytes, failure: NewEvent | None = None) -> None:
    """Store the results of a slice; a failure that a machine decided ends the run's reproducibility.

    Where the database does not answer, the error is raised: the commit is found done later, or the slice is
    evaluated again to the same bits.
    """
    with claims.fenced(claim) as instance:
        services.store_results(instance=instance, claim=claim, results=results)
        instance.reproducible = instance.reproducible and failure is None
        event = states.paused(instance)
        services.finish_commit(instance=instance, events=[each for each in (failure, event) if each])
    node.count(commits=1, evaluations=claim.last - claim.first)
