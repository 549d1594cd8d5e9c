"""Health checks: whether this process answers, and whether it can work."""

from collections.abc import Callable

from celery import current_app
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

from api.errors import with_advice

BROKER_SECONDS = 1.0


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200, which shows that the process serves requests."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 where database and broker answer and the tables are up to date; else 503 with the reason."""
    checks = {name: check() for name, check in CHECKS.items()}
    ready = all(answer == "ok" for answer in checks.values())
    return with_advice(
        JsonResponse({"status": "ok" if ready else "unavailable", **checks}, status=200 if ready else 503)
    )


def database() -> str:
    """Return "ok" where the database answers, else what is wrong."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "does not answer"
    return "ok"


def migrations() -> str:
    """Return "ok" where the tables are those of this version, else how many migrations are missing."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "unknown"
    return f"{len(missing)} to be applied: manage.py migrate" if missing else "ok"


def broker() -> str:
    """Return "ok" where the broker answers within BROKER_SECONDS, else what is wrong."""
    try:
        with current_app.connection_for_write(connect_timeout=BROKER_SECONDS) as line:
            line.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_SECONDS)
    except (OperationalError, OSError):
        return "does not answer"
    return "ok"


CHECKS: dict[str, Callable[[], str]] = {"database": database, "migrations": migrations, "broker": broker}
