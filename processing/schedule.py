"""What celery beat sends: the sweep, and nothing while the queue is long or the broker is away. It keeps nothing on disk."""

from typing import Any

from celery import beat

from processing import dispatch

#: Messages beyond which none is added; workers that are away for a day would find a sweep for every few seconds of it.
MOST_WAITING = 1_000


class Scheduler(beat.Scheduler):  # type: ignore[misc]
    """Celery's own, in memory."""

    def apply_async(self, entry: Any, producer: Any = None, advance: bool = True, **options: Any) -> Any:
        """Send the entry's message, or leave it for the next time."""
        waiting = dispatch.waiting()
        if waiting is None or waiting > MOST_WAITING:
            return None
        return super().apply_async(entry, producer=producer, advance=advance, **options)
