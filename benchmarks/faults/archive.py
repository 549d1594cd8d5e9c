"""The database, read by plain SQL without Django or any service of the product."""

import contextlib
import json
import sqlite3
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg2
import psycopg2.extras

Row = dict[str, Any]
#: Errors that the drivers raise where the database does not answer.
Unreachable = (sqlite3.OperationalError, psycopg2.OperationalError, psycopg2.InterfaceError)


class Archive:
    """A connection to the database with this URL; each thread needs its own."""

    def __init__(self, url: str) -> None:
        self.url, self.is_sqlite = url, url.startswith("sqlite")
        self._connection: Any = None

    def rows(self, sql: str, *values: Any) -> list[Row]:
        """Return the rows of a query, whose placeholders are `%s`.

        Raises:
            Unreachable: one of these errors; the database does not answer.
        """
        try:
            return self._rows(sql, values)
        except Unreachable:
            self.close()
            return self._rows(sql, values)

    def one(self, sql: str, *values: Any) -> Any:
        """Return the first column of the first row; None where there is no row."""
        found = self.rows(sql, *values)
        return next(iter(found[0].values())) if found else None

    def has(self, table: str, column: str = "") -> bool:
        """Whether the database has this table, and the table this column."""
        if self.is_sqlite:
            columns = [row["name"] for row in self.rows(f"SELECT name FROM pragma_table_info('{table}')")]
        else:
            columns = [
                row["column_name"]
                for row in self.rows(
                    "SELECT column_name FROM information_schema.columns WHERE table_name = %s", table
                )
            ]
        return column in columns if column else bool(columns)

    def open_transactions(self) -> int:
        """Count idle sessions with an open transaction; on SQLite, return 1 where the database is locked
        against writing.
        """
        if not self.is_sqlite:
            return int(self.one(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND state LIKE 'idle in transaction%%' AND now() - state_change > interval '1 second'"
            ))
        with contextlib.closing(sqlite3.connect(self._path(), timeout=3)) as writer:
            try:
                writer.execute("BEGIN IMMEDIATE")
                writer.rollback()
            except sqlite3.OperationalError:
                return 1
        return 0

    def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(Exception):
                self._connection.close()
        self._connection = None

    def _rows(self, sql: str, values: tuple[Any, ...]) -> list[Row]:
        if self._connection is None:
            self._connection = self._connected()
        if self.is_sqlite:
            return [dict(row) for row in self._connection.execute(sql.replace("%s", "?"), values)]
        with self._connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
            cursor.execute(sql, values or None) if values else cursor.execute(sql.replace("%%", "%"))
            return [dict(row) for row in cursor.fetchall()]

    def _path(self) -> str:
        return self.url.removeprefix("sqlite://")

    def _connected(self) -> Any:
        if self.is_sqlite:
            connection = sqlite3.connect(
                f"file:{self._path()}?mode=ro", uri=True, timeout=5, check_same_thread=False
            )
            connection.row_factory = sqlite3.Row
            return connection
        parts = urlsplit(self.url)
        connection = psycopg2.connect(
            host=parts.hostname, port=parts.port, user=unquote(parts.username or ""),
            password=unquote(parts.password or ""), dbname=parts.path.lstrip("/"), connect_timeout=2,
            application_name="faults",
        )
        connection.autocommit = True
        return connection


def decoded(value: Any) -> Any:
    """Decode a JSON column, which SQLite returns as text."""
    return json.loads(value) if isinstance(value, str) else value
