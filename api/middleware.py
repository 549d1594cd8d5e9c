"""Around every door: other sites' requests are refused, and no exception gets out as it is."""

import re
import secrets

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

from api.access import is_cross_site
from api.errors import Answer, answer_of, as_json, with_advice
from processing import logs

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
JSON_DOORS = ("/graphql", "/healthz", "/readyz", "/metrics")

_SANE = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_TITLES = {403: "Not allowed", 404: "Nothing here", 413: "Too large", 503: "Not available"}
_CROSS_SITE = Answer("PERMISSION_DENIED", 403, "This request comes from another site; it is refused.")


class CorrelationMiddleware(MiddlewareMixin):
    """Every request has an identifier, its sender's where that is a sane one: in the log, and in the answer's header."""

    def process_request(self, request: HttpRequest) -> None:
        """What is logged from now on is about this request."""
        given = request.headers.get("X-Request-ID", "")
        request.correlation_id = given if _SANE.fullmatch(given) else secrets.token_hex(6)  # type: ignore[attr-defined]
        logs.note(correlation_id=request.correlation_id)  # type: ignore[attr-defined]

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """The answer says which it was."""
        response["X-Request-ID"] = request.correlation_id  # type: ignore[attr-defined]
        logs.note(correlation_id=None)
        return response


class CrossSiteMiddleware(MiddlewareMixin):
    """Whatever changes something must come from our own pages, from programs, or from origins that the settings name."""

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        """Refuse it, or let it pass."""
        if request.method in SAFE_METHODS or not is_cross_site(request):
            return None
        return response_to(request, _CROSS_SITE)


class TroubleMiddleware(MiddlewareMixin):
    """Every exception of a view becomes an answer: JSON at the JSON doors, a page elsewhere."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase:
        """The answer."""
        return response_to(request, answer_of(exception))


def response_to(request: HttpRequest, answer: Answer) -> HttpResponse:
    """An answer in the form that the door speaks."""
    if wants_json(request):
        return with_advice(JsonResponse(as_json(answer), status=answer.status))
    context = {
        "title": _TITLES.get(answer.status, "That did not work"), "message": answer.message,
        "correlation_id": answer.correlation_id,
    }
    return with_advice(render(request, "error.html", context, status=answer.status))


def wants_json(request: HttpRequest) -> bool:
    """Whether the door, or who knocks, speaks JSON."""
    return request.path.rstrip("/") in JSON_DOORS or request.headers.get("Accept", "").startswith("application/json")
