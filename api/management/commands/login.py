"""`manage.py login`: a new link that logs the administrator in, once."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from api.embedded.folder import address
from api.login import one_time_path

DEFAULT_URL = "http://127.0.0.1:8000"


class Command(BaseCommand):
    """Print a one-time login link for the administrator.

    The server must use the same database and data folder.
    """

    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the option `--url`."""
        parser.add_argument(
            "--url", help=f"of the server (default: of the one in this data folder, or {DEFAULT_URL})"
        )

    def handle(self, *, url: str | None, **_: Any) -> None:
        url = url or address(settings.DATA_FOLDER) or DEFAULT_URL
        self.stdout.write(f"{url.rstrip('/')}{one_time_path()}")
