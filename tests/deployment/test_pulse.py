"""Workers and beat show that they are at work."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import current_app, signals

from mlbackend import pulse
from processing.schedule import Scheduler


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


def test_without_a_file_nothing_is_kept(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PULSE_FILE = ""
    monkeypatch.chdir(tmp_path)
    failed = [answer for _, answer in signals.heartbeat_sent.send(sender=None) if answer is not None]
    assert (failed, list(tmp_path.iterdir())) == ([], [])


def test_beat_is_well_though_its_sweeps_wait(kept: Path) -> None:
    with current_app.connection_for_write() as connection:
        channel = connection.default_channel
        for _ in range(2):
            channel.queue_declare(queue="sweep", durable=True)
            channel.basic_publish(channel.prepare_message("{}"), exchange="", routing_key="sweep")
        try:
            assert Scheduler(current_app, lazy=True).apply_async(None) is None
        finally:
            channel.queue_purge("sweep")
    assert kept.exists()
