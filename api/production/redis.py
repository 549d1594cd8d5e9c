"""A private Redis server that keeps nothing on disk."""

import contextlib
import os
import signal
import socket
import time
from pathlib import Path

from api.embedded.child import Child
from api.embedded.trouble import Trouble
from api.production.programs import find, free_port, kept_secret

START_SECONDS = 10.0
STOP_SECONDS = 3.0
CONFIGURATION = """bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
save ""
appendonly no
maxmemory 256mb
"""


def program() -> Path:
    """The server's program. Raises Trouble."""
    return find(["redis-server", "valkey-server"], [], "redis-server")


class Redis:
    """One server; its port and password stay the same when it is started again."""

    def __init__(self, folder: Path, *, log: Path | None = None) -> None:
        self.folder = folder.absolute()
        self.log = log or self.folder.with_name(self.folder.name + ".log")
        self.port = 0
        self.child: Child | None = None
        self.is_wanted = False  # somebody started it, and nobody ended it through us

    @property
    def url(self) -> str:
        """For REDIS_URL."""
        return f"redis://:{self._password()}@127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self.child is not None, "Redis has not been started"
        return self.child.pid

    def start(self) -> None:
        """It answers when this returns. Raises Trouble."""
        self.is_wanted = True
        if self.child is not None:
            if self.child.exit_code is None:
                return
            self.child.end()
        for folder in (self.folder, self.log.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.port = self.port or free_port()
        configuration = self.folder / "redis.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(CONFIGURATION.format(port=self.port, password=self._password(), folder=self.folder))
        self.child = Child("redis", [str(program()), str(configuration)], os.environ, wrapped=True, log=self.log)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.child.exit_code is not None or time.monotonic() > deadline:
                raise Trouble(f"Redis did not start; see {self.log}.")
            time.sleep(0.01)

    def stop(self) -> None:
        """It ends and is gone when this returns."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """It holds its connections and answers nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on where it was frozen."""
        os.kill(self.pid, signal.SIGCONT)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as line:
            line.sendall(b"PING\r\n")
            return line.recv(64)[:1] in (b"-", b"+")  # it wants the password, and it is there
        return False

    def _end(self, how: signal.Signals) -> None:
        self.is_wanted = False
        if self.child is not None:
            self.child.end_by(how, patience=STOP_SECONDS)

    def _password(self) -> str:
        return kept_secret(self.folder / "password")
