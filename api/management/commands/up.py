"""`manage.py up`: the whole server on this machine, with nothing to install but Python."""

import contextlib
import json
import signal
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection

from api import intake
from api.embedded import client, follow
from api.embedded.folder import announced, lock
from api.embedded.supervisor import Supervisor
from api.embedded.trouble import Trouble
from api.embedded.web import Web, listen
from api.login import one_time_path
from api.management.arguments import port, positive, read_document, seed
from api.terminal import (
    BAD_INPUT,
    CANNOT_START,
    ProgressLine,
    exit_code,
    print_fault_of,
    print_faults,
    print_mark_of,
    print_warnings,
    require_aim,
    result_line,
    summary,
)
from database.models import Instance
from formatting.faults import Faulty
from processing.logs import printable

INTERRUPTED = 130
TICK_SECONDS = 0.1


class Command(BaseCommand):
    """Start database, broker, workers and web server; submit a work item if one is given, show its runs."""

    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options of the server and of the work item to submit."""
        parser.add_argument("--port", type=port, default=8000, help="port of the web server (default 8000)")
        parser.add_argument(
            "--workers", type=positive, default=1, help="worker processes (default 1; it uses all cores)"
        )
        parser.add_argument(
            "--submit", metavar="FILE", help="a work item document to run; - reads standard input"
        )
        parser.add_argument("--seed", type=seed, help="instead of the document's")
        parser.add_argument("--once", action="store_true", help="stop when the submitted run has ended")
        parser.add_argument(
            "--json", action="store_true", help="with --once: print one JSON object a replicate"
        )
        parser.add_argument(
            "--require-solved", action="store_true",
            help="with --once: exit code 4 unless every replicate reached what the work item asks for",
        )

    def handle(
        self, *, port: int, workers: int, submit: str | None, seed: int | None, once: bool, json: bool,
        require_solved: bool, **_: Any,
    ) -> None:
        """Serve until Ctrl-C, or with --once until the runs have ended.

        Exit code 0 where every replicate has ended, 1 where one failed or died out, 2 on bad input, 3 where
        the server cannot start, 4 with `--require-solved` where one is not solved, 130 where `--once` is
        interrupted.
        """
        if (once and not submit) or (require_solved and not once):
            print(
                "--once needs --submit FILE." if once else "--require-solved needs --once.", file=sys.stderr
            )
            sys.exit(BAD_INPUT)
        document = _checked(submit, seed, require_solved=require_solved) if submit else None
        signal.signal(signal.SIGTERM, _interrupt)
        try:
            with _server(port, workers, sys.stderr if json else sys.stdout) as (url, supervisor, web):
                ended = _show(url, supervisor, document, as_json=json) if document is not None else []
                if once:
                    sys.exit(exit_code(ended, require_solved=require_solved))
                print(f"\nServing on {url} until Ctrl-C.", file=sys.stderr, flush=True)
                _serve(supervisor, web)
        except Trouble as error:
            print(printable(str(error)), file=sys.stderr)
            sys.exit(CANNOT_START)
        except KeyboardInterrupt:
            print("\nStopped. Runs go on when the server is started again.", file=sys.stderr)
            sys.exit(INTERRUPTED if once else 0)


@contextlib.contextmanager
def _server(port: int, workers: int, out: Any) -> Iterator[tuple[str, Supervisor, Web]]:
    """Run a server while the context is open; yield its URL, its supervisor and its web server."""
    folder = Path(settings.DATA_FOLDER)
    with contextlib.ExitStack() as running:
        running.enter_context(lock(folder))
        bound = running.enter_context(contextlib.closing(listen(settings.BIND_ADDRESS, port)))
        _migrate(folder)
        supervisor = Supervisor(folder, workers=workers)
        running.callback(supervisor.stop)
        supervisor.start()
        web = Web(bound, settings.ASGI_APPLICATION.replace(".application", ":application"))
        web.start()
        running.callback(web.stop)
        url = _url(settings.BIND_ADDRESS, bound.getsockname()[1])
        running.enter_context(announced(folder, url))
        addresses = (
            f"pages    {url}/\nGraphiQL {url}/graphql\nadmin    {url}{one_time_path()}  (logs in once)"
        )
        print(addresses, file=out, flush=True)
        yield url, supervisor, web


def _url(address: str, port: int) -> str:
    """Return the URL by which this machine reaches the server."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _migrate(folder: Path) -> None:
    """Migrate an SQLite database; other databases are migrated by their operators. Raises Trouble."""
    if connection.vendor != "sqlite":
        return
    try:
        call_command("migrate", verbosity=0)
    except DatabaseError as error:
        raise Trouble(f"The database in {folder} cannot be used: {error}") from error


def _checked(file: str, seed: int | None, *, require_solved: bool) -> dict[str, Any]:
    """Return the checked document of a file; a faulty one ends the process with exit code 2."""
    raw = read_document(file)
    try:
        staged = intake.check(raw, seed=seed)
        print_warnings(staged.warnings)
    except Faulty as faulty:
        print_faults(faulty.faults)
        sys.exit(BAD_INPUT)
    if require_solved:
        require_aim(staged)
    document: dict[str, Any] = json.loads(raw)
    return document if seed is None else document | {"seed": seed}


def _show(url: str, supervisor: Supervisor, document: dict[str, Any], *, as_json: bool) -> list[Instance]:
    """Submit through the server's GraphQL endpoint, show each run until it has ended, and return the runs."""
    ended: list[Instance] = []
    for number in client.submit(url, document):
        line = ProgressLine()
        while True:
            instance, progress = follow.progress_of(number)
            if follow.has_ended(instance):
                line.finish(progress)
                break
            if progress.generation:
                line.show(progress)
            else:
                line.say(follow.beginning(instance))
            supervisor.tick()
            time.sleep(TICK_SECONDS)
        line.close()
        print_fault_of(instance)
        print_mark_of(instance)
        ended.append(instance)
        if as_json:
            print(result_line(instance), flush=True)
            continue
        drawing = follow.drawn_champion(instance, colour=sys.stdout.isatty())
        print(f"\n{drawing}\n" if drawing else "")
        print(f"{summary(instance)}\nits page {url}/runs/{number}", flush=True)
    return ended


def _serve(supervisor: Supervisor, web: Web) -> None:
    """Supervise until interrupted. Raises Trouble where the web server ends by itself."""
    while True:
        supervisor.tick()
        web.check()
        time.sleep(TICK_SECONDS)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Handle SIGTERM like Ctrl-C."""
    raise KeyboardInterrupt
