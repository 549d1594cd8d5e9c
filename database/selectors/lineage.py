"""The ancestors of an agent, read from the packed scalars of a few generations at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

from database.selectors.agents import Address, agent
from database.selectors.blocks import BLOCKS_AT_ONCE, AgentRecord, Block, blocks_of

#: Maximum number of agents in a lineage.
MOST_ANCESTORS = 2_000

Place = tuple[int, int]  # (generation, index)


@dataclass(frozen=True, slots=True)
class Lineage:
    """An agent with its ancestors."""

    root: AgentRecord
    agents: list[AgentRecord]  # the root and its ancestors, parents before their children
    edges: list[tuple[AgentRecord, AgentRecord]]  # parent and child, where both are in `agents`
    # from the earliest to the root by the fitter parent; the mother where both are equal
    line: list[AgentRecord]
    is_truncated: bool  # whether an ancestor is missing from `agents`


def lineage(root: Address, *, max_depth: int, most: int = MOST_ANCESTORS) -> Lineage | None:
    """Return an agent with its ancestors up to `max_depth` steps back; None where there is no such agent.

    Generations are read from the newest to the oldest, so the oldest are missing where there are more than
    `most` agents.
    """
    start = agent(*root)
    if start is None:
        return None
    found: dict[Place, AgentRecord] = {(start.generation, start.index): start}
    depths = {(start.generation, start.index): 0}
    waiting = _parents(start) if max_depth > 0 else {}
    depths |= dict.fromkeys(waiting, 1)
    for record in _read(start.instance_id, waiting):
        if len(found) >= most:
            break
        place = record.generation, record.index
        found[place] = record
        for parent in _parents(record):
            if depths[place] < max_depth:
                depths[parent] = min(depths.get(parent, max_depth), depths[place] + 1)
                waiting.setdefault(parent)
    agents = [found[place] for place in sorted(found)]
    edges = [
        (found[parent], child) for child in agents
        for parent in dict.fromkeys(child.parents) if parent in found
    ]
    missing = any(parent not in found for each in agents for parent in each.parents)
    return Lineage(start, agents, edges, _line(start, found), is_truncated=missing)


def line(root: Address, *, most: int) -> list[AgentRecord]:
    """Return at most `most` agents: this one and its ancestors by the fitter parent, the earliest first.

    Empty where there is no such agent. Only scalars are read, a few generations at a time.
    """
    start = agent(*root)
    if start is None:
        return []
    found, blocks = [start], dict[int, Block]()
    while len(found) < most and found[-1].parents:
        parents = found[-1].parents
        numbers = {generation for generation, _ in parents}
        if not numbers <= blocks.keys():
            blocks = _blocks_with(start.instance_id, numbers)
        if not numbers <= blocks.keys():
            break  # a generation is not stored
        found.append(_fittest([blocks[generation].record(index) for generation, index in parents]))
    return found[::-1]


def _blocks_with(instance_id: int, numbers: set[int]) -> dict[int, Block]:
    """Read these generations, and those that precede the newest of them."""
    newest = max(numbers)
    wanted = numbers | set(range(newest, max(newest - BLOCKS_AT_ONCE, -1), -1))
    return {block.number: block for block in blocks_of(instance_id, sorted(wanted, reverse=True))}


def _parents(record: AgentRecord) -> dict[Place, None]:
    return dict.fromkeys(record.parents)


def _read(instance_id: int, waiting: dict[Place, None]) -> Iterator[AgentRecord]:
    """Yield the waiting agents, the newest generation first.

    The caller adds older ones to `waiting` meanwhile.
    """
    while waiting:
        newest = max(generation for generation, _ in waiting)
        numbers = [number for number in range(newest, newest - BLOCKS_AT_ONCE, -1) if number >= 0]
        for block in blocks_of(instance_id, numbers):
            indices = sorted(index for generation, index in waiting if generation == block.number)
            for index in indices:
                del waiting[block.number, index]
                if index < len(block.scalars):
                    yield block.record(index)
        for place in [place for place in waiting if place[0] >= numbers[-1]]:
            del waiting[place]  # the generation is not stored


def _line(root: AgentRecord, found: dict[Place, AgentRecord]) -> list[AgentRecord]:
    """Follow the fitter parent from the root until a parent is missing; the earliest agent comes first."""
    line = [root]
    while line[-1].parents and all(place in found for place in line[-1].parents):
        parents = [found[place] for place in line[-1].parents]
        line.append(_fittest(parents))
    return line[::-1]


def _fittest(agents: list[AgentRecord]) -> AgentRecord:
    """Return the agent of the highest fitness, the first of equals."""
    return max(agents, key=lambda each: float("-inf") if each.fitness is None else each.fitness)
