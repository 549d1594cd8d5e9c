"""A file that is touched while a worker or beat is at work, for health checks that must be cheap.

A worker's parent touches it with each of its heartbeats, every two seconds while its loop turns and the
broker is reachable. Beat touches it with each message that the broker took, and where it sends none because
earlier ones still wait.
"""

from pathlib import Path
from typing import Any

from celery import signals
from django.conf import settings


def connect() -> None:
    """Touch the file from now on at each heartbeat of a worker and each message of beat."""
    signals.heartbeat_sent.connect(touch, weak=False)
    signals.beat_init.connect(_follow_beat, weak=False)


def touch(**_: Any) -> None:
    """Touch PULSE_FILE, where one is set."""
    if settings.PULSE_FILE:
        Path(settings.PULSE_FILE).touch()


def _follow_beat(**_: Any) -> None:
    signals.after_task_publish.connect(touch, weak=False)
