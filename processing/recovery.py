"""Finds steps that no worker works on, and sends messages for them: the only recovery there is.

The sweep looks for such steps periodically; a lost or stopped worker's steps are freed at once.
"""

from django.conf import settings

from database import services, steps
from processing import dispatch
from processing.announcements import announce, most_announced

#: Messages for each ready step beyond which the sweep adds none, and the time after which a step is announced
#: again.
MOST_MESSAGES_A_STEP, LONG_SECONDS = 4, 60.0


def sweep() -> int:
    """Send a message for each step that is ready or whose lease ran out, unless enough messages wait.

    While at least as many messages wait as there are steps, no message is presumed lost, and only steps that
    waited for long are announced again: so the queue stays bounded.

    Returns:
        The number of messages sent.
    """
    adopt()
    runs = steps.ready_instances()
    slices = steps.ready_slices(most=most_announced())
    waiting = dispatch.waiting()
    replays = steps.ready_replays(most=most_announced())
    ready = len(runs) + len(slices) + len(replays)
    if waiting is None or waiting >= max(1, MOST_MESSAGES_A_STEP * ready):
        return 0
    if waiting >= ready:
        runs = steps.ready_instances(waited_seconds=LONG_SECONDS)
        slices = steps.ready_slices(waited_seconds=LONG_SECONDS, most=most_announced())
        replays = steps.ready_replays(waited_seconds=LONG_SECONDS, most=most_announced())
    dispatch.send(dispatch.ADVANCE, runs)
    dispatch.send(dispatch.EVALUATE, slices)
    dispatch.send(dispatch.REPLAY, replays)
    return len(runs) + len(slices) + len(replays)


def adopt() -> None:
    """Give runs whose numeric profile no worker has to the profile of a present worker, and mark them."""
    services.adopt(patience_seconds=settings.ADOPTION_SECONDS)


def worker_died(worker: str, *, crashed: bool) -> None:
    """Free the steps of a worker that is certainly dead, so that another goes on at once."""
    what = "crashed" if crashed else "was lost"
    message = f"Worker {worker} {what}; another goes on from the last generation."
    announce(services.release_worker(worker=worker, crashed=crashed, message=message))


def worker_stopped(worker: str) -> None:
    """Free the steps of a worker that was asked to stop; they do not count as attempts."""
    announce(services.release_worker(worker=worker, crashed=None, message=f"Worker {worker} was stopped."))
