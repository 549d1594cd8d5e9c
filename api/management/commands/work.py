"""`manage.py work`: a worker of the embedded server, on its parent's leash."""

import os
from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand

from api.embedded import leash


class Command(BaseCommand):
    """Run a Celery worker in this process; `manage.py up` starts it."""

    help = __doc__
    requires_system_checks: list[str] = []

    def handle(self, **_: Any) -> None:
        """Work until the parent process ends."""
        leash.end_with_parent(int(os.environ[leash.LEASH_VARIABLE]))
        current_app.worker_main([
            "worker", "--pool", "solo", "--hostname", os.environ["WORKER_NAME"], "--without-gossip",
            "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING",
        ])
