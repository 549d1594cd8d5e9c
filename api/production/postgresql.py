"""A private PostgreSQL server in a folder.

PostgreSQL refuses to run as root, so root starts it as another user. Where that user cannot reach the folder
(inside somebody's home, for example), the folder becomes a link to one in /var/tmp, which holds the data.
"""

import contextlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg2  # type: ignore[import-untyped]

from api.embedded.child import Child
from api.embedded.trouble import Trouble
from api.production.private_server import PrivateServer
from api.production.programs import find, free_port

START_SECONDS = 30.0
DATABASE = "evolution"  # the database, and the role that owns it
#: For tests only: with these settings, a power failure loses the last writes.
NOT_DURABLE = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
_LONGEST_SOCKET_FOLDER = 80  # bytes; the limit of a socket's whole path is about 100
_RETRY_SECONDS = 0.05


def program(name: str) -> Path:
    """Return the path of one of PostgreSQL's programs. Raises Trouble where it is missing."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: -float(folder.parent.name))
    configuration = shutil.which("pg_config")
    if configuration is not None:
        output = subprocess.run([configuration, "--bindir"], capture_output=True, text=True, check=False)
        folders.append(Path(output.stdout.strip()))
    return find([name], folders, "postgresql")


class PostgreSQL(PrivateServer):
    """One server with the database `evolution`. Its data persist when it stops."""

    NAME = "PostgreSQL"
    STOP_SECONDS = 10.0

    def __init__(self, folder: Path, *, durable: bool = True, log: Path | None = None) -> None:
        super().__init__(folder, log=log)
        self.durable, self.owner = durable, _unprivileged()

    @property
    def url(self) -> str:
        """The value of DATABASE_URL."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """Return the URL of one of the server's databases."""
        return f"postgres://{DATABASE}:{self._password()}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start the server unless it runs, and wait until it answers. Raises Trouble."""
        if not self._prepare_start():
            return
        server = program("postgres")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._prepare()
        deadline = time.monotonic() + START_SECONDS
        while not self._launched(server, deadline):
            if time.monotonic() > deadline:
                raise Trouble(f"PostgreSQL did not start; see {self.log}.")
        self.create(DATABASE)

    def create(self, database: str) -> str:
        """Create the database unless it exists, and return its URL."""
        with contextlib.closing(self._connected()) as connection, contextlib.suppress(
            psycopg2.errors.DuplicateDatabase
        ):
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f'CREATE DATABASE "{database}"')
        return self.url_of(database)

    def stop(self) -> None:
        """Stop the server with a fast shutdown: it disconnects its clients first."""
        self._end(signal.SIGINT)

    def restart_immediately(self) -> None:
        """Stop the server without a shutdown, as a power failure would, and start it again; it recovers."""
        self._end(signal.SIGQUIT)
        self.start()

    def remove(self) -> None:
        """Stop the server and delete its data."""
        self._end(signal.SIGQUIT)
        shutil.rmtree(self.folder.resolve(), ignore_errors=True)
        with contextlib.suppress(OSError):
            self.folder.unlink()

    def _prepare(self) -> None:
        """Choose the port, and create the database cluster unless the folder holds one."""
        self.folder.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        home = _reachable(self.folder) if self.owner else self.folder
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if home != self.folder and not self.folder.is_symlink():
            self.folder.symlink_to(home)
        self.home, self.port = home, self.port or free_port()
        self._password()
        if not (home / "data").exists():
            self._own(home)
            self._initialise(home / "unfinished")
            (home / "unfinished").rename(home / "data")

    def _initialise(self, data: Path) -> None:
        shutil.rmtree(data, ignore_errors=True)
        command = [
            str(program("initdb")), "--pgdata", str(data), "--username", DATABASE, "--pwfile",
            str(self.home / "password"), "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C",
            *([] if self.durable else ["--no-sync"]),
        ]
        user, group = self.owner or (None, None)
        with self.log.open("ab") as log:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False, cwd="/",
                user=user, group=group, extra_groups=[] if self.owner else None,
            )
        if done.returncode:
            raise Trouble(f"PostgreSQL's initdb failed; see {self.log}.")

    def _launched(self, server: Path, deadline: float) -> bool:
        """Start the process and return whether it answers.

        It does not where it has ended, as it does while the last processes of an earlier server still run.
        """
        sockets = str(self.home) if len(bytes(self.home)) <= _LONGEST_SOCKET_FOLDER else ""
        settings = [
            "listen_addresses=127.0.0.1", f"unix_socket_directories={sockets}", "max_connections=200",
            "log_timezone=UTC", "autovacuum_naptime=10s",
        ]
        settings += [] if self.durable else NOT_DURABLE
        command = [str(server), "-D", str(self.home / "data"), "-p", str(self.port)]
        for setting in settings:
            command += ["-c", setting]
        self.child = Child("postgresql", command, os.environ, wrapped=True, log=self.log, owner=self.owner)
        while self.child.exit_code is None and time.monotonic() < deadline:
            try:
                self._connected().close()
                return True
            except psycopg2.OperationalError:
                time.sleep(_RETRY_SECONDS)
        self.child.end()
        time.sleep(_RETRY_SECONDS)
        return False

    def _connected(self) -> "psycopg2.extensions.connection":
        return psycopg2.connect(self.url_of("postgres"), connect_timeout=2)

    def _own(self, home: Path) -> None:
        """Make the server's user the owner of the folder."""
        if self.owner is not None:
            for path in (home, home / "password"):
                os.chown(path, *self.owner)


def _unprivileged() -> tuple[int, int] | None:
    """Return the user and group that the server runs as; None for this process's own."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return found.pw_uid, found.pw_gid
    raise Trouble("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody.")


def _reachable(folder: Path) -> Path:
    """Return the folder, or a new one in /var/tmp where other users may not enter one of its parents."""
    if folder.is_symlink():
        return folder.resolve()
    existing = [parent for parent in folder.resolve().parents if parent.exists()]
    if all(parent.stat().st_mode & stat.S_IXOTH for parent in existing):
        return folder
    return Path(tempfile.mkdtemp(prefix="evolution-", dir="/var/tmp"))
