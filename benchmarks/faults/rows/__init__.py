"""The rows, each with one kind of fault. A new row is a function of a `Scene` and a line in `ROWS`."""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

from benchmarks.faults.arming import VARIABLES
from benchmarks.faults.rows import (
    brokers,
    cancels,
    clock,
    disks,
    extensions,
    fairness,
    kills,
    points,
    poison,
    postgresql,
    statements,
    stops,
)
from benchmarks.faults.scene import Scene

BOTH, EMBEDDED, PRODUCTION = ("embedded", "production"), ("embedded",), ("production",)
#: Seconds for a lease to end, a sweep to find it, processes to start and a run to get its turn.
TAKEN_OVER = float(VARIABLES["LEASE_SECONDS"]) + float(VARIABLES["SWEEP_SECONDS"]) + 8.0


class Row(NamedTuple):
    """A kind of fault, and the set-ups that it applies to."""

    play: Callable[[Scene], None]
    setups: tuple[str, ...]
    longest_stall: float = math.inf  # seconds in which an active run may make no progress
    variables: Mapping[str, str] = {}  # of the set-up, which is started anew for them


ROWS = {
    "kill-worker-parents": Row(kills.worker_parents, BOTH, TAKEN_OVER),
    "kill-worker-children": Row(kills.worker_children, PRODUCTION, TAKEN_OVER),
    "kill-web": Row(kills.web, BOTH, TAKEN_OVER),
    "kill-everything": Row(kills.everything, BOTH, TAKEN_OVER),
    "stop-worker": Row(stops.worker, BOTH, TAKEN_OVER),
    "stop-in-transaction": Row(stops.in_transaction, BOTH, TAKEN_OVER),
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
    "cancel-in-kernel": Row(cancels.in_kernel, BOTH, variables=cancels.LONG_TURNS),
    "extension-races-deletion": Row(extensions.races, BOTH),
    "two-submitters": Row(fairness.two_submitters, BOTH),
    "crash-points": Row(points.crashes, BOTH),
    "failing-points": Row(points.failures, BOTH),
    "failing-statement": Row(statements.failing, BOTH),
    "lost-before-commit": Row(statements.before_commit, BOTH),
    "lost-after-commit": Row(statements.after_commit, BOTH),
}


def rows_of(setup: str) -> list[str]:
    """Return the names of all rows of a set-up."""
    return [name for name, row in ROWS.items() if setup in row.setups]
