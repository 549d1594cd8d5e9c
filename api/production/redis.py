"""A private Redis server that stores nothing on disk."""

import contextlib
import os
import signal
import socket
import time
from pathlib import Path

from api.embedded.child import Child
from api.embedded.trouble import Trouble
from api.production.private_server import PrivateServer
from api.production.programs import find, free_port

START_SECONDS = 10.0
CONFIGURATION = """bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
save ""
appendonly no
maxmemory 256mb
"""


def program() -> Path:
    """Return the path of the server's program. Raises Trouble where it is missing."""
    return find(["redis-server", "valkey-server"], [], "redis-server")


class Redis(PrivateServer):
    """One server. It keeps its port and password when it is started again."""

    NAME = "Redis"
    STOP_SECONDS = 3.0

    @property
    def url(self) -> str:
        """The value of REDIS_URL."""
        return f"redis://:{self._password()}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start the server unless it runs, and wait until it answers. Raises Trouble."""
        if not self._prepare_start():
            return
        for folder in (self.folder, self.log.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.port = self.port or free_port()
        configuration = self.folder / "redis.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(
            CONFIGURATION.format(port=self.port, password=self._password(), folder=self.folder)
        )
        self.child = Child(
            "redis", [str(program()), str(configuration)], os.environ, wrapped=True, log=self.log
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.child.exit_code is not None or time.monotonic() > deadline:
                raise Trouble(f"Redis did not start; see {self.log}.")
            time.sleep(0.01)

    def stop(self) -> None:
        """Terminate the server and wait for its end."""
        self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """Suspend the process: it keeps its connections and answers nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Continue the suspended process."""
        os.kill(self.pid, signal.SIGCONT)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(
            ("127.0.0.1", self.port), timeout=1
        ) as line:
            line.sendall(b"PING\r\n")
            # an error reply that asks for the password is an answer, too
            return line.recv(64)[:1] in (b"-", b"+")
        return False
