"""What looks for steps that nobody works on: the only recovery there is."""

from django.conf import settings

from database import services, steps
from processing import dispatch
from processing.announcements import announce, most_announced

#: Messages for each ready step beyond which the sweep adds none, and the time after which a step is announced again.
MOST_MESSAGES_A_STEP, LONG_SECONDS = 4, 60.0


def sweep() -> int:
    """Send a message for each step that is ready or whose lease ran out, unless enough are under way. How many.

    It is the only recovery there is. While at least as many messages wait as there are steps, none was lost as far as can
    be told, and only steps that waited for long are announced again: so the queue stays bounded.
    """
    adopt()
    runs, slices, waiting = steps.ready_instances(), steps.ready_slices(most=most_announced()), dispatch.waiting()
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
    """Runs whose numeric profile no worker has any more are given to one that is there, and marked."""
    services.adopt(patience_seconds=settings.ADOPTION_SECONDS)


def worker_died(worker: str, *, crashed: bool) -> None:
    """Free what a worker held that is dead for certain, so that another goes on at once."""
    what = "crashed" if crashed else "was lost"
    message = f"Worker {worker} {what}; another goes on from the last generation."
    announce(services.release_worker(worker=worker, crashed=crashed, message=message))


def worker_stopped(worker: str) -> None:
    """Free what a worker held that was told to stop; that is no attempt."""
    announce(services.release_worker(worker=worker, crashed=None, message=f"Worker {worker} was stopped."))
