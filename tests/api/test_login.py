"""The login command finds the server that runs in the data folder."""

import contextlib
import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from api.embedded.folder import address, announced, lock

pytestmark = pytest.mark.django_db


def printed() -> str:
    stream = io.StringIO()
    call_command("login", stdout=stream)
    return stream.getvalue()


def test_the_link_has_the_port_of_the_server_that_runs(tmp_path: Path, settings: Any) -> None:
    settings.DATA_FOLDER = tmp_path / "data"
    with contextlib.closing(lock(settings.DATA_FOLDER)), announced(
        settings.DATA_FOLDER, "http://127.0.0.1:4321"
    ):
        assert printed().startswith("http://127.0.0.1:4321/")
    assert printed().startswith("http://127.0.0.1:8000/")


def test_what_a_killed_server_left_is_not_believed(tmp_path: Path) -> None:
    assert address(tmp_path) is None
    lock(tmp_path).close()
    (tmp_path / "url").write_text("http://127.0.0.1:4321")
    assert address(tmp_path) is None
