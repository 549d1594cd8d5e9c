"""The statement by which a worker claims a step: it changes the row under a condition, and returns what the
claim holds of it.

It is SQL, as every turn begins with it, and the ORM needs a transaction of two statements, which it composes
anew each time.
"""

from functools import cache
from typing import Any

from django.db import connection

from database.turns import Abilities, StepKind, sql_names

_SET = """
    token = token + 1, attempts = attempts + 1, claimed_by = %(worker)s, claimed_at = {now},
    lease_until = {lease_until}"""
#: The end of a lease, by the database's clock.
_LEASE_UNTIL = {
    "sqlite": "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW', %(seconds)s || ' seconds')",
    "postgresql": "STATEMENT_TIMESTAMP() + %(seconds)s * INTERVAL '1 second'",
}
_OF_A_STEP = ("token", "attempts", "crashes", "troubles")
_SUBMITTER = "(SELECT parent_id FROM {share} WHERE id = {share_id})"
_OF_ITS_RUN = "(SELECT {column} FROM {instance} i WHERE i.id = instance_id)"

# The conditions are those by which `turns` finds the step.
_RUN = "UPDATE {instance} AS i SET {set} WHERE i.id = %(pk)s AND {run_is_ready} AND {can_run}"
_SLICE = """
    UPDATE {slice} AS s SET {set} WHERE s.id = %(pk)s AND EXISTS (
        SELECT 1 FROM {instance} i WHERE {slice_is_ready} AND {is_in_slices} AND {can_slice})"""
_REPLAY = "UPDATE {replay} AS r SET {set} WHERE r.id = %(pk)s AND {replay_is_ready} AND {can_replay}"


def claim_row(
    kind: StepKind, pk: int, *, worker: str, lease_seconds: float, abilities: Abilities
) -> dict[str, Any] | None:
    """Claim the step in one row for `lease_seconds`.

    Args:
        abilities: the worker's, who claims what these allow.
    Returns:
        What the claim holds of the row, by name; None where the step is not ready or another worker holds it.
    """
    statement, columns = _statement(kind)
    values: dict[str, Any] = {"pk": pk, "worker": worker, "seconds": lease_seconds}
    values |= abilities.values()
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows = cursor.fetchall()  # to the end, at which SQLite commits the statement
    return dict(zip(columns, rows[0], strict=True)) if rows else None


@cache
def _statement(kind: StepKind) -> tuple[str, tuple[str, ...]]:
    """Return the statement for the database in use, and the names of what it returns."""
    names = sql_names()
    of_run = {name: _OF_ITS_RUN.format(column=name, **names) for name in ("share_id", "priority")}
    statement, returned = {
        StepKind.RUN: (_RUN, {
            **_themselves(*_OF_A_STEP, "epoch", "share_id", "priority", "state", "pending_slices"),
            "submitter_id": _SUBMITTER.format(share_id="share_id", **names),
        }),
        StepKind.SLICE: (_SLICE, {
            **_themselves(*_OF_A_STEP, "epoch", "instance_id", "generation", "first", "last"), **of_run,
            "submitter_id": _SUBMITTER.format(share_id=of_run["share_id"], **names),
        }),
        StepKind.REPLAY: (_REPLAY, {
            **_themselves(
                *_OF_A_STEP, "instance_id", "generation", "index", "episode", "with_pictures", "share_id"
            ),
            "priority": of_run["priority"],
            "submitter_id": _SUBMITTER.format(share_id="share_id", **names),
        }),
    }[kind]
    lease_until = _LEASE_UNTIL[connection.vendor]
    changed = statement.format(set=_SET.format(lease_until=lease_until, **names), **names)
    return f"{changed} RETURNING {', '.join(returned.values())}", tuple(returned)


def _themselves(*columns: str) -> dict[str, str]:
    return {column: connection.ops.quote_name(column) for column in columns}
