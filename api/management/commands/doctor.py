"""`manage.py doctor`: what is wrong with the server, one line each."""

import json
import os
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from api import doctor
from api.doctor import Level
from processing.logs import printable


class Command(BaseCommand):
    """Check database, broker, workers, versions and steps; exit code 1 where a check fails."""

    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the option `--json`."""
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *, json: bool, **_: Any) -> None:
        """Print the findings; exit code 1 where one is a failure, 0 otherwise. Warnings are no failures."""
        found = doctor.findings()
        failed = any(each.level == Level.FAIL for each in found)
        lines = (f"{each.level:<4}  {each.name:<10}  {printable(each.text)}" for each in found)
        print(_object(found, failed) if json else "\n".join(lines))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(failed))  # a thread may still wait for a server that does not answer


def _object(found: list[doctor.Finding], failed: bool) -> str:
    setup = "embedded" if doctor.is_embedded() else "production"
    return json.dumps({"ok": not failed, "setup": setup, "findings": [asdict(each) for each in found]})
