"""Which links of a graph lead back."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

N = TypeVar("N")


def back_links(links: Sequence[tuple[N, N]]) -> set[int]:
    """Places of the links that close a circle with those before them; without these the links form no circle.

    So the order decides which of a circle's links leads back: the last.
    """
    after: dict[N, list[N]] = {}
    found: set[int] = set()
    if not _has_circle(links):
        return found
    for place, (source, target) in enumerate(links):
        if _leads_to(after, target, source):
            found.add(place)
        else:
            after.setdefault(source, []).append(target)
    return found


def _has_circle(links: Sequence[tuple[N, N]]) -> bool:
    after: dict[N, list[N]] = {}
    waits: dict[N, int] = {}
    for source, target in links:
        after.setdefault(source, []).append(target)
        waits[target] = waits.get(target, 0) + 1
        waits.setdefault(source, 0)
    ready = [node for node, number in waits.items() if not number]
    for node in ready:  # grows while it is read
        for target in after.get(node, ()):
            waits[target] -= 1
            if not waits[target]:
                ready.append(target)
    return len(ready) < len(waits)


def _leads_to(after: Mapping[N, list[N]], start: N, end: N) -> bool:
    """Whether a way leads from one node to the other; one leads from each to itself."""
    seen, waiting = {start}, [start]
    while waiting:
        node = waiting.pop()
        if node == end:
            return True
        new = [each for each in after.get(node, ()) if each not in seen]
        seen.update(new)
        waiting += new
    return False
