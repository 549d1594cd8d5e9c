"""Archives of a benchmark's own, and programs that are run on them; each prints its lines as JSON."""

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
def archive(name: str) -> Iterator[dict[str, str]]:
    """Settings of a migrated archive, `postgresql` (durable) or `sqlite`, that is gone afterwards. Raises Trouble."""
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
    """What a module prints when it is run on such an archive; a line that says why where there can be none."""
    try:
        with archive(name) as settings:
            printed = subprocess.run(
                [sys.executable, "-m", module], cwd=ROOT, env={**os.environ, **settings}, check=True, text=True,
                stdout=subprocess.PIPE,
            ).stdout
        yield from ({"archive": name, **json.loads(line)} for line in printed.splitlines())
    except Trouble as trouble:
        yield {"archive": name, "skipped": str(trouble)}


def _migrated(settings: dict[str, str]) -> dict[str, str]:
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, env={**os.environ, **settings}, check=True
    )
    return settings
