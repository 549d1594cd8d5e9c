"""The server's secret key: generated once, stored beside the database, readable by its owner alone."""

import os
import secrets
import tempfile
from pathlib import Path


def secret_key(folder: Path) -> str:
    """The key stored in `folder`, generated where there is none.

    If the folder cannot be written, the key is not kept.
    """
    path = folder / "secret-key"
    key = secrets.token_urlsafe(50)
    try:
        if not path.exists():
            _store(key, path)
        return path.read_text()
    except OSError:
        return key


def _store(key: str, path: Path) -> None:
    """Write the whole key at once; the first of several processes wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(key)
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        os.unlink(draft)
