"""Two metrics of all agents of a run, what was spared by known results, and who trains what now."""

import math
from dataclasses import dataclass
from typing import Any

from django.db.models import F

from database.models import Generation, Instance, Slice
from database.packing import unpack_metrics
from database.services.clock import database_now
from database.services.leases import HELD

#: Agents of which metrics are read: those of the last generations where there are more.
MOST_AGENTS = 20_000
#: Generations whose figures are read in one statement.
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
    rows = Generation.objects.filter(instance=instance_id).order_by("-number")
    for number, size, scalars in rows.values_list("number", "size", "scalars").iterator(_AT_A_TIME):
        metrics = unpack_metrics(bytes(scalars), size)
        if metrics is None or x not in metrics[0] or y not in metrics[0]:
            continue
        names, values = metrics
        columns = values[:, names.index(x)].tolist(), values[:, names.index(y)].tolist()
        found += [
            Point(number, index, *pair) for index, pair in enumerate(zip(*columns, strict=True))
            if all(map(math.isfinite, pair))
        ]
        if len(found) + size > MOST_AGENTS:
            break
    return found


def spared(instance_id: int) -> tuple[int, float]:
    """Return how many agents of a run had known results, and the seconds that this saved."""
    figures = Generation.objects.filter(instance=instance_id, figures__isnull=False)
    rows: list[Any] = list(figures.order_by().values_list("figures", flat=True))
    return (
        sum(int(each.get("known_agents") or 0) for each in rows),
        sum(float(each.get("seconds_saved") or 0.0) for each in rows),
    )


def trainings_under_way(instance: Instance) -> list[UnderWay]:
    """Return the agents of the current generation that workers hold, the longest first."""
    now = database_now()
    held = Slice.objects.filter(HELD, instance=instance, results__isnull=True).order_by(F("claimed_at"))
    return [
        UnderWay(first, worker, max((now - claimed_at).total_seconds(), 0.0) if claimed_at else 0.0)
        for first, worker, claimed_at in held.values_list("first", "claimed_by", "claimed_at")
    ]
