"""The data folder of an embedded server: database, secret, logs, address and lock.

The lock prevents a second server in the same folder.
"""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from api.embedded.trouble import Trouble


def lock(folder: Path) -> IO[str]:
    """Lock the folder for this process until the returned file is closed.

    Raises:
        Trouble: the folder cannot be written, or another server has locked it.
    """
    path = folder / "lock"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = path.open("a+")
    except OSError as error:
        raise Trouble(
            f"The folder {folder} cannot be written ({error.strerror}); set DATA_FOLDER to one that can."
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise Trouble(
            f"Another server is running in {folder}; stop it, or set DATA_FOLDER to another folder."
        ) from error
    return file


@contextlib.contextmanager
def announced(folder: Path, url: str) -> Iterator[None]:
    """Keep the server's URL in the folder while the context is open."""
    file = folder / "url"
    file.write_text(url)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def address(folder: Path) -> str | None:
    """Return the URL of the server that runs in the folder; None where none does."""
    try:
        with (folder / "lock").open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:  # a server holds the lock
        with contextlib.suppress(OSError):
            return (folder / "url").read_text()
    except OSError:
        pass
    return None
