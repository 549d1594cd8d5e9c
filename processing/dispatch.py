"""Messages: one short one for each step that is ready. Losing all of them loses nothing, for the sweep sends them again."""

import logging

from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

ADVANCE = "processing.advance"


def advance(instance_id: int) -> None:
    """Tell the workers that this instance can go on. A dead broker is no failure: the sweep will tell them."""
    try:
        current_app.send_task(
            ADVANCE, args=(instance_id,), ignore_result=True, retry=True,
            retry_policy=settings.CELERY_TASK_PUBLISH_RETRY_POLICY,
        )
    except (OperationalError, OSError) as error:
        log.warning("run %s: the broker did not take the message (%s); the sweep will send it again", instance_id, error)
