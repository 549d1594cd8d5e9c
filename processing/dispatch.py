"""Celery messages: a short one for each step that is ready.

Lost messages are harmless: the sweep sends them again.
"""

import logging
import time
from collections.abc import Iterable

from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

from database import steps
from database.steps import Ready

log = logging.getLogger(__name__)

ADVANCE, EVALUATE, REPLAY, SWEEP = (
    "processing.advance", "processing.evaluate", "processing.replay", "processing.sweep"
)
#: Errors that a broker raises that is down or frozen.
BROKER_ERRORS = (OperationalError, OSError)
#: A broker that did not answer is not asked again for so long, so that its time-out is paid once.
REST_SECONDS = 5.0

_rests_until = 0.0


def advance(instance_id: int) -> None:
    """Send a message that this instance can go on."""
    advance_all((instance_id,))


def advance_all(instance_ids: Iterable[int]) -> None:
    """Send a message for each of these instances, those of higher priority first."""
    send(ADVANCE, steps.by_priority(instance_ids))


def send(task: str, ready: Iterable[Ready]) -> None:
    """Send a message for each of these steps.

    Where the broker does not take a message, that is no failure: the sweep sends it later.
    """
    global _rests_until
    for number, priority in ready:
        if time.monotonic() < _rests_until:
            return
        try:
            _send(task, number, priority)
            _rests_until = 0.0
        except BROKER_ERRORS as error:
            _rests_until = time.monotonic() + REST_SECONDS
            log.warning(
                "%s %s: the broker did not take the message (%s); the sweep will send it", task, number, error
            )


def waiting(queue: str = settings.CELERY_TASK_DEFAULT_QUEUE) -> int | None:
    """Return how many messages of a queue no worker has taken; None where the broker does not answer."""
    global _rests_until
    try:
        with current_app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, timeout=1)
            count: int = connection.default_channel.queue_declare(queue=queue, durable=True).message_count
            _rests_until = min(_rests_until, time.monotonic())
            return count
    except BROKER_ERRORS as error:
        log.warning("the broker does not answer: %s", error)
        return None


def _send(task: str, number: int, priority: int) -> None:
    was_away = _rests_until > 0  # a new connection, tried twice, waits for less time than a kept one
    current_app.send_task(
        task, args=(number,), ignore_result=True, retry=was_away, priority=_level(priority),
        retry_policy=settings.CELERY_TASK_PUBLISH_RETRY_POLICY,
    )


def _level(priority: int) -> int:
    """Return the broker's level of a run's priority: 0, which is delivered first, for 100; 9 for -100."""
    return round((100 - max(-100, min(priority, 100))) * 9 / 200)
