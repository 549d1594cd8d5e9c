"""Programs that are not ours, and where they listen."""

import os
import random
import secrets
import shutil
import socket
from collections.abc import Sequence
from pathlib import Path

from api.embedded.trouble import Trouble

#: Below the ports that Linux gives to outgoing connections: one of those could take ours while its server is down.
PORTS = range(20_000, 32_000)


def find(names: Sequence[str], folders: Sequence[Path], package: str) -> Path:
    """The first of these programs that is there, on the PATH before the folders. Raises Trouble where none is."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, folders), "/usr/sbin", "/usr/local/sbin"])
    for name in names:
        found = shutil.which(name, path=path)
        if found is not None:
            return Path(found)
    raise Trouble(f"{names[0]} is missing; install the package {package} (Debian: apt-get install {package}).")


def free_port() -> int:
    """A port of this machine that nobody listens on just now. Raises Trouble where there is none."""
    for port in random.sample(PORTS, 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Trouble("No free port was found on 127.0.0.1.")


def kept_secret(path: Path) -> str:
    """The secret kept in this file; drawn where there is none."""
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
    return path.read_text()
