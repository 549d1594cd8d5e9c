"""A server that runs below this process: what PostgreSQL and Redis have in common."""

import signal
from pathlib import Path

from api.embedded.child import Child
from api.production.programs import kept_secret


class PrivateServer:
    """One server in a folder. It keeps its port and password when it is started again."""

    NAME = ""  # for messages
    STOP_SECONDS = 0.0  # that it gets to end by itself

    def __init__(self, folder: Path, *, log: Path | None = None) -> None:
        self.folder = folder.absolute()
        self.log = log or self.folder.with_name(self.folder.name + ".log")
        self.port = 0
        self.child: Child | None = None
        self.is_wanted = False  # True from start() until stop(), kill() or remove()

    @property
    def pid(self) -> int:
        """The number of the server's main process."""
        assert self.child is not None, f"{self.NAME} has not been started"
        return self.child.pid

    def kill(self) -> None:
        """Kill the server's main process."""
        self._end(signal.SIGKILL)

    def _prepare_start(self) -> bool:
        """Mark the server as wanted, clear away a process that has ended, and return whether to start one."""
        self.is_wanted = True
        if self.child is not None and self.child.exit_code is None:
            return False
        if self.child is not None:
            self.child.end()
        return True

    def _end(self, how: signal.Signals) -> None:
        self.is_wanted = False
        if self.child is not None:
            self.child.end_by(how, patience=self.STOP_SECONDS)

    def _password(self) -> str:
        return kept_secret(self.folder / "password")
