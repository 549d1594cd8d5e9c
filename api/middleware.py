"""Middleware: it refuses requests of other sites, and turns exceptions of views into error answers."""

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
JSON_PATHS = ("/graphql", "/healthz", "/readyz", "/metrics")

_WELL_FORMED = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_TITLES = {
    403: "Not allowed", 404: "Nothing here", 409: "Not possible now", 413: "Too large", 503: "Not available",
}
_CROSS_SITE = Answer("PERMISSION_DENIED", 403, "This request comes from another site; it is refused.")


class CorrelationMiddleware(MiddlewareMixin):
    """Gives every request an identifier, in log and response; a client's own is kept where well formed."""

    def process_request(self, request: HttpRequest) -> None:
        """Records that are logged from now on carry the identifier."""
        given = request.headers.get("X-Request-ID", "")
        request.correlation_id = given if _WELL_FORMED.fullmatch(given) else secrets.token_hex(6)  # type: ignore[attr-defined]
        logs.set_context(correlation_id=request.correlation_id)  # type: ignore[attr-defined]

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """The response carries the identifier in the header X-Request-ID."""
        response["X-Request-ID"] = request.correlation_id  # type: ignore[attr-defined]
        logs.set_context(correlation_id=None)
        return response


class CrossSiteMiddleware(MiddlewareMixin):
    """Refuses requests of other sites that may change something, except from CORS_ALLOWED_ORIGINS."""

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        """Refuse a cross-site request that may change something."""
        if request.method in SAFE_METHODS or not is_cross_site(request):
            return None
        return response_to(request, _CROSS_SITE)


class ErrorMiddleware(MiddlewareMixin):
    """Turns every exception of a view into an error answer: JSON at JSON_PATHS, a page elsewhere."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase:
        return response_to(request, answer_of(exception))


def response_to(request: HttpRequest, answer: Answer) -> HttpResponse:
    """The error answer, as JSON or as a page."""
    if wants_json(request):
        return with_advice(JsonResponse(as_json(answer), status=answer.status))
    context = {
        "title": _TITLES.get(answer.status, "That did not work"), "message": answer.message,
        "correlation_id": answer.correlation_id,
    }
    return with_advice(render(request, "error.html", context, status=answer.status))


def wants_json(request: HttpRequest) -> bool:
    """Whether the path answers in JSON, or the client asks for it."""
    return (
        request.path.rstrip("/") in JSON_PATHS
        or request.headers.get("Accept", "").startswith("application/json")
    )
