"""Detection of the links of a graph that close a cycle."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

N = TypeVar("N")


def back_links(links: Sequence[tuple[N, N]]) -> set[int]:
    """Return the indices of the links that close a cycle with those before them.

    Without these the graph is acyclic. The order therefore decides which link of a cycle counts as the
    recurrent one: the last.

    Args:
        links: (source, target) of each link; a link from a node to itself closes a cycle.
    """
    after: dict[N, list[N]] = {}
    found: set[int] = set()
    if not _has_cycle(links):
        return found
    for place, (source, target) in enumerate(links):
        if _leads_to(after, target, source):
            found.add(place)
        else:
            after.setdefault(source, []).append(target)
    return found


def _has_cycle(links: Sequence[tuple[N, N]]) -> bool:
    """Whether the links contain a cycle (Kahn's topological sort)."""
    after: dict[N, list[N]] = {}
    waits: dict[N, int] = {}
    for source, target in links:
        after.setdefault(source, []).append(target)
        waits[target] = waits.get(target, 0) + 1
        waits.setdefault(source, 0)
    ready = [node for node, number in waits.items() if not number]
    for node in ready:  # the loop appends to the list
        for target in after.get(node, ()):
            waits[target] -= 1
            if not waits[target]:
                ready.append(target)
    return len(ready) < len(waits)


def _leads_to(after: Mapping[N, list[N]], start: N, end: N) -> bool:
    """Whether a path leads from one node to the other; every node has a path to itself."""
    seen, waiting = {start}, [start]
    while waiting:
        node = waiting.pop()
        if node == end:
            return True
        new = [each for each in after.get(node, ()) if each not in seen]
        seen.update(new)
        waiting += new
    return False
