"""The database's clock, the only one that leases know, and a connection that works."""

from datetime import datetime

from django.db import connection


def database_now() -> datetime:
    """The database's clock."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT STRFTIME('%Y-%m-%d %H:%M:%f+00:00', 'NOW')")
            return datetime.fromisoformat(cursor.fetchone()[0])
        cursor.execute("SELECT CLOCK_TIMESTAMP()")
        now: datetime = cursor.fetchone()[0]
        return now


def renew_connection() -> None:
    """A connection that broke is closed, so that the next statement opens another; inside a transaction nothing happens."""
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()
