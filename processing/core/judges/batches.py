"""Agents are evaluated in batches of about a second, with a beat between them; the size changes no bit."""

import time
from collections.abc import Callable

from processing.core.evaluations import joined_results
from processing.core.types import Beat, Evaluations

BATCH_SECONDS = 1.0
MOST_AGENTS_AT_FIRST = 1_024
#: Weights times steps that even a slow core does in a second.
SURE_SPEED = 500_000_000


def in_batches(
    evaluate: Callable[[int, int], Evaluations], first: int, last: int, *, effort: int, beat: Beat | None
) -> Evaluations:
    """Evaluate agents first..last-1, batch by batch.

    Args:
        evaluate: evaluates the agents from its first argument up to its second.
        effort: weights times steps of one agent, at most.
        beat: called after each batch; with None all are one batch.
    """
    if beat is None or first >= last:
        return evaluate(first, last)
    size = min(max(SURE_SPEED // max(1, effort), 1), MOST_AGENTS_AT_FIRST)
    batches: list[Evaluations] = []
    while first < last:
        started, end = time.monotonic(), min(first + size, last)
        batches.append(evaluate(first, end))
        first = end
        size = 2 * size if time.monotonic() - started < BATCH_SECONDS / 2 else max(size // 2, 1)
        beat()
    return batches[0] if len(batches) == 1 else joined_results(batches)
