"""Frees steps whose worker is gone, and wakes workers where steps wait: the only recovery there is.

The sweep does so periodically; the steps of a worker that is known to be lost or stopped are freed at once.
"""

import logging
import math
import time
from collections.abc import Iterable

from django.conf import settings

from database import services, steps, turns
from database.errors import NO_ANSWER
from processing import dispatch, states

log = logging.getLogger(__name__)

#: Shares are mended so often.
MEND_EVERY_SECONDS = 3_600.0
#: After so long without a worker that can train it, a run says so.
NO_TRAINER_SECONDS = 60.0

_mended_at = -math.inf
_SILENT = "A worker made no progress for the whole of its lease; another goes on from the last generation."


def sweep() -> int:
    """Free steps whose lease has expired, and wake as many processes as there are ready steps.

    Returns:
        The number of wakes sent, at most one for each process.
    """
    for repair in (free_expired, _adopt, _mend, _pause, _warn_of_no_trainer):
        try:
            repair()
        except NO_ANSWER as error:  # such as a run whose row is locked for long; the others are not to wait
            log.warning("the database does not answer: %s", error)
            services.renew_connection()
    most = dispatch.processes()
    sent = 0
    for queue, count in (
        (settings.CELERY_TASK_DEFAULT_QUEUE, turns.count_ready),
        (settings.TRAINING_QUEUE, turns.count_trainings),
    ):
        if ready := count(most=most):
            sent += dispatch.wake(ready, queue=queue)
    return sent


def free_expired() -> None:
    """Free the steps whose worker made no progress for the whole of its lease."""
    _settle(services.release_expired(message=_SILENT))


def _adopt() -> None:
    services.adopt(patience_seconds=settings.ADOPTION_SECONDS)


def _warn_of_no_trainer() -> None:
    services.warn_of_no_trainer(patience_seconds=NO_TRAINER_SECONDS)


def _mend() -> None:
    """Mend shares, once an hour in each process, at first when it starts."""
    global _mended_at
    if time.monotonic() - _mended_at >= MEND_EVERY_SECONDS:
        _mended_at = time.monotonic()
        services.mend()


def _pause() -> None:
    _settle(steps.runs_to_pause())


def worker_died(worker: str, *, crashed: bool) -> None:
    """Free the steps of a worker that is certainly dead, so that another goes on at once."""
    what = "crashed" if crashed else "was lost"
    message = f"Worker {worker} {what}; another goes on from the last generation."
    _freed(services.release_worker(worker=worker, crashed=crashed, message=message))


def worker_stopped(worker: str) -> None:
    """Free the steps of a worker that was asked to stop; they do not count as attempts."""
    _freed(services.release_worker(worker=worker, crashed=None, message=f"Worker {worker} was stopped."))


def _freed(runs: Iterable[int]) -> None:
    """Wake a worker for runs of which steps were freed."""
    _settle(runs)
    dispatch.wake()
    if turns.count_trainings(most=1):
        dispatch.wake(queue=settings.TRAINING_QUEUE)


def _settle(runs: Iterable[int]) -> None:
    """Pause those runs that were to be paused, as no worker holds a step of them any more."""
    for number in runs:
        states.settle(number)
