"""Agents, read from the packed scalars of their generations: all of every run, whatever was recorded as rows.

An agent is addressed by (instance, generation, index). Blocks of scalars are read a few at a time, and only those that can
hold what is asked for; no more Python objects are made than a page has rows for each block.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from django.db.models import BinaryField, F, Q
from django.db.models.functions import Length, Substr
from numpy.typing import NDArray

from database import packing
from database.models import Agent, Checkpoint, Generation, Instance
from database.selectors.generations import at
from database.selectors.paging import BadCursor, Cursor, Page

#: Generations whose scalars are read in one statement.
BLOCKS_AT_ONCE = 16
#: Agents above which filtered ones are not counted.
MOST_COUNTED = 100_000

Address = tuple[int, int, int]  # (instance, generation, index)
Parent = tuple[int, int]  # (generation, index)


class AgentOrder(StrEnum):
    """What agents are ordered by; ties by generation and index, those without fitness last."""

    INDEX = "INDEX"  # generation, then index
    FITNESS = "FITNESS"


@dataclass(frozen=True, slots=True)
class AgentFilter:
    """Which agents; whatever is None, False or empty does not count."""

    champions_only: bool = False  # the best of each generation
    failed: bool | None = None  # those without, or with, a fitness
    operators: tuple[int, ...] = ()  # how the genome came to be
    minimum_fitness: float | None = None
    maximum_fitness: float | None = None
    generation_from: int | None = None
    generation_to: int | None = None


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """What is kept of every agent."""

    instance_id: int
    generation: int
    index: int
    fitness: float | None  # None where it failed
    rank: int | None  # 1 is the best of its generation, ties by index; None where it failed
    steps: int  # of all its episodes
    operator: int  # how the genome came to be, by the number of the core's table
    failure: int  # why there is no fitness, by the number of the core's table; 0 where there is
    parent_generation: int | None  # None where it has no parents
    mother: int | None  # index in its parents' generation
    father: int | None
    species: int | None
    is_champion: bool  # of its generation
    is_viable: bool | None  # whether it reached the threshold; None where there is none

    @property
    def state(self) -> str:
        """EVALUATED or FAILED."""
        return "FAILED" if self.failure else "EVALUATED"

    @property
    def parents(self) -> tuple[Parent, ...]:
        """Generation and index of its parents: none, one or two."""
        if self.parent_generation is None:
            return ()
        return tuple((self.parent_generation, each) for each in (self.mother, self.father) if each is not None)


@dataclass(frozen=True, slots=True)
class _Block:
    """The scalars of one generation."""

    instance_id: int
    number: int
    champion_index: int | None
    threshold: float | None
    scalars: packing.Scalars

    def record(self, index: int) -> AgentRecord:
        """One of its agents."""
        columns, value = self.scalars, float(self.scalars.fitness[index])
        fitness = None if value != value else value
        age = int(columns.ages[index])
        return AgentRecord(
            instance_id=self.instance_id, generation=self.number, index=index, fitness=fitness,
            rank=None if fitness is None else self._rank(index, fitness), steps=int(columns.steps[index]),
            operator=int(columns.operators[index]), failure=int(columns.failures[index]),
            parent_generation=self.number - age if age else None,
            mother=_known(columns.mothers[index]), father=_known(columns.fathers[index]),
            species=_known(columns.species[index]), is_champion=index == self.champion_index,
            is_viable=None if self.threshold is None else fitness is not None and fitness >= self.threshold,
        )

    def matches(self, filter: AgentFilter) -> NDArray[np.bool_]:
        """(N,) which of its agents the filter lets through."""
        fitness = self.scalars.fitness
        mask = np.ones(len(fitness), np.bool_)
        if filter.champions_only:
            mask &= np.arange(len(fitness)) == (-1 if self.champion_index is None else self.champion_index)
        if filter.failed is not None:
            mask &= np.isnan(fitness) == filter.failed
        if filter.operators:
            mask &= np.isin(self.scalars.operators, filter.operators)
        if filter.minimum_fitness is not None:
            mask &= fitness >= filter.minimum_fitness
        if filter.maximum_fitness is not None:
            mask &= fitness <= filter.maximum_fitness
        return mask

    def _rank(self, index: int, fitness: float) -> int:
        values = self.scalars.fitness
        return 1 + int(np.count_nonzero(values > fitness)) + int(np.count_nonzero(values[:index] == fitness))


def agent(instance_id: int, generation: int, index: int) -> AgentRecord | None:
    """The agent at this address; None where there is none."""
    address = (instance_id, generation, index)
    return agents_at([address]).get(address)


def agents_at(addresses: Iterable[Address]) -> dict[Address, AgentRecord]:
    """The agents at these addresses, as far as there are any; one statement."""
    indices: dict[tuple[int, int], set[int]] = {}
    for instance_id, number, index in addresses:
        indices.setdefault((instance_id, number), set()).add(index)
    if not indices:
        return {}
    found = {}
    for block in map(_block, Generation.objects.filter(at(indices))):
        for index in indices[block.instance_id, block.number]:
            if 0 <= index < len(block.scalars):
                found[block.instance_id, block.number, index] = block.record(index)
    return found


def champion(instance: Instance) -> AgentRecord | None:
    """The best agent of the run so far; None before there is one."""
    if instance.champion_generation is None or instance.champion_index is None:
        return None
    return agent(instance.pk, instance.champion_generation, instance.champion_index)


def champions(instance_id: int, *, first: int = 20, after: Cursor | None = None) -> Page[AgentRecord]:
    """The best agent of each generation, in their order."""
    return agents(instance_id, filter=AgentFilter(champions_only=True), first=first, after=after)


def agents(
    instance_id: int, *, filter: AgentFilter | None = None, order: AgentOrder = AgentOrder.INDEX, descending: bool = False,
    first: int = 20, after: Cursor | None = None,
) -> Page[AgentRecord]:
    """Agents of a run, or with `generation_from` and `generation_to` of one generation.

    Raises:
        BadCursor: the cursor is not one of this order.
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
    """How many agents there are; None where they are filtered and too many to count."""
    filter = filter or AgentFilter()
    rows = _candidates(instance_id, filter).values_list("number", "size", "champion_index")
    sizes: list[tuple[int, int, int | None]] = list(rows)
    if filter == AgentFilter(generation_from=filter.generation_from, generation_to=filter.generation_to):
        return sum(size for _, size, _ in sizes)
    if filter == AgentFilter(True, generation_from=filter.generation_from, generation_to=filter.generation_to):
        return sum(champion is not None for *_, champion in sizes)
    if sum(size for _, size, _ in sizes) > MOST_COUNTED:
        return None
    blocks = _blocks(instance_id, [number for number, *_ in sizes])
    return sum(int(np.count_nonzero(block.matches(filter))) for block in blocks)


def offspring(
    instance_id: int, generation: int, index: int, *, first: int = 20, after: Cursor | None = None
) -> Page[AgentRecord]:
    """Agents of later generations of which this one is a parent, in their order."""
    start = _place(after, 2)
    later = Generation.objects.filter(instance=instance_id, number__gt=max(generation, start[0] - 1 if start else 0))
    numbers = list(later.order_by("number").values_list("number", flat=True))
    found: list[tuple[Cursor, _Block, int]] = []
    for block in _blocks(instance_id, numbers):
        columns = block.scalars
        mask = (columns.ages == block.number - generation) & ((columns.mothers == index) | (columns.fathers == index))
        children = np.flatnonzero(mask)
        if start and block.number == start[0]:
            children = children[children > start[1]]
        found += [((block.number, child), block, child) for child in children[: first + 1 - len(found)].tolist()]
        if len(found) > first:
            break
    return _page(found, first)


def genome_of(instance_id: int, generation: int, index: int) -> bytes | None:
    """The packed genome, from the agent's row or its generation's checkpoint; None where neither is kept."""
    if index < 0:
        return None
    row = Agent.objects.filter(instance=instance_id, generation=generation, index=index)
    genome = row.values_list("genome", flat=True).first()
    if genome is not None:
        return bytes(genome)
    size = Generation.objects.filter(instance=instance_id, number=generation).values_list("size", flat=True).first()
    if size is None or index >= size:
        return None
    kept = Checkpoint.objects.filter(instance=instance_id, generation=generation)
    length = Length("genomes") / size
    part = kept.annotate(part=Substr("genomes", length * index + 1, length, output_field=BinaryField()))
    found = part.values_list("part", flat=True).first()
    return None if found is None else bytes(found)


def _by_index(
    instance_id: int, filter: AgentFilter, descending: bool, count: int, place: tuple[Any, ...] | None
) -> Iterator[tuple[_Block, int]]:
    """The first `count` agents behind the place, generation after generation."""
    rows = _candidates(instance_id, filter)
    if place is not None:
        rows = rows.filter(**{f"number__{'lte' if descending else 'gte'}": place[0]})
    numbers = rows.order_by("-number" if descending else "number").values_list("number", flat=True)
    for block in _blocks(instance_id, list(numbers)):
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
) -> list[tuple[Cursor, _Block, int]]:
    """The first `count` agents behind the place that have a fitness, in its order.

    Generations are read by their best (or worst) agent; once that of the next cannot be among the first `count`, none can.
    """
    if place is not None and place[0] is None:
        return []
    sign, edge = (-1.0, "best") if descending else (1.0, "worst")
    rows = _candidates(instance_id, filter).exclude(best=None)
    if place is not None:
        rows = rows.filter(worst__lte=place[0]) if descending else rows.filter(best__gte=place[0])
    edges = dict(rows.order_by(F(edge).desc() if descending else F(edge).asc()).values_list("number", edge))
    found: list[tuple[tuple[float, int, int], _Block]] = []
    for block in _blocks(instance_id, list(edges)):
        if len(found) == count and sign * edges[block.number] > found[-1][0][0]:
            break
        keys = sign * block.scalars.fitness
        mask = block.matches(filter) & ~np.isnan(keys)
        if place is not None:
            behind = np.arange(len(keys)) > place[2] if block.number == place[1] else block.number > place[1]
            mask &= (keys > sign * place[0]) | ((keys == sign * place[0]) & behind)
        indices = np.flatnonzero(mask)
        best = indices[np.argsort(keys[indices], kind="stable")[:count]].tolist()
        new = [((float(keys[index]), block.number, index), block) for index in best]
        found = heapq.nsmallest(count, [*found, *new], key=lambda entry: entry[0])
    return [((sign * key, number, index), block, index) for (key, number, index), block in found]


def _failed(
    instance_id: int, filter: AgentFilter, count: int, place: tuple[Any, ...] | None
) -> list[tuple[Cursor, _Block, int]]:
    """The first `count` failed agents behind the place; they follow those that have a fitness."""
    rows = _candidates(instance_id, filter).filter(failed__gt=0).order_by("number")
    start = place[1:] if place is not None and place[0] is None else None
    if start:
        rows = rows.filter(number__gte=start[0])
    found: list[tuple[Cursor, _Block, int]] = []
    for block in _blocks(instance_id, list(rows.values_list("number", flat=True))):
        indices = np.flatnonzero(block.matches(filter) & np.isnan(block.scalars.fitness))
        if start and block.number == start[0]:
            indices = indices[indices > start[1]]
        found += [((None, block.number, index), block, index) for index in indices[: count - len(found)].tolist()]
        if len(found) >= count:
            break
    return found


def _candidates(instance_id: int, filter: AgentFilter) -> Any:
    """The generations in which there may be agents that the filter lets through."""
    conditions = Q(instance=instance_id)
    if filter.generation_from is not None:
        conditions &= Q(number__gte=filter.generation_from)
    if filter.generation_to is not None:
        conditions &= Q(number__lte=filter.generation_to)
    if filter.minimum_fitness is not None:
        conditions &= Q(best__gte=filter.minimum_fitness)
    if filter.maximum_fitness is not None:
        conditions &= Q(worst__lte=filter.maximum_fitness)
    if filter.failed:
        conditions &= Q(failed__gt=0)
    return Generation.objects.filter(conditions)


def _blocks(instance_id: int, numbers: list[int]) -> Iterator[_Block]:
    """The scalars of these generations, in this order."""
    for start in range(0, len(numbers), BLOCKS_AT_ONCE):
        part = numbers[start : start + BLOCKS_AT_ONCE]
        rows = {row.number: row for row in Generation.objects.filter(instance=instance_id, number__in=part)}
        yield from (_block(rows[number]) for number in part if number in rows)


def _block(row: Generation) -> _Block:
    scalars = packing.unpack(row.scalars, row.size)
    return _Block(row.instance_id, row.number, row.champion_index, row.threshold, scalars)


def _page(entries: list[tuple[Cursor, _Block, int]], first: int) -> Page[AgentRecord]:
    shown = entries[:first]
    items = [block.record(index) for _, block, index in shown]
    return Page(items, [cursor for cursor, *_ in shown], len(entries) > first)


def _place(after: Cursor | None, length: int) -> tuple[Any, ...] | None:
    """The place that a cursor names: generation and index, behind a fitness where it has three parts."""
    if after is None:
        return None
    *fitness, number, index = after if len(after) == length else ("", "", "")
    is_whole = type(number) is int and type(index) is int and max(number, index) < 2**31
    if not is_whole or not all(each is None or type(each) in (int, float) for each in fitness):
        raise BadCursor(f"expected a cursor of this order, got {after!r:.80}")
    return tuple(after)


def _known(index: Any) -> int | None:
    return None if index < 0 else int(index)
