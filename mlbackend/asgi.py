"""The ASGI application that web servers run: Django in a bounded pool of threads, each of which keeps its database connection.

Django's own ASGI handler gives every request a thread of its own, and so a connection of its own. In the pool a thread is
precious: a request comes to it with its whole body, and its answer never waits there for a slow reader.
"""

import os
from typing import Any

from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlbackend.settings")

_UNBOUNDED = 0  # chunks of an answer that wait for a slow reader; the largest answers are our own static files


class WholeRequests:
    """Reads a request's body before it asks for a thread; of one that is too long it keeps only enough to refuse it."""

    def __init__(self, threaded: Any, most_bytes: int) -> None:
        self.threaded, self.most_bytes = threaded, most_bytes

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request, or play another part of the protocol."""
        if scope["type"] != "http":
            await self.threaded(scope, receive, send)
            return
        body = await self._body(receive)
        if body is None:
            return  # the client has gone

        async def whole() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        await self.threaded(_plain(scope, len(body)), whole, send)

    async def _body(self, receive: Any) -> bytes | None:
        """The body, or the beginning of one that is too long; None where the client left before its end.

        The end is awaited in any case: many clients read no answer before they have sent everything.
        """
        body, more = bytearray(), True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            if len(body) <= self.most_bytes:
                body += message.get("body", b"")
            more = message.get("more_body", False)
        return bytes(body)


def _plain(scope: Any, length: int) -> dict[str, Any]:
    """The request as WSGI can tell it: a body that came in chunks has a length, no header passes for another by an underscore."""
    headers = [(name, value) for name, value in scope["headers"] if b"_" not in name]
    if any(name == b"transfer-encoding" for name, _ in headers):
        headers.append((b"content-length", b"%d" % length))
    return {**scope, "headers": headers}


application = WholeRequests(
    WSGIMiddleware(get_wsgi_application(), workers=settings.WEB_THREADS, send_queue_size=_UNBOUNDED),  # type: ignore[arg-type]
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
)
