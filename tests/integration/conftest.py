"""Servers for tests, gone when they end: each test that asks for one runs on both set-ups."""

import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.provide import missing
from tests.integration.server import SETUPS, Embedded, Server

Serve = Callable[..., Server]


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """Ctrl-C reaches the servers, also where a shell started the tests in the background and so had them
    ignore it.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(params=SETUPS, scope="module")
def setup(request: pytest.FixtureRequest) -> type[Server]:
    """Both set-ups, one after the other."""
    return SETUPS[request.param]


@pytest.fixture
def serve(setup: type[Server], tmp_path: Path) -> Iterator[Serve]:
    """Starts a server with these variables, in a folder of its own."""
    yield from serving_with(setup, tmp_path)


@pytest.fixture
def serve_embedded(tmp_path: Path) -> Iterator[Serve]:
    """The same with `manage.py up` alone."""
    yield from serving_with(Embedded, tmp_path)


@pytest.fixture
def server(serve: Serve) -> Server:
    """A running server."""
    return serve()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server of `manage.py up`, for all tests that look at runs of their own and disturb nobody's.
    """
    serving = serving_with(Embedded, tmp_path_factory.mktemp("shared"))
    yield next(serving)()
    next(serving, None)


def serving_with(setup: type[Server], folder: Path) -> Iterator[Serve]:
    """Gives what starts servers of a set-up in a folder, and stops them afterwards."""
    started: list[Server] = []

    def serve(workers: int = 1, **variables: str) -> Server:
        server = setup(folder / "data", workers=workers, **variables)
        started.append(server)
        server.start()
        return server

    yield serve
    for server in started:
        if server.process is not None and server.process.poll() is None:
            server.stop()
        data = server.folder / "postgresql"
        if data.is_symlink():
            shutil.rmtree(data.resolve(), ignore_errors=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs what is not there; `provide.py` has said so, and fails in continuous integration.
    """
    lacking = set(missing())
    without = [item for item in items if lacking & _needed(item)]
    config.hook.pytest_deselected(items=without)
    items[:] = [item for item in items if item not in without]


def _needed(item: pytest.Item) -> set[str]:
    """Debian's names of the packages that a test needs."""
    arguments = getattr(getattr(item, "callspec", None), "params", {})
    browser = {"chromium"} if item.path.name == "test_browser.py" else set()
    return browser | ({"postgresql", "redis-server"} if arguments.get("setup") == "production" else set())
