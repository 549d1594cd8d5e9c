"""Celery beat sends the sweep, but not while sweeps wait or the broker is away. It keeps nothing on disk."""

from typing import Any

from celery import beat, signals
from django.conf import settings

from processing import dispatch

#: Sweeps that wait at most: workers that were away for a day find no backlog of sweeps.
MOST_SWEEPS = 2


class Scheduler(beat.Scheduler):  # type: ignore[misc]
    """Celery's scheduler, with its state in memory."""

    def apply_async(self, entry: Any, producer: Any = None, advance: bool = True, **options: Any) -> Any:
        """Send the entry's message, unless enough of them wait."""
        waiting = dispatch.waiting(settings.SWEEP_QUEUE)
        if waiting is None:
            return None
        if waiting >= MOST_SWEEPS:
            signals.heartbeat_sent.send(sender=self)  # workers are busy, but beat runs
            return None
        return super().apply_async(entry, producer=producer, advance=advance, **options)
