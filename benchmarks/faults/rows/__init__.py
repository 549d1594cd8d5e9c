"""The rows: one fault each. A new row is a function of a `Scene` and a line in `ROWS`."""

from collections.abc import Callable
from typing import NamedTuple

from benchmarks.faults.rows import brokers, cancels, clock, disks, kills, points, poison, postgresql, statements, stops
from benchmarks.faults.scene import Scene

BOTH, EMBEDDED, PRODUCTION = ("embedded", "production"), ("embedded",), ("production",)


class Row(NamedTuple):
    """A fault, and the set-ups in which there is such a thing."""

    play: Callable[[Scene], None]
    setups: tuple[str, ...]


ROWS = {
    "kill-worker-parents": Row(kills.worker_parents, BOTH),
    "kill-worker-children": Row(kills.worker_children, PRODUCTION),
    "kill-web": Row(kills.web, BOTH),
    "kill-everything": Row(kills.everything, BOTH),
    "stop-worker": Row(stops.worker, BOTH),
    "stop-in-transaction": Row(stops.in_transaction, BOTH),
    "redis-flushall": Row(brokers.flushed, BOTH),
    "redis-shutdown": Row(brokers.shut_down, BOTH),
    "redis-frozen": Row(brokers.frozen, BOTH),
    "postgresql-restart": Row(postgresql.restarted, PRODUCTION),
    "postgresql-backend-killed": Row(postgresql.backend_killed, PRODUCTION),
    "postgresql-down": Row(postgresql.down, PRODUCTION),
    "messages": Row(brokers.storm, BOTH),
    "clock": Row(clock.skewed, PRODUCTION),
    "full-disk": Row(disks.full, BOTH),
    "crasher": Row(poison.crasher, BOTH),
    "cancel-races-finish": Row(cancels.races, BOTH),
    "crash-points": Row(points.crashes, BOTH),
    "failing-points": Row(points.failures, BOTH),
    "failing-statement": Row(statements.failing, BOTH),
    "lost-before-commit": Row(statements.before_commit, BOTH),
    "lost-after-commit": Row(statements.after_commit, BOTH),
}


def rows_of(setup: str) -> list[str]:
    """The names of all rows that a set-up has."""
    return [name for name, row in ROWS.items() if setup in row.setups]
