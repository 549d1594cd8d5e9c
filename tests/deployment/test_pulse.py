"""Workers and beat show that they are at work."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import signals

from mlbackend import pulse


@pytest.fixture
def kept(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """The file that is touched."""
    settings.PULSE_FILE = str(tmp_path / "pulse")
    yield tmp_path / "pulse"
    signals.after_task_publish.disconnect(pulse.touch)


def test_a_worker_s_heartbeat_touches_the_file(kept: Path) -> None:
    signals.heartbeat_sent.send(sender=None)
    assert kept.exists()


def test_a_message_touches_the_file_where_beat_sent_it_and_nowhere_else(kept: Path) -> None:
    signals.after_task_publish.send(sender="processing.sweep")
    assert not kept.exists()
    signals.beat_init.send(sender=None)
    signals.after_task_publish.send(sender="processing.sweep")
    assert kept.exists()


def test_without_a_file_nothing_is_kept(settings: Any) -> None:
    settings.PULSE_FILE = ""
    signals.heartbeat_sent.send(sender=None)
