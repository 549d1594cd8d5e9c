"""The database's clock, which all leases use, and the renewal of broken connections."""

from datetime import datetime

from django.db import connection


def database_now() -> datetime:
    """Return the current time by the database's clock."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT STRFTIME('%Y-%m-%d %H:%M:%f+00:00', 'NOW')")
            return datetime.fromisoformat(cursor.fetchone()[0])
        cursor.execute("SELECT CLOCK_TIMESTAMP()")
        now: datetime = cursor.fetchone()[0]
        return now


def renew_connection() -> None:
    """Close a broken connection, so that the next statement opens a new one.

    Do nothing inside a transaction.
    """
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()
