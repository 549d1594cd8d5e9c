"""Progress of runs: how far they are, how fast, and when they may end."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import F, Q, Sum
from django.utils import timezone

from database.models import PACKED, Generation, Instance, InstanceState, Slice
from database.outcomes import stop_of

#: Number of last generations over which speed is measured.
RECENT = 20
#: Maximum estimate of the remaining time.
MOST_SECONDS = 10 * 365 * 86_400.0


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a run at one moment."""

    instance_id: int
    state: str
    generation: int  # number of the current generation, or of the last where the run has ended
    completed_generations: int
    max_generations: int
    evaluated: int  # agents of the current generation in completed slices; 0 where there are no slices
    population_size: int
    failed: int  # agents of all generations
    total_evaluations: int
    evaluations_per_second: float | None  # of the last generations, while computing
    best_fitness: float | None  # the highest of any agent
    champion_fitness: float | None  # lower than best_fitness where that agent was not confirmed
    mean: float | None  # of the last generation
    threshold: float | None  # of the last generation
    fraction: float  # 0 to 1, by the stop rule that is nearest to being met
    estimated_end_at: datetime | None  # the latest end at the current pace; None unless the run is running
    updated_at: datetime


def progress(instance: Instance) -> Progress:
    """Return the progress of a run whose work item is loaded."""
    return progress_of([instance])[instance.pk]


def progress_of(instances: Iterable[Instance]) -> dict[int, Progress]:
    """Return the progress of runs whose work items are loaded.

    It takes one statement, or two where slices are evaluated.
    """
    runs = list(instances)
    evaluated = _evaluated([each.pk for each in runs if each.pending_slices is not None])
    rows: dict[int, list[Generation]] = {each.pk: [] for each in runs}
    wanted = [
        Q(instance=each.pk) & (Q(number__gte=each.next_generation - RECENT) | Q(number=0))
        for each in runs if each.next_generation
    ]
    if wanted:
        found = Generation.objects.filter(reduce(or_, wanted)).defer(*PACKED).order_by("instance", "number")
        for row in found:
            rows[row.instance_id].append(row)
    return {each.pk: _progress(each, rows[each.pk], evaluated.get(each.pk, 0)) for each in runs}


def _evaluated(instance_ids: list[int]) -> dict[int, int]:
    """Count the evaluated agents of the current generation of runs that are evaluated in slices."""
    if not instance_ids:
        return {}
    done = Slice.objects.filter(instance__in=instance_ids, results__isnull=False).order_by()
    return dict(done.values_list("instance").annotate(agents=Sum(F("last") - F("first"))))


def _progress(instance: Instance, rows: list[Generation], evaluated: int) -> Progress:
    """Compute the progress of a run from its first and its last generations."""
    stop = stop_of(instance)
    recent, last = _timed(rows), rows[-1] if rows else None
    seconds = math.fsum(row.seconds for row in recent)
    return Progress(
        instance_id=instance.pk, state=instance.state,
        generation=instance.next_generation
        if instance.ended_at is None else max(instance.next_generation - 1, 0),
        completed_generations=instance.next_generation, max_generations=stop["max_generations"],
        evaluated=evaluated,
        population_size=instance.work_item.spec["strategy"].get("population_size", last.size if last else 0),
        failed=instance.failed_agents, total_evaluations=instance.evaluations,
        evaluations_per_second=sum(row.size for row in recent) / seconds if seconds > 0 else None,
        best_fitness=instance.best_fitness, champion_fitness=instance.champion_fitness,
        mean=last.mean if last else None, threshold=last.threshold if last else None,
        fraction=_fraction(instance, stop, rows), estimated_end_at=_end(instance, stop, recent),
        updated_at=instance.updated_at,
    )


def _timed(rows: list[Generation]) -> list[Generation]:
    """Return the last generations without generation 0, whose time includes the compilation of kernels."""
    return [row for row in rows if row.number > 0][-RECENT:]


def _fraction(instance: Instance, stop: Mapping[str, Any], rows: list[Generation]) -> float:
    if instance.state == InstanceState.SUCCEEDED:
        return 1.0
    fractions: list[float] = [instance.next_generation / stop["max_generations"]]
    if stop.get("max_seconds"):
        fractions.append(instance.compute_seconds / stop["max_seconds"])
    if stop.get("stagnation_generations") and instance.champion_generation is not None:
        stagnation = instance.next_generation - 1 - instance.champion_generation
        fractions.append(stagnation / stop["stagnation_generations"])
    if stop.get("fitness") is not None and rows:
        fractions.append(_approach(rows[0].best_so_far, instance.best_fitness, stop["fitness"]))
    return min(max(*fractions, 0.0), 1.0)


def _approach(start: float | None, best: float | None, aim: float) -> float:
    """Return the fraction of the way from the first generation's best fitness to the aim."""
    if start is None or best is None:
        return 0.0
    return 1.0 if best >= aim else (best - start) / (aim - start)


def _end(instance: Instance, stop: Mapping[str, Any], recent: list[Generation]) -> datetime | None:
    """Estimate when the last generation or the time limit is reached at the pace of the last generations."""
    if instance.state != InstanceState.RUNNING or not recent:
        return None
    spent = math.fsum((row.completed_at - row.started_at).total_seconds() for row in recent)
    left: float = spent / len(recent) * (stop["max_generations"] - instance.next_generation)
    if stop.get("max_seconds"):
        left = min(left, stop["max_seconds"] - instance.compute_seconds)
    end = recent[-1].completed_at + timedelta(seconds=min(max(left, 0.0), MOST_SECONDS))
    return end if end > timezone.now() else None  # no estimate for a run that makes no progress
