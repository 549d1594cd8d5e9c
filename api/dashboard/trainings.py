"""JSON for the page of a run whose agents are trained: their accuracy and size, and what is under way."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from api.dashboard.views import run_of
from api.policy import page
from api.wording import duration
from database import selectors
from database.errors import NotFound
from processing.core.kinds import kind_of
from processing.core.ranking import pareto_front


@require_safe
@page
def trainings(request: HttpRequest, number: int) -> HttpResponse:
    """Return the two metrics that agents are drawn by, the best trade-offs, and sentences about trainings."""
    instance = run_of(number)
    trade_off = kind_of(instance.work_item.spec).trade_off
    if trade_off is None:
        raise NotFound("The agents of this run are not trained.")
    cost, gain = trade_off
    points = selectors.points(instance.pk, cost, gain)
    front = pareto_front([(each.x, each.y) for each in points])
    under_way = selectors.trainings_under_way(instance)
    return JsonResponse({
        "x": cost.replace("_", " "), "y": gain.replace("_", " "),
        "agents": [[each.generation, each.index, each.x, float(f"{each.y:.6g}")] for each in points],
        "front": front, "spared": _spared(*selectors.spared(instance.pk)),
        "under_way": [
            f"agent {each.index} on {each.worker}, {duration(each.seconds)}" for each in under_way
        ],
    })


def _spared(agents: int, seconds: float) -> str:
    """Return what known results saved, in words; empty where they saved nothing."""
    if not agents:
        return ""
    who = "One agent was" if agents == 1 else f"{agents:,} agents were"
    return f"{who} not trained, as an equal one had been: {duration(seconds)} saved."
