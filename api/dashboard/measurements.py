"""JSON for the page of a run: further numbers of an agent's evaluation, and its curves over epochs."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from api.dashboard.views import run_of, whole
from api.policy import page
from api.wording import figure_or_dash
from database import selectors
from database.errors import NotFound
from database.models import Instance
from database.selectors import AgentRecord
from processing.core.json_values import finite
from processing.core.kinds import kind_of
from processing.run import plan_of_work_item

#: Curves that one chart shows, and values of each.
MOST_CURVES, MOST_POINTS = 12, 500


@require_safe
@page
def measurements(request: HttpRequest, number: int) -> HttpResponse:
    """Return the metrics and curves of the agent `index` of `generation`; empty where it has none."""
    instance = run_of(number)
    generation, index = whole(request, "generation"), whole(request, "index")
    record = None
    if generation is not None and index is not None:
        record = selectors.agent(instance.pk, generation, index)
    if record is None:
        raise NotFound("There is no such agent in this run.")
    curves = selectors.curves_of(instance.pk, record.generation, record.index) or {}
    return JsonResponse({
        "confusion": _confusion(instance, record),
        "metrics": [[_words(name), figure_or_dash(value)] for name, value in (record.metrics or {}).items()],
        "curves": [_curve(name, values) for name, values in list(curves.items())[:MOST_CURVES]],
        "generation": list(_of_generation(instance, record.generation)),
    })


def _of_generation(instance: Instance, generation: int) -> Iterator[dict[str, Any]]:
    """Yield what is the gain of the judge's trade-off, over all agents of the generation."""
    trade_off = kind_of(instance.work_item.spec).trade_off
    found = trade_off and selectors.curve_of_generation(instance.pk, generation, trade_off[1])
    if trade_off and found:
        yield _curve(f"best {trade_off[1]} of the generation", found.best)
        yield _curve(f"median {trade_off[1]} of the generation", found.median)


def _confusion(instance: Instance, record: AgentRecord) -> dict[str, Any] | None:
    """Return how often an agent took examples of a class for those of another; None where it is not kept.

    It is kept of champions, in the generation in which they were trained.
    """
    generation = selectors.generation(instance.pk, record.generation)
    counts = (generation.figures or {}).get("confusion") if generation is not None else None
    if generation is None or counts is None or generation.champion_index != record.index:
        return None
    labels = plan_of_work_item(instance.work_item).problem.output_labels()
    return {"classes": labels or [str(place) for place in range(len(counts))], "counts": counts}


def _curve(name: str, values: Sequence[float]) -> dict[str, Any]:
    """Return a curve thinned to MOST_POINTS epochs and the last; None where a value is not finite."""
    last = len(values) - 1
    epochs = sorted({*range(0, len(values), -(-len(values) // MOST_POINTS)), last})
    points = [float(f"{values[epoch]:.6g}") for epoch in epochs]
    return {
        "name": _words(name), "epochs": [epoch + 1 for epoch in epochs],
        "values": finite(points),
    }


def _words(name: str) -> str:
    return name.replace("_", " ")
