"""The web process: a bounded pool of threads that keep their connections, and which nobody can occupy by
being slow.
"""

import json
import os
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from a2wsgi import WSGIMiddleware
from django.conf import settings

from mlbackend.asgi import WholeRequests, application, close_connections
from tests.deployment import files

PATIENCE_SECONDS = 20.0
JSON = {"Content-Type": "application/json"}

#: Serves two requests at once from a database in a file (one in memory is never closed), stops, and says how
#: many connections
#: were opened, and are open still.
CONNECTIONS = """
import threading, urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
import django
from django.db.backends.signals import connection_created
django.setup()
from api.embedded.web import Web, listen
from mlbackend import asgi
both, opened = threading.Barrier(2), []

class Whatever(urllib.request.HTTPErrorProcessor):
    def http_response(self, request, response):
        return response

def note(connection, **_):
    opened.append(connection)
    both.wait(20)

connection_created.connect(note, weak=False)
with closing(listen("127.0.0.1", 0)) as bound:
    web = Web(bound, "mlbackend.asgi:application")
    web.start()
    url = f"http://127.0.0.1:{bound.getsockname()[1]}/"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Whatever())
    with ThreadPoolExecutor(2) as clients:
        assert [answer.status for answer in clients.map(opener.open, [url + "readyz"] * 2)] == [503, 503]
    web.stop()
print(f"opened: {len(opened)}, open: {sum(each.connection is not None for each in opened)}")
"""
BAD_QUERY = b'{"query": "{"}'  # answered without a database


class Served:
    """An application behind uvicorn, in a thread."""

    def __init__(self, application: Any) -> None:
        self.bound = socket.create_server(("127.0.0.1", 0))
        self.port = self.bound.getsockname()[1]
        self.server = uvicorn.Server(uvicorn.Config(application, log_level="error", lifespan="off"))
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.bound]})
        self.thread.start()

    def ask(
        self, path: str = "/", data: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Status and body of the answer."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers or {})
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
                request, timeout=PATIENCE_SECONDS
            ) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def begin(self, data: bytes) -> socket.socket:
        """A connection on which that much was sent."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_SECONDS)
        connection.sendall(data)
        return connection

    def stop(self) -> None:
        """It is gone."""
        self.server.should_exit = True
        self.thread.join()
        self.bound.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Any], Served]]:
    """Starts servers, and ends them."""
    started: list[Served] = []

    def start(application: Any) -> Served:
        started.append(Served(application))
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def server(serve: Callable[[Any], Served]) -> Served:
    """The project's application."""
    return serve(application)


def test_the_health_check_of_the_image_sees_a_server_and_its_absence(server: Served) -> None:
    _, *arguments = files.image_health()
    check = [sys.executable, *(word.replace(":8000/", f":{server.port}/") for word in arguments)]
    assert subprocess.run(check, check=False, capture_output=True).returncode == 0
    server.stop()
    assert subprocess.run(check, check=False, capture_output=True).returncode != 0


def test_static_files_come_whole(server: Served) -> None:
    status, body = server.ask("/static/dashboard/dashboard.css")
    assert (status, body) == (200, (files.ROOT / "api/static/dashboard/dashboard.css").read_bytes())


@pytest.mark.parametrize("in_chunks", [False, True])
def test_a_big_body_arrives_and_a_longer_one_is_refused(server: Served, in_chunks: bool) -> None:
    def sent(body: bytes) -> tuple[int, bytes]:
        return server.ask("/graphql", iter([body[:1000], body[1000:]]) if in_chunks else body, JSON)

    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    status, body = sent(BAD_QUERY + b" " * (most - len(BAD_QUERY)))
    assert (status, "Syntax Error" in json.loads(body)["errors"][0]["message"]) == (400, True)
    status, body = sent(BAD_QUERY + b" " * (most - len(BAD_QUERY) + 1))
    assert (status, json.loads(body)["errors"][0]["extensions"]["code"]) == (413, "LIMIT_EXCEEDED")


def test_clients_who_send_slowly_or_leave_occupy_no_thread(server: Served) -> None:
    beginning = (
        b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
        b"99\r\n\r\n{"
    )
    slow = [server.begin(beginning) for _ in range(3 * settings.WEB_THREADS)]
    assert server.ask("/healthz")[0] == 200
    for connection in slow:
        connection.close()
    for _ in range(3 * settings.WEB_THREADS):
        server.begin(b"GET /static/dashboard/dashboard.css HTTP/1.1\r\nHost: localhost\r\n\r\n").close()
    assert server.ask("/healthz")[0] == 200


def test_clients_who_do_not_read_occupy_no_thread(serve: Callable[[Any], Served]) -> None:
    finished = threading.Semaphore(0)

    def long(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [])
        for _ in range(200):
            yield b"x" * 100_000
        finished.release()

    server = serve(WholeRequests(WSGIMiddleware(long, workers=1, send_queue_size=0), 10))
    connections = [server.begin(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") for _ in range(2)]
    assert all(finished.acquire(timeout=PATIENCE_SECONDS) for _ in connections)
    for connection in connections:
        connection.close()


def test_a_slow_request_does_not_hold_up_others_and_threads_are_used_again(
    serve: Callable[[Any], Served]
) -> None:
    may_end, threads = threading.Event(), set()

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        threads.add(threading.get_ident())
        if environ["PATH_INFO"] == "/slow":
            assert may_end.wait(PATIENCE_SECONDS)
        start_response("200 OK", [])
        return [b"done"]

    server = serve(WholeRequests(WSGIMiddleware(answer, workers=2), 10))
    slow = threading.Thread(target=server.ask, args=("/slow",))
    slow.start()
    assert [server.ask() for _ in range(10)] == [(200, b"done")] * 10
    may_end.set()
    slow.join()
    assert len(threads) <= 2


def test_a_server_that_stops_leaves_no_database_connection_open(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CONNECTIONS],
        env={**os.environ, "DATA_FOLDER": str(tmp_path), "DATABASE_URL": ""},
        cwd=files.ROOT, capture_output=True, text=True, check=False, timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "opened: 2, open: 0\n"), done.stderr


def test_a_thread_that_is_busy_does_not_hold_up_the_end() -> None:
    may_end = threading.Event()
    with ThreadPoolExecutor(3) as pool:
        busy = pool.submit(may_end.wait, PATIENCE_SECONDS)
        close_connections(pool, 3)
        assert not busy.done()
        may_end.set()


def test_a_header_cannot_pass_for_another_by_an_underscore(serve: Callable[[Any], Served]) -> None:
    def told(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [json.dumps(sorted(name for name in environ if name.startswith("HTTP_X"))).encode()]

    server = serve(WholeRequests(WSGIMiddleware(told, workers=1), 10))
    assert server.ask(headers={"X_Real_IP": "1", "X-Other": "2"}) == (200, b'["HTTP_X_OTHER"]')
