"""`manage.py evolve FILE`: run one work item in this process."""

import sys
import time
from argparse import ArgumentParser
from dataclasses import replace
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection

from api import intake
from api.management.arguments import positive, read_document, seed
from api.terminal import (
    BAD_INPUT,
    CANNOT_START,
    Pace,
    Progress,
    ProgressLine,
    ended_how,
    exit_code,
    print_fault_of,
    print_faults,
    print_mark_of,
    print_warnings,
    require_aim,
    result_line,
    summary,
)
from database.models import ENDED, Instance
from database.outcomes import stop_of
from formatting.faults import Faulty
from processing import runner
from processing.core.kernels.build import while_compiling
from processing.core.search.generation import GenerationResult
from processing.logs import printable


class Command(BaseCommand):
    """Run one work item in this process, without a server; its runs are stored like all others."""

    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the argument `file` and the options of the run."""
        parser.add_argument("file", help="a work item document; - reads standard input")
        parser.add_argument("--seed", type=seed, help="instead of the document's")
        parser.add_argument("--threads", type=positive, help="cores to evaluate on; all where left out")
        parser.add_argument(
            "--json", action="store_true", help="print one JSON object a replicate, and nothing else"
        )
        parser.add_argument(
            "--require-solved", action="store_true",
            help="exit code 4 unless every replicate reached what the work item asks for",
        )

    def handle(
        self, *, file: str, seed: int | None, threads: int | None, json: bool, require_solved: bool, **_: Any
    ) -> None:
        """Submit the work item and run its replicates one after the other.

        Exit code 0 where every replicate has ended, 1 where one failed or died out, 2 on bad input, 3 where
        the database cannot be used, 4 with `--require-solved` where one is not solved.
        """
        raw = read_document(file)
        try:
            if require_solved:
                require_aim(intake.check(raw, seed=seed))
            if connection.vendor == "sqlite":
                call_command("migrate", verbosity=0)
            submission = intake.submit(raw, None, announce=False, seed=seed)
        except Faulty as faulty:
            print_faults(faulty.faults)
            sys.exit(BAD_INPUT)
        except (DatabaseError, OSError) as error:
            print(f"The database cannot be used: {printable(str(error))}", file=sys.stderr)
            sys.exit(CANNOT_START)
        print_warnings(submission.warnings)
        ended = [work_on(instance, threads, json) for instance in submission.instances]
        sys.exit(exit_code(ended, require_solved=require_solved))


def work_on(instance: Instance, threads: int | None, as_json: bool) -> Instance:
    """Work on the instance until it has ended; a server's worker may claim it in between."""
    line, limit, begun = ProgressLine(), stop_of(instance)["max_generations"], instance.next_generation
    pace, last = Pace(), Progress(instance.pk, instance.next_generation, limit, None, None, None, None)

    def compiling() -> None:
        pace.compiles()
        line.say(f"run {instance.pk}  generation {begun}: compiling kernels, once for this kind of work")

    def watch(result: GenerationResult) -> None:
        nonlocal last
        done = result.number + 1
        pace.closed(time.monotonic(), len(result.population))
        last = Progress(
            instance=instance.pk, generation=done, generations=limit, best=result.checkpoint.best_fitness,
            mean=result.statistics["mean"], evaluations_per_second=pace.evaluations_per_second,
            seconds_left=pace.seconds_for(limit - done), champion=result.champion_fitness,
        )
        line.show(last)

    line.say(f"run {instance.pk}  generation {begun}: preparing")
    while instance.state not in ENDED:
        with while_compiling(compiling):
            runner.work_run(instance.pk, threads=threads, watch=watch)
        instance.refresh_from_db()
        if instance.state not in ENDED:
            time.sleep(0.1)
    line.finish(
        replace(
            last, generation=instance.next_generation, best=instance.best_fitness, outcome=ended_how(instance)
        )
    )
    line.close()
    print_fault_of(instance)
    print_mark_of(instance)
    print(result_line(instance) if as_json else summary(instance))
    return instance
