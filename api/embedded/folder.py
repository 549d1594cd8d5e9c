"""The folder of an embedded server: its database, its secret, its logs, and a lock that keeps a second server out."""

import fcntl
from pathlib import Path
from typing import IO

from api.embedded.trouble import Trouble


def lock(folder: Path) -> IO[str]:
    """The folder is this process's alone until the file returned is closed. Raises Trouble."""
    path = folder / "lock"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = path.open("a+")
    except OSError as error:
        raise Trouble(f"The folder {folder} cannot be written ({error.strerror}); set DATA_FOLDER to one that can.") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise Trouble(f"Another server is running in {folder}; stop it, or set DATA_FOLDER to another folder.") from error
    return file
