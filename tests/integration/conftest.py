"""A server for a test, gone when it ends."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.server import Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A running embedded server in a folder of its own."""
    started = Server(tmp_path / "data")
    started.start()
    yield started
    if started.process is not None and started.process.poll() is None:
        started.stop()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a browser where there is none; `provide.py` has said so, and fails in continuous integration."""
    if shutil.which("chromium") is None:
        browser = [item for item in items if item.path.name == "test_browser.py"]
        config.hook.pytest_deselected(items=browser)
        items[:] = [item for item in items if item not in browser]
