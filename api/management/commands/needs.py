"""`manage.py needs FILE`: the targets of `make` that must have run before a work item can, a line each."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from api.management.arguments import read_document
from processing.core.kinds import KINDS


class Command(BaseCommand):
    """Say what else must be set up for a work item; nothing where it is malformed, which others report."""

    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the argument `file`."""
        parser.add_argument("file", metavar="FILE", help="a work item document; - reads standard input")

    def handle(self, *, file: str, **_: Any) -> None:
        """Print the targets."""
        try:
            document = json.loads(read_document(file))
        except ValueError:
            return
        name = document.get("kind") if isinstance(document, dict) else None
        if isinstance(name, str) and name in KINDS and KINDS[name].trains:
            print("setup-train")
