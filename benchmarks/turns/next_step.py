"""The time of the question whose turn is next, with few and with many waiting runs, in process.

Run as a program it measures the database that the environment variables name.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.databases import lines_of
from benchmarks.turns.servers import Line, document

if TYPE_CHECKING:
    from database.models import Instance

ARCHIVES = ("postgresql", "sqlite")
FEW, MANY, CALLS, TARGET = 100, 100_000, 100, 2.0
#: The first id of the copied rows.
BASE = 1_000_000


class Shape(NamedTuple):
    """Of whom so many runs are: each submitter has as many work items, and each of these as many runs."""

    submitters: int
    work_items: int
    runs: int


#: What is waiting -> its shape for a number of runs.
SHAPES = {
    "a work item each, without an account": lambda number: Shape(number, 1, 1),
    "one user, a work item each": lambda number: Shape(1, number, 1),
    "one user, 100 replicates a work item": lambda number: Shape(1, number // 100, 100),
    "users of ten runs": lambda number: Shape(number // 10, 10, 1),
}


def measure() -> Iterator[Line]:
    """Yield the lines of both databases."""
    for name in ARCHIVES:
        yield from lines_of("benchmarks.turns.next_step", name)


def measured() -> Iterator[Line]:
    """Yield the lines of the database that Django is set up for: each shape with each kind of statistics."""
    from django.db import connection

    from api import intake

    template = intake.submit(document("template"), None, announce=False).instances[0]
    kinds = ("none", "of these rows")
    if connection.vendor == "postgresql":
        _leave_alone()
        kinds = ("none", "of these rows", "of a hundred runs", "of empty tables")
    for waiting, shape_of in SHAPES.items():
        for statistics in kinds:
            few, many = (_median_with(template, shape_of, number, statistics) for number in (FEW, MANY))
            yield {
                "case": "next step", "waiting": waiting, "statistics": statistics,
                f"milliseconds_of_{FEW}": round(1e3 * few, 3),
                f"milliseconds_of_{MANY}": round(1e3 * many, 3),
                "ratio": round(many / few, 2), "target": TARGET, "met": many / few <= TARGET,
            }


def _median_with(
    template: "Instance", shape_of: Callable[[int], Shape], number: int, statistics: str
) -> float:
    """Return the median seconds with so many waiting runs, and statistics of the tables of that kind."""
    if statistics == "none":
        _forget_statistics()
    elif statistics == "of a hundred runs":
        _fill(template, shape_of(100))
        _run("ANALYZE")
        _empty()
    elif statistics == "of empty tables":
        _run("ANALYZE")
    _fill(template, shape_of(number))
    if statistics == "of these rows":
        _run("ANALYZE")
    seconds = _median_seconds()
    _empty()
    return seconds


def _median_seconds() -> float:
    from database import turns
    from processing import node

    profiles, seconds = node.abilities(), []
    for _ in range(CALLS):
        started = time.perf_counter()
        found = turns.next_step(profiles)
        seconds.append(time.perf_counter() - started)
        assert found is not None
    return median(seconds)


def _fill(template: "Instance", shape: Shape) -> None:
    """Add waiting runs of that shape, all copies of one; what they were charged differs a little."""
    from database.models import Instance, Share, WorkItem

    items, first_share = shape.submitters * shape.work_items, BASE + shape.submitters
    own = template.share
    _copy(
        Share, own.parent_id, shape.submitters, id=f"{BASE} + n", work_item_id="NULL",
        charged_seconds="(n * 37) % 101",
    )
    _copy(
        WorkItem, template.work_item_id, items, id=f"{BASE} + n", idempotency_key="'copy ' || n",
    )
    _copy(
        Share, own.pk, items, id=f"{first_share} + n", parent_id=f"{BASE + 1} + (n - 1) / {shape.work_items}",
        work_item_id=f"{BASE} + n", charged_seconds="(n * 53) % 103",
    )
    _copy(
        Instance, template.pk, items * shape.runs, id=f"{BASE} + n",
        share_id=f"{first_share + 1} + (n - 1) / {shape.runs}",
        work_item_id=f"{BASE + 1} + (n - 1) / {shape.runs}", replicate=f"(n - 1) % {shape.runs}",
    )


def _copy(model: Any, pk: int | None, number: int, **expressions: str) -> None:
    """Insert copies n = 1, 2, … of a row, in which some columns have these values."""
    columns = [field.column for field in model._meta.local_concrete_fields]
    values = ", ".join(expressions.get(column, f't."{column}"') for column in columns)
    table, names = model._meta.db_table, ", ".join(f'"{column}"' for column in columns)
    _run(
        f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {number})"
        f" INSERT INTO {table} ({names}) SELECT {values} FROM {table} t, numbers WHERE t.id = {pk}"
    )


def _empty() -> None:
    """Delete the copied rows, and give their room back, so that the next measurement does not read it."""
    from django.db import connection

    from database.models import Instance, Share, WorkItem

    for table in (model._meta.db_table for model in (Instance, Share, WorkItem)):
        _run(f"DELETE FROM {table} WHERE id > {BASE}")
        if connection.vendor == "postgresql":
            _run(f"VACUUM {table}")


def _leave_alone() -> None:
    """Have PostgreSQL make no statistics by itself, nor check foreign keys, which it plans as scans while a
    table is empty.
    """
    from django.apps import apps

    for model in apps.get_app_config("database").get_models():
        _run(f"ALTER TABLE {model._meta.db_table} SET (autovacuum_enabled = false)")
    _run("SET session_replication_role = replica")


def _forget_statistics() -> None:
    from django.db import connection

    if connection.vendor == "postgresql":
        _run("DELETE FROM pg_statistic WHERE starelid::regclass::text LIKE 'database%%'")
    elif "sqlite_stat1" in connection.introspection.table_names(include_views=True):
        _run("DROP TABLE sqlite_stat1")


def _run(statement: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlbackend.settings")
    import django

    django.setup()
    for line in measured():
        print(json.dumps(line), flush=True)
