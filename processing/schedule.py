"""What celery beat sends: the sweep, and none while others wait or the broker is away. It keeps nothing on disk."""

from typing import Any

from celery import beat, signals
from django.conf import settings

from processing import dispatch

#: Sweeps that wait at most: workers that were away for a day need not find one for every few seconds of it.
MOST_SWEEPS = 2


class Scheduler(beat.Scheduler):  # type: ignore[misc]
    """Celery's own, in memory."""

    def apply_async(self, entry: Any, producer: Any = None, advance: bool = True, **options: Any) -> Any:
        """Send the entry's message, or leave it for the next time."""
        waiting = dispatch.waiting(settings.SWEEP_QUEUE)
        if waiting is None:
            return None
        if waiting >= MOST_SWEEPS:
            signals.heartbeat_sent.send(sender=self)  # workers are busy, beat is well
            return None
        return super().apply_async(entry, producer=producer, advance=advance, **options)
