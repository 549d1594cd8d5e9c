"""The Celery application. Messages are wakes without content; the sweep replaces lost ones."""

import os
from typing import Any

from celery import Celery
from celery.app.amqp import AMQP
from kombu.connection import Connection

from mlbackend import pulse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlbackend.settings")

#: Seconds between two tries to reach a broker that is waited for; kombu would wait 2, 4, 6, … up to 30.
RETRY_SECONDS = 1.0


class BrokerConnection(Connection):
    """A connection that those who wait for their broker without limit try again every RETRY_SECONDS."""

    def ensure_connection(
        self, errback: Any = None, max_retries: int | None = None, **options: Any
    ) -> Any:
        """Connect; workers and beat call this without a limit of tries."""
        if max_retries is None:
            intervals = {"interval_start": RETRY_SECONDS, "interval_step": 0.0, "interval_max": RETRY_SECONDS}
            options = intervals | options
        return super().ensure_connection(errback, max_retries, **options)  # type: ignore[no-untyped-call]


class _Messaging(AMQP):  # type: ignore[misc]
    Connection = BrokerConnection


application = Celery("mlbackend", amqp=_Messaging)
application.config_from_object("django.conf:settings", namespace="CELERY")
application.conf.imports = ("processing.tasks", "processing.worker")
application.steps["worker"].add("processing.worker:Presence")
pulse.connect()
