"""Which shares workers serve now: those with a step that can be claimed, or that a worker holds.

A share may have work and yet not be served, as its steps are in back-off. What it was charged says nothing
about those who are served.
"""

from functools import cache
from typing import Any, NamedTuple

from django.db import connection

from database.turns import by_indexes, sql_names

# Each of the three is found by an index on the lease. `a` is a submitter's share, `b` that of a work item.
_HELD = """
    SELECT i.share_id FROM {instance} i
    WHERE i.state IN ({active}) AND i.lease_until >= {now} AND i.claimed_by <> ''
    UNION ALL SELECT (SELECT i.share_id FROM {instance} i WHERE i.id = s.instance_id) FROM {slice} s
    WHERE s.lease_until >= {now} AND NOT (s.claimed_by = '') AND s.results IS NULL
    UNION ALL SELECT r.share_id FROM {replay} r
    WHERE r.state = 'WAITING' AND r.lease_until >= {now} AND r.claimed_by <> ''"""
# Workers hold few steps, and shares may be very many: scalar subqueries make a database begin with the steps.
_LEAST_SUBMITTER = """
    SELECT MIN(charged_seconds) FROM (
        SELECT * FROM (
            SELECT a.charged_seconds FROM {share} a
            WHERE a.parent_id IS NULL AND a.has_work = TRUE AND a.id <> %(but)s AND EXISTS (
                SELECT 1 FROM {share} b WHERE b.parent_id = a.id AND b.has_work = TRUE AND {has_step})
            ORDER BY a.charged_seconds, a.id LIMIT 1) AS ready
        UNION ALL SELECT (
            SELECT a.charged_seconds FROM {share} a
            WHERE a.id = (SELECT b.parent_id FROM {share} b WHERE b.id = held.share_id) AND a.id <> %(but)s)
        FROM ({held}) AS held
    ) AS served"""
_LEAST_WORK_ITEM = """
    SELECT MIN(charged_seconds) FROM (
        SELECT * FROM (
            SELECT b.charged_seconds FROM {share} b
            WHERE b.parent_id = %(parent)s AND b.has_work = TRUE AND b.id <> %(but)s AND {has_step}
            ORDER BY b.charged_seconds, b.id LIMIT 1) AS ready
        UNION ALL SELECT (
            SELECT b.charged_seconds FROM {share} b
            WHERE b.id = held.share_id AND b.parent_id = %(parent)s AND b.id <> %(but)s)
        FROM ({held}) AS held
    ) AS served"""
_MOST = """
    SELECT MAX(charged_seconds) FROM (
        SELECT * FROM (
            SELECT charged_seconds FROM {share} WHERE {siblings} AND has_work = TRUE AND id <> %(but)s
            ORDER BY charged_seconds DESC LIMIT 1) AS with_work
        UNION ALL SELECT * FROM (
            SELECT charged_seconds FROM {share} WHERE {siblings} AND has_work = FALSE AND id <> %(but)s
            ORDER BY charged_seconds DESC LIMIT 1) AS without_work
    ) AS siblings"""
_IS_SERVED = """
    SELECT 1 FROM {share} b
    WHERE {whose} AND b.has_work = TRUE AND ({has_step} OR b.id IN ({held})) LIMIT 1"""


def least_charged(parent: int | None, *, but: int | None) -> float | None:
    """Return the least that a served share of a submitter was charged; None where none is served.

    Args:
        parent: the submitter; of the submitters themselves where None.
        but: a share that does not count.
    """
    statement = _statements().least_submitter if parent is None else _statements().least_work_item
    return _charge(statement, parent, but)


def most_charged(parent: int | None, *, but: int | None) -> float | None:
    """Return the most that a share of a submitter, or a submitter, was charged; None where there is none."""
    statement = _statements().most_submitter if parent is None else _statements().most_work_item
    return _charge(statement, parent, but)


def is_served(part: int) -> bool:
    """Whether the share of a work item is served."""
    return _row(_statements().is_served, part, None) is not None


def submitter_is_served(submitter: int) -> bool:
    """Whether one of a submitter's work items is served."""
    return _row(_statements().submitter_is_served, submitter, None) is not None


class _Statements(NamedTuple):
    least_submitter: str
    least_work_item: str
    most_submitter: str
    most_work_item: str
    is_served: str
    submitter_is_served: str


@cache
def _statements() -> _Statements:
    """Return the statements for the database in use."""
    names = sql_names(whoever=True)
    names["held"] = _HELD.format(**names)
    return _Statements(*map(by_indexes, (
        _LEAST_SUBMITTER.format(**names), _LEAST_WORK_ITEM.format(**names),
        _MOST.format(siblings="parent_id IS NULL", **names),
        _MOST.format(siblings="parent_id = %(parent)s", **names),
        _IS_SERVED.format(whose="b.id = %(parent)s", **names),
        _IS_SERVED.format(whose="b.parent_id = %(parent)s", **names),
    )))


def _charge(statement: str, parent: int | None, but: int | None) -> float | None:
    found = _row(statement, parent, but)
    return None if found is None or found[0] is None else float(found[0])


def _row(statement: str, parent: int | None, but: int | None) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"parent": parent, "but": but or 0})
        return cursor.fetchone()
