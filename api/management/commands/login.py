"""`manage.py login`: a new link that logs the administrator in, once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from api.login import one_time_path


class Command(BaseCommand):
    """Print a link that logs the administrator in, once, at the server that uses the same database and data folder."""

    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the server is."""
        parser.add_argument("--url", default="http://127.0.0.1:8000", help="of the server (default http://127.0.0.1:8000)")

    def handle(self, *, url: str, **_: Any) -> None:
        """Print the link."""
        self.stdout.write(f"{url.rstrip('/')}{one_time_path()}")
