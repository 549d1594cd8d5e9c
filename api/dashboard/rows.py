"""The template context of the list of runs."""

from typing import Any

from django.urls import reverse
from django.utils import timezone

from api.pictures import spark_svg
from api.wording import ago, duration, elapsed, has_other_champion, pill_of, shown, strategy_words
from database import selectors
from database.models import ACTIVE, Instance
from database.outcomes import stop_of

PAGE_SIZE = 20
BUSY_SECONDS, IDLE_SECONDS = 2, 10


def rows_context(before: int | None) -> dict[str, Any]:
    """Return the context of one page of runs, newest first: those numbered below `before`, or the newest."""
    page = selectors.instances(first=PAGE_SIZE, after=None if before is None else (before, before))
    lines = selectors.sparklines(page.items)
    is_busy = any(instance.state in ACTIVE for instance in page.items)
    here = reverse("dashboard:runs")
    return {
        "rows": [_row(instance, lines[instance.pk]) for instance in page.items],
        "rows_url": reverse("dashboard:rows") + (f"?before={before}" if before is not None else ""),
        "poll_seconds": BUSY_SECONDS if is_busy else IDLE_SECONDS,
        "newest_url": here if before is not None else None,
        "older_url": f"{here}?before={page.items[-1].pk}" if page.has_next else None,
    }


def _row(instance: Instance, line: list[float | None]) -> dict[str, Any]:
    spec, now = instance.work_item.spec, timezone.now()
    return {
        "number": instance.pk, "name": instance.work_item.name, "replicate": instance.replicate,
        "url": reverse("dashboard:run", args=(instance.pk,)),
        "pill": pill_of(instance),
        "strategy": strategy_words(spec), "population": shown(spec["strategy"]["population_size"]),
        "generations": instance.next_generation, "max_generations": stop_of(instance)["max_generations"],
        "best": "–" if instance.best_fitness is None else shown(instance.best_fitness),
        "spark": spark_svg(line),
        "champion": shown(instance.champion_fitness) if has_other_champion(instance) else "",
        "started_at": instance.started_at,
        "ago": "" if instance.started_at is None else ago(instance.started_at, now),
        "took": duration(elapsed(instance, now)),
    }
