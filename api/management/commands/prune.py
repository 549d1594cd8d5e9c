"""`manage.py prune`: delete what old runs can do without."""

import sys
from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection

from database import services
from processing.logs import printable

CANNOT_START = 3


class Command(BaseCommand):
    """Delete genomes and older checkpoints of runs that ended long ago, or the whole runs.

    The results of agents are kept unless the whole run is deleted.
    """

    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add `--older-than` and the options that say what is deleted."""
        parser.add_argument(
            "--older-than", type=_days, required=True, metavar="DAYS", help="runs that ended so long ago"
        )
        parser.add_argument(
            "--keep-champions", action=BooleanOptionalAction, default=True,
            help="each generation's best agent keeps its genome"
        )
        parser.add_argument("--runs", action="store_true", help="whole runs, of those that cannot be resumed")
        parser.add_argument("--dry-run", action="store_true", help="print what would go, and delete nothing")

    def handle(self, *, older_than: int, keep_champions: bool, runs: bool, dry_run: bool, **_: Any) -> None:
        """Delete, and print one line per kind of row; exit code 3 where the database cannot be used."""
        try:
            pruned = services.prune(
                older_than_days=older_than, keep_champions=keep_champions, runs=runs, dry_run=dry_run
            )
        except DatabaseError as error:
            print(f"The database cannot be used: {printable(str(error))}", file=sys.stderr)
            sys.exit(CANNOT_START)
        verb = "would go" if dry_run else "deleted"
        if not dry_run and not connection.in_atomic_block:
            services.give_back()
        for kind in pruned:
            print(f"{kind.kind}: {kind.rows} {verb}, {kind.bytes} bytes")


def _days(text: str) -> int:
    """Parse a number of days, at most five digits."""
    if not text.isdecimal() or len(text) > 5:
        raise ArgumentTypeError(f"expected a whole number of days, got {text[:30]!r}")
    return int(text)
