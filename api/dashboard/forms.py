"""The forms of the pages: submit or check a work item; pause, resume, extend or cancel a run; see a replay.

They work without scripts.
"""

import json
from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from api import intake, replays
from api.access import Permission, may, name_of
from api.dashboard.replays import replay_fields
from api.dashboard.status import LABELS
from api.dashboard.views import live_context, run_of, runs_context
from api.examples import document_of
from api.policy import page
from api.wording import duration, fault_rows, shown
from database import selectors
from database.errors import Conflict, NotFound
from database.models import Instance
from database.outcomes import stop_of
from formatting.faults import Faulty, renamed
from processing import extension, states
from processing.core.search.stop import StopParameters
from staging.estimate import CostEstimate

ACTIONS = {"pause": states.pause, "resume": states.resume, "cancel": states.cancel}


@require_POST
@page
def submit(request: HttpRequest) -> HttpResponse:
    """Submit a work item; with `intent=check` only check it and estimate its cost."""
    slug = request.POST.get("example")
    document = document_of(slug) if slug else request.POST.get("document", "")
    if document is None:
        raise NotFound(f"There is no example {slug}.")
    if not may(request, Permission.SUBMIT):
        return _outcome(request, document, status=403, refusal="Log in as somebody who may start runs.")
    try:
        if request.POST.get("intent") == "check":
            staged = intake.check(document)
            return _outcome(
                request, document, estimate=cost_words(staged.estimate), warnings=fault_rows(staged.warnings)
            )
        submission = intake.submit(document, request.user)
    except Faulty as faulty:
        return _outcome(request, document, status=422, faults=fault_rows(faulty.faults))
    return _to(request, _first_page(submission.instances[0].pk, len(submission.instances)))


@require_POST
@page
def act(request: HttpRequest, number: int, action: str) -> HttpResponse:
    """Pause, resume or cancel a run, and return its head and figures or an error."""
    if action not in ACTIONS:
        raise NotFound("A run can be paused, resumed or cancelled.")
    return _acted(request, run_of(number), action, ACTIONS[action])


@require_POST
@page
def extend(request: HttpRequest, number: int) -> HttpResponse:
    """Let a run that ended go on under other stop rules, and return its head and figures or an error."""
    instance = run_of(number)
    changes: dict[str, Any] = {
        name: _value(request.POST[name]) for name in StopParameters.model_fields
        if name in request.POST and name != "solved"
    }
    if stop_of(instance).get("solved"):
        changes["solved"] = "solved" in request.POST
    by = name_of(request.user)

    def extended(number: int) -> None:
        try:
            extension.extend(number, changes, by=by)
        except Faulty as faulty:
            raise Faulty(renamed(faulty.faults, LABELS)) from None

    return _acted(request, instance, "extend", extended)


def _value(text: str) -> Any:
    """Return the number in a field of a form; None where it is empty, the text where it is no number."""
    try:
        value = json.loads(text) if text.strip() else None
    except (ValueError, RecursionError):
        return text
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _acted(
    request: HttpRequest, instance: Instance, action: str, change: Callable[[int], object]
) -> HttpResponse:
    """Apply a change to a run, and return its head and figures or an error."""
    number, message, status = instance.pk, "", 200
    if not may(request, Permission.OPERATE):
        message, status = f"Log in as somebody who may {action} runs.", 403
    else:
        try:
            change(number)
        except Conflict as conflict:
            message, status = str(conflict), 409
        except Faulty as faulty:
            message, status = "; ".join(each.message for each in faulty.faults), 422
    if not request.htmx and not message:  # type: ignore[attr-defined]
        return redirect("dashboard:run", number)
    context = live_context(request, run_of(instance.pk)) | {"trouble": message}
    if not request.htmx:  # type: ignore[attr-defined]
        return render(
            request, "error.html", {"title": "That did not work", "message": message}, status=status
        )
    return render(request, "dashboard/_live.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def replay(request: HttpRequest, number: int) -> HttpResponse:
    """Return the state of an episode's replay; a POST requests the replay, with frames."""
    instance = run_of(number)
    fields = request.POST if request.method == "POST" else request.GET
    generation, index, episode = (
        _number(fields.get(name, "")) for name in ("generation", "index", "episode")
    )
    if request.method != "POST":
        return JsonResponse(replay_fields(selectors.replay(instance.pk, generation, index, episode)))
    if not may(request, Permission.SUBMIT):
        raise PermissionDenied("Log in as somebody who may ask for replays.")
    agent = selectors.agent(instance.pk, generation, index)
    if agent is None:
        raise NotFound("There is no such agent in this run.")
    replays.request(agent, episode=episode, pictures=True, user=request.user)
    if request.headers.get("Accept") != "application/json":
        return redirect("dashboard:run", number)
    return JsonResponse(replay_fields(selectors.replay(instance.pk, generation, index, episode)))


def _number(text: str) -> int:
    """Return the number that an address or a form contains. Raises NotFound where the text is no number."""
    if not text.isdecimal() or len(text) > 9:
        raise NotFound("There is no such episode.")
    return int(text)


def cost_words(estimate: CostEstimate) -> str:
    """Return the estimated cost of a run, in a sentence."""
    return (
        f"One run evaluates up to {shown(estimate.evaluations)} agents. It takes between "
        f"{duration(estimate.seconds_low)} and {duration(estimate.seconds_high)}, "
        f"{_bytes(estimate.memory_bytes)} of memory and up to {_bytes(estimate.storage_bytes)} of storage."
    )


def _bytes(number: int) -> str:
    for size, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number} bytes"


def _outcome(request: HttpRequest, document: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """Render the result of a form beside its text, which is kept."""
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "dashboard/_outcome.html", context, status=status)
    return render(request, "dashboard/runs.html", runs_context(request, document) | context, status=status)


def _first_page(number: int, replicates: int) -> str:
    return reverse("dashboard:run", args=(number,)) if replicates == 1 else reverse("dashboard:runs")


def _to(request: HttpRequest, address: str) -> HttpResponse:
    """Redirect; htmx follows a header, because a browser would follow a 302 without htmx noticing."""
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(address)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = address
    return response
