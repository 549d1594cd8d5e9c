"""`python -m api.production`: the production processes on this machine, until Ctrl-C."""

import argparse
import contextlib
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from api.embedded.folder import lock
from api.embedded.trouble import Trouble
from api.management.arguments import port, positive
from api.production.stack import Stack
from processing.logs import printable

CANNOT_START = 3
TICK_SECONDS = 0.1


def main() -> int:
    """Serve, or remove the database; return exit code 0 after Ctrl-C and 3 where the server cannot start."""
    options = _options()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with contextlib.suppress(OSError):  # `lock` raises Trouble with the reason
            # PostgreSQL's user must be able to enter
            options.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        with lock(options.folder):
            if options.remove:
                Stack(options.folder).remove()
            else:
                _serve(options)
    except Trouble as error:
        print(printable(str(error)), file=sys.stderr)
        return CANNOT_START
    except KeyboardInterrupt:
        print("\nStopped. Runs go on when it is started again.", file=sys.stderr)
    return 0


def _serve(options: argparse.Namespace) -> None:
    """Start all processes and restart those that end, until interrupted."""
    stack = Stack(options.folder, web=options.web, workers=options.workers, port=options.port, say=_say)
    try:
        stack.start()
        print(f"pages    {stack.url}/\nGraphiQL {stack.url}/graphql\nlogs     {stack.logs}\n"
              f"data     {stack.postgresql.home}\n", flush=True)
        for name, pid in stack.processes().items():
            print(f"{name:12} process {pid}")
        print(f"\nServing on {stack.url} until Ctrl-C. Kill what you like.", file=sys.stderr, flush=True)
        while True:
            stack.tick()
            time.sleep(TICK_SECONDS)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        stack.stop()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m api.production", description=__doc__)
    parser.add_argument("--web", type=positive, default=1, help="web processes (default 1)")
    parser.add_argument("--workers", type=positive, default=1, help="worker nodes (default 1)")
    parser.add_argument("--port", type=port, default=8000, help="port of the web processes (default 8000)")
    parser.add_argument(
        "--folder", type=Path, default=Path("var/production"), help="where everything is kept"
    )
    parser.add_argument("--remove", action="store_true", help="delete the database instead, wherever it lies")
    return parser.parse_args()


def _say(line: str) -> None:
    print(printable(line), file=sys.stderr, flush=True)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Handle SIGTERM like Ctrl-C."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
