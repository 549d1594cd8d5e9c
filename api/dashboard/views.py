"""The pages: the list of runs, and one run. htmx requests their fragments again as they change."""

import json
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from api import datasets
from api.access import Permission, may
from api.dashboard.query import QUERY
from api.dashboard.rows import rows_context
from api.dashboard.status import graphiql_url, status_context
from api.examples import cards, document_of
from api.policy import page
from api.wording import fault_rows, stored_faults
from database import selectors
from database.errors import NotFound
from database.models import Instance
from processing.core.kinds import KINDS, PROBLEMS, kind_of
from processing.core.problem import View

MAZE_WIDTH = 600
#: What the canvas of an episode shows.
LABELS = {
    View.MAP: "The agent's way through a map", View.TABLE: "Answers and targets, row by row",
    View.SIGNALS: "What the agent sees, step by step", View.CURVES: "",
}


@require_safe
@page
def runs(request: HttpRequest) -> HttpResponse:
    """Render the list of runs, the examples, and the form for a work item."""
    document = _document_asked_for(request)
    return render(request, "dashboard/runs.html", runs_context(request, document))


@require_safe
@page
def rows(request: HttpRequest) -> HttpResponse:
    """Render the list of runs without the page around it."""
    return render(request, "dashboard/_rows.html", rows_context(_before(request)))


@require_safe
@page
def run(request: HttpRequest, number: int) -> HttpResponse:
    """Render the page of one run."""
    instance = run_of(number)
    spec = instance.work_item.spec
    kind = kind_of(spec)
    problem, values = kind.problem_in(spec)
    strategy, rows = kind.strategy_in(spec), problem.map_of(values)
    query = QUERY.replace("NUMBER", str(number))
    return render(request, "dashboard/run.html", {
        **status_context(instance, may_operate=may(request, Permission.OPERATE)),
        "may_submit": may(request, Permission.SUBMIT),
        "statistics_url": reverse("dashboard:statistics", args=(number,)),
        "agent_url": reverse("dashboard:agent", args=(number,)),
        "line_url": reverse("dashboard:line", args=(number,)),
        "has_threshold": strategy.has_threshold,
        "species_url": reverse("dashboard:species", args=(number,)), "has_species": strategy.has_species,
        "is_grown": kind.genome_kind.is_grown,
        "maze_rows": rows, "stage": _stage(problem.view, rows),
        "trainings_url": reverse("dashboard:trainings", args=(number,)) if kind.trade_off else None,
        "dataset": None if (name := problem.dataset_of(values)) is None else datasets.card(name),
        "description": instance.work_item.description,
        "warnings": fault_rows(stored_faults(instance.work_item.warnings)),
        "document": json.dumps(spec, indent=2, ensure_ascii=False), "query": query,
        "graphiql_url": graphiql_url(query),
    })


@require_safe
@page
def live(request: HttpRequest, number: int) -> HttpResponse:
    """Render the fragments of a run's page that have changed since it last polled."""
    instance = run_of(number)
    return render(request, "dashboard/_live.html", live_context(request, instance))


@require_safe
@page
def datasets_of_machine(request: HttpRequest) -> HttpResponse:
    """Render the data sets of this machine."""
    cards = [datasets.card(name) for name in datasets.store().names()]
    return render(request, "dashboard/datasets.html", {
        "here": "datasets", "datasets": [card for card in cards if card is not None],
    })


def runs_context(request: HttpRequest, document: str | None = None) -> dict[str, Any]:
    """Return the context of the list's page; its form holds `document`, or the first example."""
    return {
        **rows_context(_before(request)), "here": "runs", "examples": cards(),
        "may_submit": may(request, Permission.SUBMIT),
        "new_is_open": document is not None,
        "document": cards()[0].document if document is None else document,
        "kinds": [(name, _phrase(kind.summary)) for name, kind in KINDS.items()],
        "problems": [
            (key, [(name, _phrase(each.meaning())) for name, each in problems.items()])
            for key, problems in PROBLEMS.items()
        ],
    }


def _phrase(sentence: str) -> str:
    """Return a sentence as a phrase within another."""
    return sentence[:1].lower() + sentence[1:].rstrip(".")


def _stage(view: View, rows: Sequence[str] | None) -> dict[str, Any]:
    """Return the canvas of an episode: its view, label and size; without steps there is none.

    Args:
        view: how the problem is shown.
        rows: the map, one string for each row, where there is one.
    """
    stage = {"view": view, "label": LABELS[view], "width": MAZE_WIDTH, "height": MAZE_WIDTH * 2 // 3}
    if rows is None:
        return stage | {"has_steps": view != View.CURVES}
    return stage | {
        "has_steps": True, "height": MAZE_WIDTH * (len(rows) + 1) // (len(rows[0]) + 1),
        "label": f"The agent's way through a map of {len(rows)} by {len(rows[0])} cells",
    }


def live_context(request: HttpRequest, instance: Instance) -> dict[str, Any]:
    """Return the context of the polled fragments, with flags whether head and events have changed."""
    return {
        **status_context(instance, may_operate=may(request, Permission.OPERATE)), "oob": True,
        "head_changed": request.GET.get("state") != instance.state,
        "events_changed": request.GET.get("events") != str(instance.event_sequence),
    }


def run_of(number: int) -> Instance:
    """Return the run with this number. Raises NotFound."""
    instance = selectors.instance(number) if number < 2**63 else None
    if instance is None:
        raise NotFound(f"There is no run {number}.")
    return instance


def whole(request: HttpRequest, name: str) -> int | None:
    """Return the query parameter as an integer; None where it is missing or no number."""
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _document_asked_for(request: HttpRequest) -> str | None:
    """Return the document of the example or run that the address names, to be edited; None without either."""
    if slug := request.GET.get("example"):
        return document_of(slug)
    number = request.GET.get("run", "")
    instance = selectors.instance(int(number)) if number.isdecimal() and len(number) < 19 else None
    return None if instance is None else json.dumps(instance.work_item.spec, indent=2, ensure_ascii=False)


def _before(request: HttpRequest) -> int | None:
    """Return the run number below which the requested page of the list starts."""
    text = request.GET.get("before", "")
    return int(text) if text.isdecimal() and len(text) < 19 else None
