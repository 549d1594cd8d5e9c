"""Who may do what. A server that only its own machine can reach is open, but for deleting and the admin; any other is closed.

What counts is the address that the server listens on, never the client's. Somebody's web page must not use this openness:
requests that other sites make a browser send are refused, and a Host that is not ours is (Django, ALLOWED_HOSTS).
"""

import ipaddress
from enum import StrEnum
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

#: What a reverse proxy adds. Who comes through one need not be on this machine, so that the server is not open to them.
_FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Permission(StrEnum):
    """What may be allowed."""

    VIEW = "VIEW"  # look at everything
    SUBMIT = "SUBMIT"  # send work items
    OPERATE = "OPERATE"  # pause, resume, cancel
    ADMINISTER = "ADMINISTER"  # delete; the admin


def may(request: HttpRequest, permission: Permission) -> bool:
    """Whether the request's user may do this."""
    user = request.user
    if user.is_authenticated and user.is_active:
        return permission != Permission.ADMINISTER or bool(user.is_staff)
    return permission != Permission.ADMINISTER and is_open(request)


def permissions_of(request: HttpRequest) -> list[Permission]:
    """Everything that the request's user may do."""
    return [permission for permission in Permission if may(request, permission)]


def is_open(request: HttpRequest) -> bool:
    """Whether nobody needs to log in to look, submit and operate."""
    if settings.CLOSED or any(name in request.META for name in _FORWARDED):
        return False
    return is_loopback(settings.BIND_ADDRESS) and _reached_locally(request)


def is_loopback(address: str) -> bool:
    """Whether only the machine itself can reach this address."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def is_cross_site(request: HttpRequest) -> bool:
    """Whether a browser sent this request for a page of another site, which is not one of those we trust."""
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site") == "cross-site"
    return origin not in settings.CORS_ALLOWED_ORIGINS and _place(origin) != _place(
        f"{request.scheme}://{request.get_host()}"
    )


def _reached_locally(request: HttpRequest) -> bool:
    """Whether the address on this machine that the connection came in at is a loopback one, as far as that is known."""
    try:
        return ipaddress.ip_address(request.META.get("SERVER_NAME", "")).is_loopback
    except ValueError:
        return True


def _place(origin: str) -> tuple[str | None, int | None] | None:
    """Host and port of an origin; None where it is none, as the origin "null"."""
    try:
        parts = urlsplit(origin)
        return (parts.hostname, parts.port or _DEFAULT_PORTS[parts.scheme])
    except (ValueError, KeyError):
        return None
