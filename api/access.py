"""Permissions. A server that only its own machine can reach is open: viewing, submitting and operating need
no login. Deleting and the admin always need one. Any other server is closed: everything needs a login.

The address that the server listens on decides, never the client's. A foreign web page must not use an open
server: requests that a browser sends for another site are refused, and so is a foreign Host header (Django,
ALLOWED_HOSTS).
"""

import ipaddress
from enum import StrEnum
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

#: Headers that a reverse proxy adds. Its clients may be on other machines, so the server is closed to them.
_FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Permission(StrEnum):
    """What a user may be permitted to do."""

    VIEW = "VIEW"  # view everything
    SUBMIT = "SUBMIT"  # send work items
    OPERATE = "OPERATE"  # pause, resume, extend, cancel
    ADMINISTER = "ADMINISTER"  # delete; the admin


def may(request: HttpRequest, permission: Permission) -> bool:
    """Whether the request's user may do this."""
    user = request.user
    if user.is_authenticated and user.is_active:
        return permission != Permission.ADMINISTER or bool(user.is_staff)
    return permission != Permission.ADMINISTER and is_open(request)


def name_of(user: AbstractBaseUser | AnonymousUser) -> str:
    """What events call a user."""
    return user.get_username() if user.is_authenticated else "an anonymous user"


def permissions_of(request: HttpRequest) -> list[Permission]:
    """All permissions of the request's user."""
    return [permission for permission in Permission if may(request, permission)]


def is_open(request: HttpRequest) -> bool:
    """Whether this request may view, submit and operate without a login."""
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
    """Whether a browser sent this request for a page of another site, not one of CORS_ALLOWED_ORIGINS."""
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site") == "cross-site"
    return origin not in settings.CORS_ALLOWED_ORIGINS and _place(origin) != _place(
        f"{request.scheme}://{request.get_host()}"
    )


def _reached_locally(request: HttpRequest) -> bool:
    """Whether the connection arrived at a loopback address; True where its address is not known."""
    try:
        return ipaddress.ip_address(request.META.get("SERVER_NAME", "")).is_loopback
    except ValueError:
        return True


def _place(origin: str) -> tuple[str | None, int | None] | None:
    """Host and port of an origin; None where it has none, such as the origin "null"."""
    try:
        parts = urlsplit(origin)
        return (parts.hostname, parts.port or _DEFAULT_PORTS[parts.scheme])
    except (ValueError, KeyError):
        return None
