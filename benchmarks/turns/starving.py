"""A run of which one generation takes minutes, on the only worker: what a small run beside it waits, and how
soon its worker is free when it is cancelled.
"""

from collections.abc import Iterator

from benchmarks.turns.servers import Document, Line, Server, document, of_both, server

SHIFT_SECONDS = 10.0  # the default
SMALL_LIMIT, CANCEL_LIMIT = 3 * SHIFT_SECONDS, 2.0
ROUNDS = 3
#: So long the worker is in a turn of the large run when that is cancelled: inside a kernel.
INTO_THE_TURN_SECONDS = 2.0

LARGE: Document = {
    "version": 1, "kind": "weight_evolution", "name": "long episodes",
    "environment": {"type": "maze", "rows": ["S...", "....", "....", "...G"], "max_steps": 1_000_000},
    "strategy": {"type": "genetic", "population_size": 10_000}, "stop": {"max_generations": 2},
}


def measure() -> Iterator[Line]:
    """Yield the lines of both set-ups."""
    yield from of_both("beside a run of long episodes", _measured)


def _measured(name: str) -> Iterator[Line]:
    with server(name) as ours:
        (large,) = ours.submit("ada", LARGE)
        small = [_until_end(ours, large, number) for number in range(ROUNDS)]
        yield {
            "what": "a small run, from its acceptance to its end", "longest_seconds": round(max(small), 2),
            "target": SMALL_LIMIT, "met": max(small) <= SMALL_LIMIT,
        }
        free = [_until_free(ours, large)]
        for _ in range(ROUNDS - 1):
            (large,) = ours.submit("ada", LARGE)
            free.append(_until_free(ours, large))
        yield {
            "what": "the cancel of the large run, until its worker has begun another run",
            "seconds": [round(each, 2) for each in free], "longest_seconds": round(max(free), 2),
            "target": CANCEL_LIMIT, "met": max(free) <= CANCEL_LIMIT,
        }


def _until_end(ours: Server, large: int, number: int) -> float:
    """Return the seconds of a small run that is submitted while the worker is in the large one."""
    ours.wait_for(lambda: ours.holders(run=large), what="a turn of the large run")
    (run,) = ours.submit("bob", document(f"small {number}", generations=5))
    ours.wait_for_end(run)
    return ours.moment("ended_at", run) - ours.moment("created_at", run)


def _until_free(ours: Server, large: int) -> float:
    """Return the seconds from the cancel of the large run to the next claim of its worker.

    The run that is claimed has waited since before the cancel, and comes then as nothing else waits.
    """
    while True:
        (waiting,) = ours.submit("bob", document("waiting", generations=1))
        ours.wait_for_end(waiting)
        ours.wait_for(lambda: ours.holders(run=large), what="a turn of the large run")
        ours.run_for(INTO_THE_TURN_SECONDS)
        answer, (waiting,) = ours.setup.client.submit(document("waiting", generations=1), f"{large}")
        assert answer.status == 200
        if ours.holders(run=large) and not ours.value("claimed_by", waiting):
            break
    ours.setup.client.cancel(large)
    ours.wait_for_end(waiting)
    return ours.moment("claimed_at", waiting) - ours.moment("ended_at", large)
