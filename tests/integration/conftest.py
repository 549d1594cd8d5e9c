"""A server for a test, gone when it ends."""

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
