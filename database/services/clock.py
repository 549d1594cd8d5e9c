"""The database's clock: the only one that leases know."""

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
