"""`manage.py export RUN`: the network of a run's champion, or of another agent, as a file."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from api.exports import file_of
from api.management.agents import add_run_and_agent, found_agent
from database.errors import NotFound
from processing.core.errors import Refused, Transient
from processing.core.exports.export import ExportFormat
from processing.logs import printable

NOT_FOUND = 2


class Command(BaseCommand):
    """Write an agent's network as ONNX or JSON."""

    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the arguments `run`, `--agent`, `--format` and `--output`."""
        add_run_and_agent(parser)
        formats = [each.lower() for each in ExportFormat]
        parser.add_argument("--format", choices=formats, default="json", help="json where left out")
        parser.add_argument(
            "--output", help="the file; RUN-G-I.FORMAT where left out, - writes to standard output"
        )

    def handle(
        self, *, run: int, agent: tuple[int, ...] | None, format: str, output: str | None, **_: Any
    ) -> None:
        """Write the file; exit code 2 where there is no such agent or its network cannot be written."""
        try:
            record = found_agent(run, agent)[1]
            file = file_of(record, ExportFormat(format.upper()))
            if output == "-":
                sys.stdout.buffer.write(file.data)
                return
            Path(output or file.name).write_bytes(file.data)
        except (NotFound, Refused, Transient, OSError) as error:
            print(printable(str(error)), file=sys.stderr)
            sys.exit(NOT_FOUND)
        print(f"{printable(output or file.name)}: {len(file.data):,} bytes")
