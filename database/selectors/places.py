"""The place of a run's next step among all that can be claimed.

Turns under way count as if they ended now: what they will be charged decides who comes next.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, cast

from django.db import connection

from database.models import ACTIVE, Instance, Replay, ReplayState, Slice
from database.services import HELD
from database.services.shares import weight
from database.turns import sql_names

#: Counts stop here: it stands for so many or more.
MOST_COUNTED = 1_000


@dataclass(frozen=True, slots=True)
class Place:
    """How many come first, of how many; either is MOST_COUNTED at most."""

    before: int
    of: int


@dataclass(frozen=True, slots=True)
class Queue:
    """The place of a run's next step among the steps that can be claimed by the workers that can do it."""

    submitters: Place  # with a step
    work_items: Place  # of its submitter, with a step
    steps: Place  # of its work item
    least_submitter_seconds: float | None  # of all with work; None where there are none
    least_work_item_seconds: float | None  # of its submitter's work items with work


class Charges(NamedTuple):
    """What shares will be charged at least for steps that workers hold, by their ids."""

    submitters: dict[int, float]
    work_items: dict[int, float]

    def of(self, instance: Instance) -> tuple[float, float]:
        """Return what a run's submitter and its work item are charged, with these."""
        share = instance.share
        assert share.parent is not None
        return (
            share.parent.charged_seconds + self.submitters.get(share.parent.pk, 0.0),
            share.charged_seconds + self.work_items.get(share.pk, 0.0),
        )


def under_way(now: datetime) -> Charges:
    """Return what the steps that workers hold would be charged if their turns ended now."""
    held = Instance.objects.filter(HELD, state__in=ACTIVE).order_by().values_list(
        "share_id", "share__parent_id", "priority", "claimed_at"
    ).union(
        Slice.objects.filter(HELD, results__isnull=True).order_by().values_list(
            "instance__share_id", "instance__share__parent_id", "instance__priority", "claimed_at"
        ),
        Replay.objects.filter(HELD, state=ReplayState.WAITING).order_by().values_list(
            "share_id", "share__parent_id", "instance__priority", "claimed_at"
        ), all=True,
    )
    found = Charges({}, {})
    rows: Iterable[tuple[int, int, int, datetime | None]] = cast(Any, held)
    for work_item, submitter, priority, claimed_at in rows:
        seconds = max((now - claimed_at).total_seconds(), 0.0) / weight(priority) if claimed_at else 0.0
        for charges, share in ((found.submitters, submitter), (found.work_items, work_item)):
            charges[share] = charges.get(share, 0.0) + seconds
    return found


def queue_of(instance: Instance, profiles: Sequence[str] | None, held: Charges) -> Queue:
    """Return the place of a run's next step among the steps of these numeric profiles; of all where None.

    Args:
        held: what turns under way will be charged.
    """
    values: dict[str, Any] = {f"profile{number}": profile for number, profile in enumerate(profiles or ())}
    listed = ", ".join(f"%({name})s" for name in values)
    charged = held.of(instance)
    values |= {
        "run": instance.pk, "work_item": instance.share_id, "submitter": instance.share.parent_id,
        "submitter_charged": charged[0], "work_item_charged": charged[1], "most": MOST_COUNTED,
    }
    statement = _queue_statement(f"i.profile IN ({listed})" if listed else "1 = 1", held)
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found = cursor.fetchone()
    return Queue(Place(*found[:2]), Place(*found[2:4]), Place(*found[4:6]), *found[6:])


# Names and aliases are those of `turns.sql_names`; `a` is a submitter, `own` what is asked about.
_ALL_SUBMITTERS = "{share} a WHERE a.parent_id IS NULL AND a.has_work = TRUE"
_ALL_WORK_ITEMS = "{share} b WHERE b.parent_id = %(submitter)s AND b.has_work = TRUE"
_SUBMITTERS = f"""
    SELECT 1 FROM {_ALL_SUBMITTERS} AND EXISTS (
        SELECT 1 FROM {{share}} b WHERE b.parent_id = a.id AND b.has_work = TRUE AND {{has_step}})"""
_WORK_ITEMS = f"SELECT 1 FROM {_ALL_WORK_ITEMS} AND {{has_step}}"
_RUNS = "SELECT 1 FROM {instance} i WHERE i.share_id = %(work_item)s AND {run_is_ready} AND {can_run}"
_SLICES = """
    SELECT 1 FROM {instance} i JOIN {slice} s ON {slice_is_ready}
    WHERE i.share_id = %(work_item)s AND {is_in_slices} AND {can_slice}"""
_REPLAYS = "SELECT 1 FROM {replay} r WHERE r.share_id = %(work_item)s AND {replay_is_ready}"
_TURN = "(SELECT own.turn_order FROM {instance} own WHERE own.id = %(run)s)"


def _queue_statement(of_profile: str, held: Charges) -> str:
    """Return SQL for the columns of `Queue`, in their order."""
    names = sql_names(whoever=True, of_profile=of_profile)
    submitters, work_items, runs, slices, replays, turn, all_submitters, all_work_items = (
        each.format(**names) for each in (
            _SUBMITTERS, _WORK_ITEMS, _RUNS, _SLICES, _REPLAYS, _TURN, _ALL_SUBMITTERS, _ALL_WORK_ITEMS
        )
    )
    earlier = f"(i.turn_order, i.id) < ({turn}, %(run)s)"
    columns = (
        _count(*_charged_less(submitters, "a", "submitter", held.submitters)), _count(submitters),
        _count(*_charged_less(work_items, "b", "work_item", held.work_items)), _count(work_items),
        _count(
            f"{runs} AND {earlier}", f"{slices} AND {earlier}", f"{replays} AND r.turn_order <= {turn}"
        ), _count(runs, slices, replays),
        _least(all_submitters, "a", held.submitters), _least(all_work_items, "b", held.work_items),
    )
    return f"SELECT {', '.join(columns)}"


def _charged_less(shares: str, alias: str, own: str, held: Mapping[int, float]) -> list[str]:
    """Return queries of those shares that come before the own one; those with turns under way apart, as no
    index has what they will be charged.
    """
    is_less = f"{shares} AND ({{}}, {alias}.id) < (%({own}_charged)s, %({own})s)"
    others = is_less.format(f"{alias}.charged_seconds")
    if not held:
        return [others]
    with_turns = is_less.format(_charge(alias, held))
    listed = f"{alias}.id IN {_listed(held)}"
    return [f"{others} AND NOT {listed}", f"{with_turns} AND {listed}"]


def _least(shares: str, alias: str, held: Mapping[int, float]) -> str:
    """Return SQL of the least charge among shares."""
    others = (
        f"SELECT {alias}.charged_seconds AS charged FROM {shares} AND {alias}.id NOT IN {_listed(held)}"
        f" ORDER BY {alias}.charged_seconds LIMIT 1"
    )
    with_turns = f"SELECT {_charge(alias, held)} FROM {shares} AND {alias}.id IN {_listed(held)}"
    return f"(SELECT MIN(charged) FROM (SELECT * FROM ({others}) AS others UNION ALL {with_turns}) AS every)"


def _charge(alias: str, held: Mapping[int, float]) -> str:
    """Return SQL of what a share is charged, with its turns under way."""
    branches = "".join(f" WHEN {share} THEN {seconds!r}" for share, seconds in held.items())
    return f"{alias}.charged_seconds + CASE {alias}.id WHEN 0 THEN 0.0{branches} ELSE 0.0 END"


def _listed(held: Mapping[int, float]) -> str:
    return f"({', '.join(map(str, held)) or '0'})"


def _count(*kinds: str) -> str:
    """Return SQL that counts the rows of these queries together, MOST_COUNTED at most."""
    rows = " UNION ALL ".join(
        f"SELECT * FROM ({kind} LIMIT %(most)s) AS kind{number}" for number, kind in enumerate(kinds)
    )
    return f"(SELECT COUNT(*) FROM ({rows} LIMIT %(most)s) AS found)"
