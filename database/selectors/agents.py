"""Agents, read from the packed scalars of their generations, whether or not they are stored as rows.

An agent is addressed by (instance, generation, index). Blocks of scalars are read a few at a time, and only
those that can contain matching agents. For each block at most one page of Python objects is created.
"""

import heapq
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any

import numpy as np
from django.db.models import F, Q

from database.models import Generation, Instance, SpeciesSnapshot
from database.selectors.blocks import (
    AgentFilter,
    AgentRecord,
    Block,
    block_of,
    blocks_of,
    rows_with_scalars,
)
from database.selectors.generations import at
from database.selectors.paging import BadCursor, Cursor, Page

#: Maximum number of agents that are searched to count filtered ones.
MOST_COUNTED = 100_000

Address = tuple[int, int, int]  # (instance, generation, index)


class AgentOrder(StrEnum):
    """Sort key of agents; ties are sorted by generation and index, agents without a fitness come last."""

    INDEX = "INDEX"  # generation, then index
    FITNESS = "FITNESS"


def agent(instance_id: int, generation: int, index: int) -> AgentRecord | None:
    """Return the agent at this address; None where there is none."""
    address = (instance_id, generation, index)
    return agents_at([address]).get(address)


def agents_at(addresses: Iterable[Address]) -> dict[Address, AgentRecord]:
    """Return the agents that exist at these addresses, with one statement."""
    indices: dict[tuple[int, int], set[int]] = {}
    for instance_id, number, index in addresses:
        indices.setdefault((instance_id, number), set()).add(index)
    if not indices:
        return {}
    found = {}
    for block in map(block_of, rows_with_scalars().filter(at(indices))):
        for index in indices[block.instance_id, block.number]:
            if 0 <= index < len(block.scalars):
                found[block.instance_id, block.number, index] = block.record(index)
    return found


def champion(instance: Instance) -> AgentRecord | None:
    """Return the champion of the run so far; None before there is one."""
    if instance.champion_generation is None or instance.champion_index is None:
        return None
    return agent(instance.pk, instance.champion_generation, instance.champion_index)


def champions(instance_id: int, *, first: int = 20, after: Cursor | None = None) -> Page[AgentRecord]:
    """Return the champion of each generation, in the order of generations."""
    return agents(instance_id, filter=AgentFilter(champions_only=True), first=first, after=after)


def agents(
    instance_id: int, *, filter: AgentFilter | None = None, order: AgentOrder = AgentOrder.INDEX,
    descending: bool = False, first: int = 20, after: Cursor | None = None,
) -> Page[AgentRecord]:
    """Return agents of a run; `generation_from` and `generation_to` of the filter restrict the generations.

    Raises:
        BadCursor: the cursor belongs to another order.
    """
    filter = filter or AgentFilter()
    if order == AgentOrder.INDEX:
        places = _by_index(instance_id, filter, descending, first + 1, _place(after, 2))
        return _page([((block.number, index), block, index) for block, index in places], first)
    place = _place(after, 3)
    entries = _by_fitness(instance_id, filter, descending, first + 1, place)
    if len(entries) <= first:
        entries += _failed(instance_id, filter, first + 1 - len(entries), place)
    return _page(entries, first)


def count_agents(instance_id: int, filter: AgentFilter | None = None) -> int | None:
    """Count agents; None where they are filtered and more than MOST_COUNTED would have to be searched."""
    filter = filter or AgentFilter()
    rows = _candidates(instance_id, filter).values_list("number", "size", "champion_index")
    sizes: list[tuple[int, int, int | None]] = list(rows)
    if filter == AgentFilter(generation_from=filter.generation_from, generation_to=filter.generation_to):
        return sum(size for _, size, _ in sizes)
    if filter == AgentFilter(
        True, generation_from=filter.generation_from, generation_to=filter.generation_to
    ):
        return sum(champion is not None for *_, champion in sizes)
    if sum(size for _, size, _ in sizes) > MOST_COUNTED:
        return None
    blocks = blocks_of(instance_id, [number for number, *_ in sizes])
    return sum(int(np.count_nonzero(block.matches(filter))) for block in blocks)


def offspring(
    instance_id: int, generation: int, index: int, *, first: int = 20, after: Cursor | None = None
) -> Page[AgentRecord]:
    """Return the children of an agent in later generations, by generation and index."""
    start = _place(after, 2)
    later = Generation.objects.filter(
        instance=instance_id, number__gt=max(generation, start[0] - 1 if start else 0)
    )
    numbers = list(later.order_by("number").values_list("number", flat=True))
    found: list[tuple[Cursor, Block, int]] = []
    for block in blocks_of(instance_id, numbers):
        children = block.children_of(generation, index)
        if start and block.number == start[0]:
            children = children[children > start[1]]
        found += [
            ((block.number, child), block, child) for child in children[: first + 1 - len(found)].tolist()
        ]
        if len(found) > first:
            break
    return _page(found, first)


def _by_index(
    instance_id: int, filter: AgentFilter, descending: bool, count: int, place: tuple[Any, ...] | None
) -> Iterator[tuple[Block, int]]:
    """Yield the first `count` agents after the place, generation by generation."""
    rows = _candidates(instance_id, filter)
    if place is not None:
        rows = rows.filter(**{f"number__{'lte' if descending else 'gte'}": place[0]})
    numbers = rows.order_by("-number" if descending else "number").values_list("number", flat=True)
    for block in blocks_of(instance_id, list(numbers)):
        indices = np.flatnonzero(block.matches(filter))
        if place is not None and block.number == place[0]:
            indices = indices[indices < place[1]] if descending else indices[indices > place[1]]
        for index in (indices[::-1] if descending else indices)[:count].tolist():
            yield block, index
            count -= 1
        if count <= 0:
            return


def _by_fitness(
    instance_id: int, filter: AgentFilter, descending: bool, count: int, place: tuple[Any, ...] | None
) -> list[tuple[Cursor, Block, int]]:
    """Return the first `count` agents after the place that have a fitness, ordered by it.

    Generations are read in the order of their best (or worst) agent. Reading stops at the first generation
    whose best (or worst) agent cannot be among the first `count`.
    """
    if place is not None and place[0] is None:
        return []
    sign, edge = (-1.0, "best") if descending else (1.0, "worst")
    rows = _candidates(instance_id, filter).exclude(best=None)
    if place is not None:
        rows = rows.filter(worst__lte=place[0]) if descending else rows.filter(best__gte=place[0])
    edges = dict(rows.order_by(F(edge).desc() if descending else F(edge).asc()).values_list("number", edge))
    found: list[tuple[tuple[float, int, int], Block]] = []
    for block in blocks_of(instance_id, list(edges)):
        if len(found) == count and sign * edges[block.number] > found[-1][0][0]:
            break
        keys = sign * block.scalars.fitness
        mask = block.matches(filter) & ~np.isnan(keys)
        if place is not None:
            is_after = (
                np.arange(len(keys)) > place[2] if block.number == place[1] else block.number > place[1]
            )
            mask &= (keys > sign * place[0]) | ((keys == sign * place[0]) & is_after)
        indices = np.flatnonzero(mask)
        best = indices[np.argsort(keys[indices], kind="stable")[:count]].tolist()
        new = [((float(keys[index]), block.number, index), block) for index in best]
        found = heapq.nsmallest(count, [*found, *new], key=lambda entry: entry[0])
    return [((sign * key, number, index), block, index) for (key, number, index), block in found]


def _failed(
    instance_id: int, filter: AgentFilter, count: int, place: tuple[Any, ...] | None
) -> list[tuple[Cursor, Block, int]]:
    """Return the first `count` failed agents after the place; they follow the agents with a fitness."""
    rows = _candidates(instance_id, filter).filter(failed__gt=0).order_by("number")
    start = place[1:] if place is not None and place[0] is None else None
    if start:
        rows = rows.filter(number__gte=start[0])
    found: list[tuple[Cursor, Block, int]] = []
    for block in blocks_of(instance_id, list(rows.values_list("number", flat=True))):
        indices = np.flatnonzero(block.matches(filter) & np.isnan(block.scalars.fitness))
        if start and block.number == start[0]:
            indices = indices[indices > start[1]]
        found += [
            ((None, block.number, index), block, index) for index in indices[: count - len(found)].tolist()
        ]
        if len(found) >= count:
            break
    return found


def _candidates(instance_id: int, filter: AgentFilter) -> Any:
    """Select the generations that may have matching agents."""
    conditions = Q(instance=instance_id)
    if filter.generation_from is not None:
        conditions &= Q(number__gte=filter.generation_from)
    if filter.generation_to is not None:
        conditions &= Q(number__lte=filter.generation_to)
    if filter.minimum_fitness is not None:
        conditions &= Q(best__gte=filter.minimum_fitness)
    if filter.maximum_fitness is not None:
        conditions &= Q(worst__lte=filter.maximum_fitness)
    if filter.species is not None:
        own = SpeciesSnapshot.objects.filter(instance=instance_id, number=filter.species)
        conditions &= Q(number__in=own.values("generation"))
    if filter.failed:
        conditions &= Q(failed__gt=0)
    return Generation.objects.filter(conditions)


def _page(entries: list[tuple[Cursor, Block, int]], first: int) -> Page[AgentRecord]:
    shown = entries[:first]
    items = [block.record(index) for _, block, index in shown]
    return Page(items, [cursor for cursor, *_ in shown], len(entries) > first)


def _place(after: Cursor | None, length: int) -> tuple[Any, ...] | None:
    """Check a cursor: (generation, index), or (fitness, generation, index) where `length` is 3."""
    if after is None:
        return None
    *fitness, number, index = after if len(after) == length else ("", "", "")
    is_whole = type(number) is int and type(index) is int and max(number, index) < 2**31
    if not is_whole or not all(each is None or type(each) in (int, float) for each in fitness):
        raise BadCursor(f"expected a cursor of this order, got {after!r:.80}")
    return tuple(after)
