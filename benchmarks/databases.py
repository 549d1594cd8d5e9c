"""Temporary databases for benchmarks, and programs that are run on them and print their lines as JSON."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from api.embedded.trouble import Trouble
from api.production.postgresql import PostgreSQL

ROOT = Path(__file__).parent.parent


@contextlib.contextmanager
def database(name: str) -> Iterator[dict[str, str]]:
    """Make a migrated temporary database, `postgresql` (durable) or `sqlite`; yield its settings.

    Raises:
        Trouble: PostgreSQL cannot be started here.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        settings = {"DATA_FOLDER": folder, "DATABASE_URL": "", "SECRET_KEY": "benchmark"}
        if name == "sqlite":
            yield _migrated(settings)
            return
        Path(folder).chmod(0o755)
        server = PostgreSQL(Path(folder) / "postgresql", durable=True)
        try:
            server.start()
            yield _migrated(settings | {"DATABASE_URL": server.url})
        finally:
            server.remove()


def lines_of(module: str, name: str) -> Iterator[dict[str, Any]]:
    """Yield the lines that a module prints on such a database; where the database cannot be made, one line
    with `skipped`.
    """
    try:
        with database(name) as settings:
            printed = subprocess.run(
                [sys.executable, "-m", module], cwd=ROOT, env={**os.environ, **settings}, check=True,
                text=True, stdout=subprocess.PIPE,
            ).stdout
        yield from ({"archive": name, **json.loads(line)} for line in printed.splitlines())
    except Trouble as error:
        yield {"archive": name, "skipped": str(error)}


def _migrated(settings: dict[str, str]) -> dict[str, str]:
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT,
        env={**os.environ, **settings}, check=True
    )
    return settings
