"""`manage.py extend RUN`: let a run that ended go on, with more generations, more time or a higher aim."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError

from api.management.arguments import number, positive
from api.management.commands.evolve import work_on
from api.terminal import exit_code, print_faults
from database.errors import Conflict, NotFound
from formatting.faults import Faulty
from processing import extension
from processing.core.errors import Broken, Refused, Transient
from processing.logs import printable

REFUSED, CANNOT_START = 2, 3


class Command(BaseCommand):
    """Let a run go on under other stop rules, to the bits of a run that had asked for them at once.

    A server's workers work on it, or with `--here` this process.
    """

    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the argument `run`, an option for each stop rule, `--here`, `--threads` and `--json`."""
        parser.add_argument("run", type=number, help="number of the run")
        parser.add_argument(
            "--generations", type=number, dest="max_generations",
            help="generations after which it ends, in all",
        )
        for option, name, kind, what in (
            ("--seconds", "max_seconds", float, "seconds of computing after which it ends, in all"),
            ("--fitness", "fitness", float, "fitness of the champion at which it ends"),
            ("--stagnation", "stagnation_generations", number, "generations without progress until it ends"),
        ):
            parser.add_argument(option, dest=name, type=_limit(kind), help=f"{what}; none for no such limit")
        parser.add_argument(
            "--not-solved", dest="solved", action="store_const", const=False,
            help="go on when the task is solved"
        )
        parser.add_argument("--here", action="store_true", help="work on it in this process until it ends")
        parser.add_argument("--threads", type=positive, help="cores to evaluate on, with --here")
        parser.add_argument("--json", action="store_true", help="print one JSON object, with --here")

    def handle(self, *, run: int, here: bool, threads: int | None, json: bool, **options: Any) -> None:
        """Extend the run.

        Exit code 0 where that was done, 1 where the run has failed or died out since, 2 where it is refused,
        3 where the database cannot be used.
        """
        changes = {name: options[name] for name in _RULES if options[name] is not None}
        changes = {name: None if value == _NONE else value for name, value in changes.items()}
        try:
            instance = extension.extend(run, changes, by="the command line", wake=not here)
        except Faulty as faulty:
            print_faults(faulty.faults)
            sys.exit(REFUSED)
        except (NotFound, Conflict, Refused, Broken, Transient) as error:
            print(printable(str(error)), file=sys.stderr)
            sys.exit(REFUSED)
        except DatabaseError as error:
            print(f"The database cannot be used: {printable(str(error))}", file=sys.stderr)
            sys.exit(CANNOT_START)
        if here:
            sys.exit(exit_code([work_on(instance, threads, json)]))
        print(f"Run {run} is queued again, to go on with generation {instance.next_generation}.")


#: What an option says in place of a limit that there is to be no longer.
_NONE = "none"
_RULES = ("max_generations", "max_seconds", "fitness", "stagnation_generations", "solved")


def _limit(kind: Callable[[str], float]) -> Callable[[str], float | str]:
    """Return a parser of limits: a number, or `none`."""

    def parse(text: str) -> float | str:
        try:
            return text if text == _NONE else kind(text)
        except ValueError:
            raise ArgumentTypeError(f"expected a number or {_NONE}, got {text[:30]!r}") from None

    return parse
