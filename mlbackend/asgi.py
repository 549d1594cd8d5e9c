"""The ASGI application that web servers run: Django in a bounded pool of threads that keep their connections.

Django's own ASGI handler gives every request a new thread, and so a new database connection. The threads of
the pool are few: a request enters it with its whole body, and its answer never waits there for a slow reader.
When the server stops, each thread closes its own connection, which no other thread can do.
"""

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlbackend.settings")

_BUSY_SECONDS = 0.5  # a thread that answers a request for longer when the server stops keeps its connection
_UNBOUNDED = 0  # chunks of an answer that may wait for a slow reader; our static files are the largest


def close_connections(pool: ThreadPoolExecutor, threads: int) -> None:
    """Have each of the pool's `threads` threads close its database connections, within two seconds."""
    together = threading.Barrier(threads)

    def close() -> None:
        with contextlib.suppress(threading.BrokenBarrierError):
            together.wait(_BUSY_SECONDS)  # no thread runs this twice before each has run it once
        connections.close_all()

    wait([pool.submit(close) for _ in range(threads)], timeout=3 * _BUSY_SECONDS)


class WholeRequests:
    """Reads a request's body before taking a thread; of too long a body, it keeps enough to refuse it."""

    def __init__(self, threaded: Any, most_bytes: int, stop: Callable[[], object] = lambda: None) -> None:
        self.threaded, self.most_bytes, self.stop = threaded, most_bytes, stop

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer an HTTP request or the lifespan protocol; pass other protocols on."""
        if scope["type"] == "lifespan":
            await self._until_stopped(receive, send)
            return
        if scope["type"] != "http":
            await self.threaded(scope, receive, send)
            return
        body = await self._body(receive)
        if body is None:
            return  # the client has gone

        async def whole() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        await self.threaded(_plain(scope, len(body)), whole, send)

    async def _until_stopped(self, receive: Any, send: Any) -> None:
        """Answer the lifespan protocol, and call `stop` when the server stops."""
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await asyncio.to_thread(self.stop)
        await send({"type": "lifespan.shutdown.complete"})

    async def _body(self, receive: Any) -> bytes | None:
        """Read the body, or the beginning of one that is too long; None where the client disconnects first.

        The rest is read in any case: many clients read no answer before they have sent everything.
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
    """The scope as WSGI can represent it: chunked bodies get a length, headers with underscores are dropped.

    WSGI writes hyphens as underscores, so a header with an underscore could pass for another one.
    """
    headers = [(name, value) for name, value in scope["headers"] if b"_" not in name]
    if any(name == b"transfer-encoding" for name, _ in headers):
        headers.append((b"content-length", b"%d" % length))
    return {**scope, "headers": headers}


_threaded = WSGIMiddleware(get_wsgi_application(), workers=settings.WEB_THREADS, send_queue_size=_UNBOUNDED)  # type: ignore[arg-type]
application = WholeRequests(
    _threaded, settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
    lambda: close_connections(_threaded.executor, settings.WEB_THREADS)
)
