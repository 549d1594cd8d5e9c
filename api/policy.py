"""The content security policy of pages, and the permission to view them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.vary import vary_on_headers

from api.access import Permission, may

#: Pages load from this server only, and hold no inline scripts or styles.
CONTENT_SECURITY_POLICY = "; ".join((
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'",
    "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'self'",
))

View = Callable[..., HttpResponse]


def page(view: View) -> View:
    """Restrict a view to users who may view; others are asked to log in.

    Responses carry the content security policy.
    """

    @wraps(view)
    @vary_on_headers("HX-Request", "Cookie")
    def guarded(request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        if not may(request, Permission.VIEW):
            return _refused(request)
        response = view(request, *args, **options)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Cache-Control", "no-cache")
        return response

    return guarded


def _refused(request: HttpRequest) -> HttpResponse:
    if request.method != "GET" or request.headers.get("Accept") == "application/json":
        return JsonResponse({"errors": [{"message": "Log in to see this."}]}, status=403)
    if request.user.is_authenticated:
        return render(request, "error.html", {
            "title": "Not for this account", "message": "Your account may not look at the runs.",
        }, status=403)
    return redirect_to_login(request.get_full_path())
