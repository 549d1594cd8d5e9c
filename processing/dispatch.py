"""Wakes: Celery messages without content, upon which a worker asks the database what to do next.

A wake that is lost, late or sent twice changes nothing; the sweep replaces lost ones.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

WAKE, SWEEP = "processing.wake", "processing.sweep"
#: Messages of earlier versions, each for a step of its own; they are taken as wakes.
OLDER = ("processing.advance", "processing.evaluate", "processing.replay")
#: Errors that a broker raises that is down or frozen.
BROKER_ERRORS = (OperationalError, OSError)
#: A broker that did not answer is not asked again for so long, so that its time-out is paid once.
REST_SECONDS = 5.0

_rests_until = 0.0
_kept = threading.local()


def processes() -> int:
    """Return the number of processes that take wakes, as far as this process knows."""
    return max(1, int(settings.NUMBER_OF_WORKERS) * int(settings.PROCESSES_A_WORKER))


def wake(number: int = 1, *, queue: str = settings.CELERY_TASK_DEFAULT_QUEUE) -> int:
    """Send up to `number` wakes, but no more than that as many wait as there are processes.

    Where the broker does not take them, that is no failure: the sweep sends them later.

    Returns:
        How many were sent.
    """
    global _rests_until
    if time.monotonic() < _rests_until:
        return 0
    try:
        return _on_connection(lambda connection: _send(connection, number, queue))
    except BROKER_ERRORS as error:
        _rests_until = time.monotonic() + REST_SECONDS
        log.warning("the broker did not take a wake (%s); the sweep will send it", error)
        return 0


def _send(connection: Any, number: int, queue: str) -> int:
    lacking = min(number, processes() - _count(connection, queue))
    for _ in range(lacking):
        current_app.send_task(WAKE, queue=queue, ignore_result=True, retry=False, connection=connection)
    return max(lacking, 0)


def waiting(queue: str = settings.CELERY_TASK_DEFAULT_QUEUE) -> int | None:
    """Return how many messages of a queue no worker has taken; None where the broker does not answer."""
    global _rests_until
    try:
        count = _on_connection(lambda connection: _count(connection, queue))
    except BROKER_ERRORS as error:
        log.warning("the broker does not answer: %s", error)
        return None
    _rests_until = min(_rests_until, time.monotonic())
    return count


def _on_connection(work: Callable[[Any], int]) -> int:
    """Call `work` with the connection that this thread keeps; one that is broken is replaced, once.

    Raises:
        OperationalError, OSError: the broker does not answer.
    """
    whose = os.getpid(), current_app.conf.broker_url  # a forked process connects by itself
    if getattr(_kept, "whose", None) == whose:
        try:
            return work(_kept.connection)
        except (*BROKER_ERRORS, *_kept.connection.connection_errors):
            _kept.whose = None
            _kept.connection.release()
    connection: Any = current_app.connection_for_write()
    connection.ensure_connection(max_retries=1, timeout=1)
    try:
        done = work(connection)
    except connection.connection_errors as error:
        raise OperationalError(str(error)) from error
    _kept.connection, _kept.whose = connection, whose
    return done


def _count(connection: Any, queue: str) -> int:
    return int(connection.default_channel.queue_declare(queue=queue, durable=True).message_count)
