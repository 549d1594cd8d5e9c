"""The external programs that are started, and their ports and passwords."""

import os
import random
import secrets
import shutil
import socket
from collections.abc import Sequence
from pathlib import Path

from api.embedded.trouble import Trouble

#: Below the ports of Linux's outgoing connections, which could occupy a port while its server is down.
PORTS = range(20_000, 32_000)


def find(names: Sequence[str], folders: Sequence[Path], package: str) -> Path:
    """Return the first of these programs on the PATH or in the folders. Raises Trouble where none exists."""
    path = os.pathsep.join(
        [os.environ.get("PATH", os.defpath), *map(str, folders), "/usr/sbin", "/usr/local/sbin"]
    )
    for name in names:
        found = shutil.which(name, path=path)
        if found is not None:
            return Path(found)
    raise Trouble(
        f"{names[0]} is missing; install the package {package} (Debian: apt-get install {package})."
    )


def free_port() -> int:
    """Return a port that is free now. Raises Trouble where none is found."""
    for port in random.sample(PORTS, 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Trouble("No free port was found on 127.0.0.1.")


def kept_secret(path: Path) -> str:
    """Return the secret in this file; create the file with a random one where it is missing."""
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
    return path.read_text()
