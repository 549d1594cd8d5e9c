"""`python -m tests.on_postgresql tests/database …`: pytest with its database in a private PostgreSQL, which
is gone afterwards.

Where PostgreSQL is missing nothing is run, and `tests/integration/provide.py` has said so.
"""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType

from api.embedded.trouble import Trouble
from api.production.postgresql import PostgreSQL, program


def main() -> int:
    """pytest's exit code."""
    try:
        program("postgres")
    except Trouble as trouble:
        print(f"Not run on PostgreSQL: {trouble}", file=sys.stderr)
        return int(os.environ.get("CI") == "true")
    signal.signal(signal.SIGTERM, _interrupt)
    with tempfile.TemporaryDirectory(prefix="evolution-postgresql-") as folder:
        server = PostgreSQL(Path(folder) / "postgresql", durable=False)
        try:
            server.start()
            environment = os.environ | {"TEST_DATABASE_URL": server.url}
            return subprocess.run(
                [sys.executable, "-m", "pytest", *sys.argv[1:]], env=environment, check=False
            ).returncode
        finally:
            server.remove()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """A request to end is an interrupt."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
