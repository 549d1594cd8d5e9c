"""`manage.py extend RUN`: let a run that ended go on, with more generations, more time or a higher aim."""

import contextlib
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError

from api.management.arguments import number, positive
from api.management.commands.evolve import work_on
from api.terminal import exit_code, print_faults
from database import selectors
from database.errors import Conflict, NotFound
from formatting.faults import Fault, Faulty, renamed
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
            "--generations", type=_whole, dest="max_generations",
            help="generations after which it ends, in all",
        )
        for option, name, kind, what in (
            ("--seconds", "max_seconds", float, "seconds of computing after which it ends, in all"),
            ("--fitness", "fitness", float, "fitness of the champion at which it ends"),
            ("--stagnation", "stagnation_generations", _whole, "generations without progress until it ends"),
        ):
            parser.add_argument(option, dest=name, type=_limit(kind), help=f"{what}; none for no such limit")
        parser.add_argument(
            "--not-solved", dest="solved", action="store_const", const=False,
            help="go on when the task is solved"
        )
        parser.add_argument("--here", action="store_true", help="work on it in this process until it ends")
        parser.add_argument("--threads", type=positive, help="cores to evaluate on, with --here")
        parser.add_argument("--json", action="store_true", help="print one JSON object, with --here")

    def run_from_argv(self, argv: list[str]) -> None:
        """Run the command; a number such as -1e-6 after an option is its value, though argparse denies it."""
        super().run_from_argv(_joined(argv))

    def handle(self, *, run: int, here: bool, threads: int | None, json: bool, **options: Any) -> None:
        """Extend the run.

        Exit code 0 where that was done, 1 where the run has failed or died out since, 2 where it is refused,
        3 where the database cannot be used.
        """
        if (json or threads is not None) and not here:
            print("--json and --threads need --here.", file=sys.stderr)
            sys.exit(REFUSED)
        changes = {name: options[name] for name in _OPTIONS if options[name] is not None}
        changes = {name: None if value == _NONE else value for name, value in changes.items()}
        try:
            # an embedded server's broker is known to its own processes alone; its sweep sees the run
            wake = not here and bool(settings.REDIS_URL)
            instance = extension.extend(run, changes, by="the command line", wake=wake)
        except Faulty as faulty:
            print_faults(map(_in_options, faulty.faults))
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
        with contextlib.suppress(DatabaseError):  # the run is queued, whatever happens now
            wait = selectors.explain_wait(run)
            if wait is not None and wait.situation == selectors.Situation.NO_WORKER:
                print("No worker is online. A server that is started with this database works on it.")


#: What an option says in place of a limit that there is to be no longer.
_NONE = "none"
#: The option of each stop rule.
_OPTIONS = {
    "max_generations": "--generations", "max_seconds": "--seconds", "fitness": "--fitness",
    "stagnation_generations": "--stagnation", "solved": "--not-solved",
}


def _in_options(fault: Fault) -> Fault:
    """Return a fault as one of the options that were typed."""
    if fault.path == ("stop", "solved"):
        why = fault.expected.partition(", ")[2]
        return replace(fault, message=f"--not-solved is needed{why and ', '}{why}")
    (found,) = renamed([fault], {f"stop.{name}": option for name, option in _OPTIONS.items()})
    return replace(found, message=re.sub(r"\bnull\b", _NONE, found.message))


def _joined(argv: list[str]) -> list[str]:
    """Return arguments in which a negative number is joined to the option before it."""
    joined: list[str] = []
    for argument in argv:
        if joined and joined[-1] in _OPTIONS.values() and re.match(r"-[\d.]|-inf", argument):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def _whole(text: str) -> int:
    """Parse a whole number; whether it is in range, the stop rules decide."""
    if not re.fullmatch(r"-?\d{1,18}", text):
        raise ArgumentTypeError(f"expected a whole number of at most 18 digits, got {text[:30]!r}")
    return int(text)


def _limit(kind: Callable[[str], float]) -> Callable[[str], float | str]:
    """Return a parser of limits: a number, or `none`."""

    def parse(text: str) -> float | str:
        try:
            return text if text == _NONE else kind(text)
        except ValueError:
            raise ArgumentTypeError(f"expected a number or {_NONE}, got {text[:30]!r}") from None

    return parse
