"""Two metrics of all agents of a run, what was spared by known results, and who trains what now."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from django.db.models import F

from database.models import Generation, Instance, Slice
from database.packing import unpack_metrics
from database.services.clock import database_now
from database.services.leases import HELD

#: Agents of which metrics are read: those of the last generations where there are more.
MOST_AGENTS = 20_000
#: Generations that are read in one statement.
_AT_A_TIME = 100


@dataclass(frozen=True, slots=True)
class Point:
    """Two metrics of an agent."""

    generation: int
    index: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class UnderWay:
    """An agent that a worker trains now."""

    index: int
    worker: str
    seconds: float


def points(instance_id: int, x: str, y: str) -> list[Point]:
    """Return two metrics of each agent that has both, newest generation first, of MOST_AGENTS agents at most.
    """
    found: list[Point] = []
    read = 0
    for number, size, scalars in _newest(instance_id):
        read += size
        metrics = unpack_metrics(bytes(scalars), size)
        if metrics is None or x not in metrics[0] or y not in metrics[0]:
            continue
        names, values = metrics
        columns = values[:, names.index(x)].tolist(), values[:, names.index(y)].tolist()
        found += [
            Point(number, index, *pair) for index, pair in enumerate(zip(*columns, strict=True))
            if all(map(math.isfinite, pair))
        ]
        if read + size > MOST_AGENTS:
            break
    return found


def _newest(instance_id: int) -> Iterator[tuple[int, int, Any]]:
    """Yield number, size and packed scalars of each generation, newest first."""
    rows = Generation.objects.filter(instance=instance_id).order_by("-number")
    found = rows.values_list("number", "size", "scalars")
    for first in count(step=_AT_A_TIME):
        few = list(found[first : first + _AT_A_TIME])
        yield from few
        if len(few) < _AT_A_TIME:
            return


def spared(instance_id: int) -> tuple[int, float]:
    """Return how many agents of a run had known results, and the seconds that this saved."""
    figures = Generation.objects.filter(instance=instance_id, figures__isnull=False)
    rows: Any = figures.order_by().values_list("figures__known_agents", "figures__seconds_saved")
    known = list(rows)
    return sum(int(each or 0) for each, _ in known), sum(float(each or 0.0) for _, each in known)


def trainings_under_way(instance: Instance) -> list[UnderWay]:
    """Return the agents of the current generation that workers hold, the longest first."""
    now = database_now()
    held = Slice.objects.filter(HELD, instance=instance, results__isnull=True).order_by(F("claimed_at"))
    return [
        UnderWay(first, worker, max((now - claimed_at).total_seconds(), 0.0) if claimed_at else 0.0)
        for first, worker, claimed_at in held.values_list("first", "claimed_by", "claimed_at")
    ]
