"""A private PostgreSQL server in a folder.

PostgreSQL refuses to run as root. Where we are root it runs as another user; a folder which that user cannot reach (below
another's home, say) gets a link to one in /var/tmp, where the data then is.
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
from api.production.programs import find, free_port, kept_secret

START_SECONDS = 30.0
STOP_SECONDS = 10.0
NAME = "evolution"  # of the database and of its owner
#: Nobody but tests may do without: a machine that fails then loses what was written last.
NOT_DURABLE = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
_LONGEST_SOCKET_FOLDER = 80  # bytes; the socket's whole path may have about a hundred
_RETRY_SECONDS = 0.05


def program(name: str) -> Path:
    """One of PostgreSQL's programs. Raises Trouble."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: -float(folder.parent.name))
    configuration = shutil.which("pg_config")
    if configuration is not None:
        told = subprocess.run([configuration, "--bindir"], capture_output=True, text=True, check=False)
        folders.append(Path(told.stdout.strip()))
    return find([name], folders, "postgresql")


class PostgreSQL:
    """One server. Its database `evolution` is there once it has started; its data stay when it stops."""

    def __init__(self, folder: Path, *, durable: bool = True, log: Path | None = None) -> None:
        self.folder, self.durable = folder.absolute(), durable
        self.log = log or self.folder.with_name(self.folder.name + ".log")
        self.port = 0
        self.child: Child | None = None
        self.is_wanted = False  # somebody started it, and nobody ended it through us
        self.owner = _unprivileged()

    @property
    def url(self) -> str:
        """For DATABASE_URL."""
        return self.url_of(NAME)

    @property
    def pid(self) -> int:
        """The server's first process."""
        assert self.child is not None, "PostgreSQL has not been started"
        return self.child.pid

    def url_of(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgres://{NAME}:{self._password()}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """It answers when this returns. Raises Trouble."""
        self.is_wanted = True
        if self.child is not None:
            if self.child.exit_code is None:
                return
            self.child.end()
        server = program("postgres")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._prepare()
        deadline = time.monotonic() + START_SECONDS
        while not self._launched(server, deadline):
            if time.monotonic() > deadline:
                raise Trouble(f"PostgreSQL did not start; see {self.log}.")
        self.create(NAME)

    def create(self, database: str) -> str:
        """The database is there when this returns; its address."""
        with contextlib.closing(self._connected()) as connection, contextlib.suppress(psycopg2.errors.DuplicateDatabase):
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f'CREATE DATABASE "{database}"')
        return self.url_of(database)

    def stop(self) -> None:
        """It ends its sessions and is gone when this returns."""
        self._end(signal.SIGINT)

    def restart_immediately(self) -> None:
        """It ended as in a power cut, recovered, and answers again."""
        self._end(signal.SIGQUIT)
        self.start()

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def remove(self) -> None:
        """Neither server nor data are left."""
        self._end(signal.SIGQUIT)
        shutil.rmtree(self.folder.resolve(), ignore_errors=True)
        with contextlib.suppress(OSError):
            self.folder.unlink()

    def _prepare(self) -> None:
        """The folder holds a database cluster; the port is chosen."""
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
            str(program("initdb")), "--pgdata", str(data), "--username", NAME, "--pwfile", str(self.home / "password"),
            "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", *([] if self.durable else ["--no-sync"]),
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
        """Whether it answers; False where it ended, as it does while an earlier one's last processes still go."""
        sockets = str(self.home) if len(bytes(self.home)) <= _LONGEST_SOCKET_FOLDER else ""
        settings = [
            "listen_addresses=127.0.0.1", f"unix_socket_directories={sockets}", "max_connections=200", "log_timezone=UTC",
            "autovacuum_naptime=10s",
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

    def _end(self, how: signal.Signals) -> None:
        self.is_wanted = False
        if self.child is not None:
            self.child.end_by(how, patience=STOP_SECONDS)

    def _password(self) -> str:
        return kept_secret(self.folder / "password")

    def _own(self, home: Path) -> None:
        """The folder is the server's user's."""
        if self.owner is not None:
            for path in (home, home / "password"):
                os.chown(path, *self.owner)


def _unprivileged() -> tuple[int, int] | None:
    """User and group that the server runs as; None for our own."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return found.pw_uid, found.pw_gid
    raise Trouble("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody.")


def _reachable(folder: Path) -> Path:
    """The folder, or a new one in /var/tmp where somebody on its way up keeps others out."""
    if folder.is_symlink():
        return folder.resolve()
    there = [parent for parent in folder.resolve().parents if parent.exists()]
    if all(parent.stat().st_mode & stat.S_IXOTH for parent in there):
        return folder
    return Path(tempfile.mkdtemp(prefix="evolution-", dir="/var/tmp"))
