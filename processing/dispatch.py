"""Messages: one short one for each step that is ready. Losing all of them loses nothing, the sweep sends them again."""

import logging
from collections.abc import Iterable

from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

from database import steps

log = logging.getLogger(__name__)

ADVANCE = "processing.advance"


def advance(instance_id: int) -> None:
    """Tell the workers that this instance can go on."""
    advance_all((instance_id,))


def advance_all(instance_ids: Iterable[int]) -> None:
    """Tell the workers that these instances can go on, those of higher priority first.

    A dead broker is no failure, and costs its time-out once: what it does not take, the sweep will send.
    """
    for instance_id, priority in steps.by_priority(instance_ids):
        try:
            current_app.send_task(
                ADVANCE, args=(instance_id,), ignore_result=True, retry=True, priority=_level(priority),
                retry_policy=settings.CELERY_TASK_PUBLISH_RETRY_POLICY,
            )
        except (OperationalError, OSError) as error:
            log.warning("run %s: the broker did not take the message (%s); the sweep will send it", instance_id, error)
            return


def _level(priority: int) -> int:
    """The broker's level of a run's priority: 0, which is taken first, for 100; 9 for -100."""
    return round((100 - max(-100, min(priority, 100))) * 9 / 200)


def waiting() -> int | None:
    """Messages that no worker has taken yet; None where the broker does not answer."""
    queue = settings.CELERY_TASK_DEFAULT_QUEUE
    try:
        with current_app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, timeout=1)
            count: int = connection.default_channel.queue_declare(queue=queue, durable=True).message_count
            return count
    except (OperationalError, OSError) as error:
        log.warning("the broker does not answer: %s", error)
        return None
