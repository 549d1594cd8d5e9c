"""`manage.py login`: a new link that logs the administrator in, once."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from api.embedded.folder import address
from api.login import one_time_path

USUAL = "http://127.0.0.1:8000"


class Command(BaseCommand):
    """Print a link that logs the administrator in, once, at the server that uses the same database and data folder."""

    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the server is."""
        parser.add_argument("--url", help=f"of the server (default: of the one in this data folder, or {USUAL})")

    def handle(self, *, url: str | None, **_: Any) -> None:
        """Print the link."""
        url = url or address(settings.DATA_FOLDER) or USUAL
        self.stdout.write(f"{url.rstrip('/')}{one_time_path()}")
