"""Why a run has no turn yet: its situation, and its place among what waits, by the database's clock.

A run is read in at most six statements, whatever waits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import connection
from django.db.models import Count, Min
from django.db.models.functions import Now

from database import services
from database.models import (
    ACTIVE,
    ENDED,
    EVALUATED,
    Event,
    EventLevel,
    Instance,
    InstanceState,
    Slice,
    Worker,
)
from database.selectors.operations import THERE_SECONDS
from database.selectors.places import Queue, queue_of, under_way
from database.services import halves
from database.services.shares import SECONDS_A_PRIORITY
from database.turns import sql_names

#: The last events of a run among which the reason of a failed try is looked for.
LAST_EVENTS = 20


class Situation(StrEnum):
    """What a run waits for; the first that applies."""

    ENDED = "ENDED"
    PAUSED = "PAUSED"
    IN_TURN = "IN_TURN"
    NO_WORKER = "NO_WORKER"
    OTHER_PROFILE = "OTHER_PROFILE"
    NO_TRAINER = "NO_TRAINER"
    BACK_OFF = "BACK_OFF"
    WAITS = "WAITS"


@dataclass(frozen=True, slots=True)
class Wait:
    """The situation of a run among those that want a turn."""

    situation: Situation
    profile: str  # its numeric profile; empty where it was not begun yet
    workers: int  # online
    able_workers: int  # online, of a numeric profile that can do its steps
    submitter_seconds: float  # that its submitter is charged, weighted by priority, with turns under way
    work_item_seconds: float  # that its work item is charged
    priority: int
    waited_seconds: float | None  # since its last turn or commit; None unless it waits
    present_priority: float | None  # its priority with what it gained by waiting
    queue: Queue | None = None  # None unless a step of it can be claimed
    retry_at: datetime | None = None  # the end of the back-off
    retry_seconds: float | None = None  # until then
    reason: str | None = None  # why it was tried before without success


def explain_wait(instance_id: int) -> Wait | None:
    """Return what a run waits for, and its place among what waits; None where there is no such run."""
    rows = Instance.objects.select_related("share__parent").annotate(now=Now())
    instance = rows.filter(pk=instance_id).first()
    if instance is None:
        return None
    workers = _online_workers()
    profiles = sorted({"", *halves(workers)})
    is_in_slices = bool(instance.pending_slices) and instance.state != InstanceState.QUEUED
    held, free = _slices(instance) if is_in_slices else (bool(instance.claimed_by), _is_free(instance))
    situation = _situation(
        instance, is_held=held, is_free=free, profiles=profiles if workers else None,
        lacks_trainer=is_in_slices and free and not services.is_trained_by_somebody(instance),
    )
    is_waiting = situation not in (Situation.ENDED, Situation.PAUSED, Situation.IN_TURN)
    is_in_line = free and situation in (Situation.WAITS, Situation.NO_WORKER)
    since = instance.turn_order + timedelta(seconds=SECONDS_A_PRIORITY * instance.priority)
    waited = max((instance.now - since).total_seconds(), 0.0) if is_waiting else None
    held_charges = under_way(instance.now)
    submitter_seconds, work_item_seconds = held_charges.of(instance)
    return Wait(
        situation=situation, profile=instance.profile, workers=sum(workers.values()),
        able_workers=sum(
            number for profile, number in workers.items() if instance.profile in {"", *halves([profile])}
        ),
        submitter_seconds=submitter_seconds, work_item_seconds=work_item_seconds,
        priority=instance.priority, waited_seconds=waited,
        present_priority=None if waited is None else instance.priority + waited / SECONDS_A_PRIORITY,
        queue=queue_of(instance, profiles if workers else None, held_charges) if is_in_line else None,
        **(_back_off(instance, is_in_slices, since) if situation == Situation.BACK_OFF else {}),
    )


def _situation(
    instance: Instance, *, is_held: bool, is_free: bool, profiles: Sequence[str] | None, lacks_trainer: bool
) -> Situation:
    """Return the situation of a run.

    Args:
        is_held: whether a worker holds it or one of its slices.
        is_free: whether one of its steps can be claimed.
        profiles: those of runs that online workers take; None where no worker is online.
        lacks_trainer: whether nobody can train who has the data set of the run.
    """
    if instance.state in ENDED:
        return Situation.ENDED
    if instance.state not in ACTIVE:
        return Situation.PAUSED
    if is_held:
        return Situation.IN_TURN
    if instance.state == InstanceState.PAUSING and instance.pending_slices:
        return Situation.PAUSED  # nobody begins another slice of it
    if profiles is None:
        return Situation.NO_WORKER
    if instance.profile not in profiles:
        return Situation.OTHER_PROFILE
    if lacks_trainer:
        return Situation.NO_TRAINER
    return Situation.WAITS if is_free else Situation.BACK_OFF


def _online_workers() -> dict[str, int]:
    """Count the online workers of each numeric profile."""
    online = Worker.objects.filter(seen_at__gte=Now() - timedelta(seconds=THERE_SECONDS))
    return dict(online.order_by().values_list("profile").annotate(number=Count("pk")))


def _is_free(instance: Any) -> bool:
    return not instance.claimed_by and (instance.lease_until is None or instance.lease_until < instance.now)


def _slices(instance: Instance) -> tuple[bool, bool]:
    """Return whether a worker holds a slice of the run, and whether a slice of it can be claimed."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD_AND_FREE.format(**sql_names(whoever=True)), {"run": instance.pk})
        is_held, is_free = cursor.fetchone()
    return bool(is_held), bool(is_free) and instance.state in EVALUATED


def _back_off(instance: Any, is_in_slices: bool, since: datetime) -> dict[str, Any]:
    """Return when the run is tried again, and why it was tried before without success."""
    until = instance.lease_until
    if is_in_slices:
        waiting = Slice.objects.filter(instance=instance, claimed_by="", results__isnull=True)
        until = waiting.aggregate(until=Min("lease_until"))["until"]
    warnings = Event.objects.filter(
        instance=instance, sequence__gt=instance.event_sequence - LAST_EVENTS, level=EventLevel.WARNING,
        created_at__gt=since, data__failed_try=True,
    )
    return {
        "retry_at": until,
        "retry_seconds": None if until is None else max((until - instance.now).total_seconds(), 0.0),
        "reason": warnings.order_by("-sequence").values_list("message", flat=True).first(),
    }


# Names and aliases are those of `turns.sql_names`.
_HELD_AND_FREE = """
    SELECT EXISTS (
        SELECT 1 FROM {slice} s
        WHERE NOT (s.claimed_by = '') AND s.results IS NULL AND s.instance_id = %(run)s
    ), EXISTS (SELECT 1 FROM {instance} i JOIN {slice} s ON {slice_is_ready} WHERE i.id = %(run)s)"""
