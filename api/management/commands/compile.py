"""`manage.py compile FILE ...`: compile what work items need, so that their runs do not wait for it."""

import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from api import intake
from api.management.arguments import read_document
from api.terminal import print_faults
from formatting.faults import Faulty
from processing.core.kernels.build import cache_folder
from processing.core.search.plan import plan_of
from processing.core.search.warm import warm_up


class Command(BaseCommand):
    """Compile the kernels of work items into the cache on disk, unless they are there."""

    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the argument `files`."""
        parser.add_argument(
            "files", nargs="+", metavar="FILE", help="a work item document; - reads standard input"
        )

    def handle(self, *, files: list[str], **_: Any) -> None:
        """Compile the kernels of each file, where there are some; exit code 2 on bad input."""
        started, has_kernels = time.perf_counter(), False
        for file in files:
            try:
                item = intake.check(read_document(file))
            except Faulty as faulty:
                print_faults(faulty.faults)
                sys.exit(2)
            plan = plan_of(item.spec, item.facts)
            warm_up(plan)
            has_kernels = has_kernels or plan.judge.compiles
            if not plan.judge.compiles:
                print(f"{file}: there is nothing to compile: agents are scored without kernels")
        if has_kernels:
            print(f"kernels ready in {time.perf_counter() - started:.1f} s ({cache_folder()})")
