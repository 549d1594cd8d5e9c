"""Whose turn is next: the step that a free worker claims.

It is one of the submitter that was charged least, of its work item that was charged least, and of that one's
steps the first in `turn_order`; see `services/shares.py`. Each of the three is found by an index, however
many wait: what is passed over are the few that workers hold, that are in back-off, or that belong to another
numeric profile, or need a worker that trains. A worker that does nothing but train passes over all others.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

from django.db import connection

from database.models import ACTIVE, EVALUATED, Instance, Replay, Share, Slice


class StepKind(StrEnum):
    """What a step is: a kind for each table that has steps."""

    RUN = "run"
    SLICE = "slice"
    REPLAY = "replay"


class Abilities(NamedTuple):
    """What a worker can do. Trainings are of any numeric profile: what trains is part of their results.

    Attributes:
        core, full: the halves of its numeric profile, see `core/profile.py`.
        takes_others: whether it takes steps other than trainings.
        trains_on: SHA-256 of the data sets that it can train on, one after the other; empty where it cannot
            train.
    """

    core: str = ""
    full: str = ""
    takes_others: bool = True
    trains_on: str = ""

    def values(self) -> dict[str, Any]:
        """Return the values of the conditions on a step."""
        return {
            # a run that was not begun yet has no profile, and is everybody's
            "none": "", "core": self.core, "full": self.full, "takes_others": self.takes_others,
            "trains_on": self.trains_on,
        }


class Found(NamedTuple):
    """A step that can be claimed."""

    kind: StepKind
    pk: int


def next_step(abilities: Abilities) -> Found | None:
    """Return the step whose turn is next, of those that a worker with these abilities can do."""
    return _found(_statements().next_step, abilities.values())


def next_step_of(instance_id: int, abilities: Abilities) -> Found | None:
    """Return the next step of one run: to advance it, or one of its slices; not a replay."""
    return _found(_statements().next_step_of, {**abilities.values(), "instance": instance_id})


def count_ready(*, most: int) -> int:
    """Count the steps that can be claimed, whatever their numeric profile, but trainings; stop at `most`."""
    return _count(_statements().count_ready, most)


def count_trainings(*, most: int) -> int:
    """Count the trainings that can be claimed by who has the data set; stop at `most`."""
    return _count(_statements().count_trainings, most)


def _count(statement: str, most: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"most": most})
        return int(cursor.fetchone()[0])


def _found(statement: str, values: Mapping[str, Any]) -> Found | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
    return None if row is None else Found(StepKind(row[0]), row[1])


class _Statements(NamedTuple):
    """SQL, as the ORM takes longer to compose such statements than the database to run them."""

    next_step: str
    next_step_of: str
    count_ready: str
    count_trainings: str


#: The database's clock.
_NOW = {"sqlite": "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW')", "postgresql": "STATEMENT_TIMESTAMP()"}

# The conditions are those of the partial indexes `instance_next`, `instance_in_slices`, `slice_next` and
# `replay_next`. `i` is a run, `s` a slice, `r` a replay.
_OF_PROFILE = "i.profile IN (%(none)s, %(core)s, %(full)s)"
#: Conditions on who can do a step: the run itself, one of its slices, or a replay.
_CAN_RUN = f"{_OF_PROFILE} AND %(takes_others)s"
_CAN_SLICE = f"""(
    i.trains_on = '' AND {_OF_PROFILE} AND %(takes_others)s
    OR i.trains_on <> '' AND %(trains_on)s LIKE '%%' || i.trains_on || '%%')"""
_CAN_REPLAY = "%(takes_others)s"
_RUN = """
    i.claimed_by = '' AND i.state IN ({active}) AND (i.lease_until IS NULL OR i.lease_until < {now})
    AND (i.pending_slices IS NULL OR i.pending_slices = 0 OR i.state = 'QUEUED')"""
_IN_SLICES = """
    i.claimed_by = '' AND i.state IN ({evaluated}) AND i.pending_slices > 0"""
_SLICE = """
    s.instance_id = i.id AND s.epoch = i.epoch AND s.claimed_by = '' AND s.results IS NULL
    AND (s.lease_until IS NULL OR s.lease_until < {now})"""
_REPLAY = """
    r.claimed_by = '' AND r.state = 'WAITING' AND (r.lease_until IS NULL OR r.lease_until < {now})"""
#: Makes PostgreSQL find every row by an index, and not sort or hash them, in the statement that follows
#: and in the rest of a transaction where there is one: its statistics of these tables may be of another time.
#: It does not compile the statement either, which takes longer than to execute it.
_BY_INDEXES = " ".join(
    f"SET LOCAL {name} = off;" for name in (
        "enable_seqscan", "enable_bitmapscan", "enable_sort", "enable_hashjoin", "enable_mergejoin",
        "enable_material", "jit",
    )
)
#: Keeps PostgreSQL from answering EXISTS by a hash of all rows, which costs it more than the few it looks up.
_ONE = "LIMIT 1 OFFSET 0"
#: Whether the share `b` has a step. Replays are asked for in order, so that SQLite finds them by the index of
#: those that wait, not by that of all, which may be thousands.
_HAS_STEP = f"""(
    EXISTS (SELECT 1 FROM {{instance}} i WHERE i.share_id = b.id AND {_RUN} AND {{can_run}} {_ONE})
    OR EXISTS (
        SELECT 1 FROM {{instance}} i WHERE i.share_id = b.id AND {_IN_SLICES} AND {{can_slice}}
        AND EXISTS (SELECT 1 FROM {{slice}} s WHERE {_SLICE}) {_ONE})
    OR (SELECT r.id FROM {{replay}} r
        WHERE r.share_id = b.id AND {_REPLAY} AND {{can_replay}}
        ORDER BY r.turn_order LIMIT 1) IS NOT NULL)"""
_SHARES = f"""
    WITH submitter AS (
        SELECT a.id FROM {{share}} a WHERE a.parent_id IS NULL AND a.has_work = TRUE AND EXISTS (
            SELECT 1 FROM {{share}} b WHERE b.parent_id = a.id AND b.has_work = TRUE AND {_HAS_STEP})
        ORDER BY a.charged_seconds, a.id LIMIT 1),
    work_item AS (
        SELECT b.id FROM {{share}} b
        WHERE b.parent_id = (SELECT id FROM submitter) AND b.has_work = TRUE AND {_HAS_STEP}
        ORDER BY b.charged_seconds, b.id LIMIT 1)"""
_FIRST_RUN = f"""
    SELECT * FROM (
        SELECT 'run' AS kind, i.turn_order AS place, i.id AS pk FROM {{instance}} i
        WHERE {{whose}} AND {_RUN} AND {{can_run}} ORDER BY i.turn_order, i.id LIMIT 1) AS runs"""
_FIRST_SLICE = f"""
    SELECT * FROM (
        SELECT 'slice' AS kind, i.turn_order AS place, (
            SELECT s.id FROM {{slice}} s WHERE {_SLICE} ORDER BY s.place, s.first LIMIT 1) AS pk
        FROM {{instance}} i
        WHERE {{whose}} AND {_IN_SLICES} AND {{can_slice}}
        AND EXISTS (SELECT 1 FROM {{slice}} s WHERE {_SLICE})
        ORDER BY i.turn_order, i.id LIMIT 1) AS slices"""
_FIRST_REPLAY = f"""
    SELECT * FROM (
        SELECT 'replay' AS kind, r.turn_order AS place, r.id AS pk FROM {{replay}} r
        WHERE r.share_id = (SELECT id FROM work_item) AND {_REPLAY} AND {{can_replay}}
        ORDER BY r.turn_order, r.id LIMIT 1) AS replays"""
_FIRST = "SELECT kind, pk FROM ({found}) AS steps WHERE pk IS NOT NULL ORDER BY place, kind, pk LIMIT 1"
_COUNT = f"""
    SELECT COUNT(*) FROM (
        SELECT * FROM (SELECT 1 FROM {{instance}} i WHERE {_RUN} LIMIT %(most)s) AS runs
        UNION ALL SELECT * FROM (
            SELECT 1 FROM {{instance}} i JOIN {{slice}} s ON {_SLICE} WHERE {_IN_SLICES} AND i.trains_on = ''
            LIMIT %(most)s
        ) AS slices
        UNION ALL SELECT * FROM (SELECT 1 FROM {{replay}} r WHERE {_REPLAY} LIMIT %(most)s) AS replays
        LIMIT %(most)s) AS ready"""
_COUNT_TRAININGS = f"""
    SELECT COUNT(*) FROM (
        SELECT 1 FROM {{instance}} i JOIN {{slice}} s ON {_SLICE} WHERE {_IN_SLICES} AND i.trains_on <> ''
        LIMIT %(most)s) AS ready"""


def sql_names(*, whoever: bool = False, of_profile: str = "1 = 1") -> dict[str, str]:
    """Return what SQL about steps is formatted with: tables, states, the clock, and conditions of a step.

    Such SQL calls a run `i`, a slice `s`, a replay `r`, and a share with a step `b`.

    Args:
        whoever: whether steps count whoever can do them; else the conditions have the values of `Abilities`.
        of_profile: the condition on the numeric profile of `i` then.
    """
    names = {
        model._meta.model_name or "": connection.ops.quote_name(model._meta.db_table)
        for model in (Instance, Slice, Replay, Share)
    }
    names |= {"now": _NOW[connection.vendor], "active": _listed(ACTIVE), "evaluated": _listed(EVALUATED)}
    names |= {"can_run": of_profile, "can_slice": of_profile, "can_replay": "1 = 1"} if whoever else {
        "can_run": _CAN_RUN, "can_slice": _CAN_SLICE, "can_replay": _CAN_REPLAY,
    }
    conditions = {
        "run_is_ready": _RUN, "is_in_slices": _IN_SLICES, "slice_is_ready": _SLICE,
        "replay_is_ready": _REPLAY, "has_step": _HAS_STEP,
    }
    return names | {name: condition.format(**names) for name, condition in conditions.items()}


@cache
def _statements() -> _Statements:
    """Return the statements for the database in use."""
    names = sql_names()
    of_share = {**names, "whose": "i.share_id = (SELECT id FROM work_item)"}
    of_run = {**names, "whose": "i.id = %(instance)s"}
    every = " UNION ALL ".join((_FIRST_RUN, _FIRST_SLICE, _FIRST_REPLAY)).format(**of_share)
    its_own = " UNION ALL ".join((_FIRST_RUN, _FIRST_SLICE)).format(**of_run)
    return _Statements(
        next_step=by_indexes(f"{_SHARES.format(**names)} {_FIRST.format(found=every)}"),
        next_step_of=by_indexes(_FIRST.format(found=its_own)), count_ready=by_indexes(_COUNT.format(**names)),
        count_trainings=by_indexes(_COUNT_TRAININGS.format(**names)),
    )


def by_indexes(statement: str) -> str:
    """Return the statement so that PostgreSQL reads no table as a whole; another database needs no more."""
    return f"{_BY_INDEXES} {statement}" if connection.vendor == "postgresql" else statement


def _listed(states: Sequence[str]) -> str:
    return ", ".join(f"'{state}'" for state in map(str, states))
