"""Every write to the archive: keyword-only, each in one transaction, leases by the database's clock alone."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from database.errors import Conflict, Fenced, NotFound
from database.models import (
    ACTIVE,
    ENDED,
    Agent,
    Checkpoint,
    Event,
    EventLevel,
    EventType,
    Generation,
    Instance,
    InstanceState,
    WorkItem,
)

#: Older checkpoints that are kept of a run at most, however long it is.
MOST_CHECKPOINTS = 16

FREE = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to advance one instance, until the lease ends or somebody raises token or epoch."""

    instance_id: int
    token: int
    epoch: int
    attempts: int  # claims since the last commit, this one included
    crashes: int  # of them, how many ended in a crash that the parent saw


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that is not numbered yet."""

    type: EventType
    message: str
    level: EventLevel = EventLevel.INFO
    generation: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewGeneration:
    """A closed generation with everything that is written with it."""

    number: int
    statistics: Mapping[str, Any]  # fields of `Generation`
    scalars: bytes
    digest: str
    champion_index: int | None
    started_at: datetime
    seconds: float
    environment_steps: int
    state: bytes  # of the strategy
    genomes: bytes  # of all agents
    agents: Sequence[tuple[int, float | None, bytes]]  # (index, fitness, genome) of those kept as rows
    best_fitness: float | None  # of the run, up to here
    improved: bool  # whether this generation holds the run's champion


def create_work_item(
    *, fields: Mapping[str, Any], seeds: Sequence[int], owner: User | None, started: bool
) -> tuple[WorkItem, list[Instance]]:
    """A work item and one instance for each seed, QUEUED or, not started, PAUSED."""
    state = InstanceState.QUEUED if started else InstanceState.PAUSED
    with transaction.atomic():
        work_item = WorkItem.objects.create(**fields, submitted_by=owner)
        instances = [
            Instance.objects.create(
                work_item=work_item, replicate=number, seed=seed, state=state, priority=work_item.priority
            )
            for number, seed in enumerate(seeds)
        ]
        for instance in instances:
            _append(instance, NewEvent(EventType.STATE_CHANGED, f"Accepted; {state.lower()}.", data={"state": state}))
            instance.save(update_fields=["event_sequence"])
    return work_item, instances


def claim(*, instance_id: int, worker: str, lease_seconds: float, states: Sequence[str] = ACTIVE) -> Claim | None:
    """The step of this instance is ours for `lease_seconds`; None when it is not ready or somebody has it."""
    with transaction.atomic():
        changed = Instance.objects.filter(FREE, pk=instance_id, state__in=states).update(
            token=F("token") + 1,
            attempts=F("attempts") + 1,
            lease_until=Now() + timedelta(seconds=lease_seconds),
            claimed_by=worker,
        )
        if not changed:
            return None
        row = Instance.objects.values("token", "epoch", "attempts", "crashes").get(pk=instance_id)
    return Claim(instance_id, row["token"], row["epoch"], row["attempts"], row["crashes"])


def extend(*, claim: Claim, lease_seconds: float) -> None:
    """The lease lasts `lease_seconds` from now. Raises Fenced where it is no longer ours."""
    if not _mine(claim).update(lease_until=Now() + timedelta(seconds=lease_seconds)):
        raise Fenced(f"run {claim.instance_id}: the lease was lost")


def release(*, claim: Claim) -> None:
    """The step is free for the next worker; an unfinished turn is not an attempt."""
    _mine(claim).update(lease_until=None, claimed_by="", attempts=0, crashes=0)


@contextmanager
def fenced(claim: Claim) -> Iterator[Instance]:
    """A transaction on the instance's row that only the holder of the claim gets through. Raises Fenced."""
    with transaction.atomic():
        if not _mine(claim).update(updated_at=Now()):
            raise Fenced(f"run {claim.instance_id}: somebody else took over")
        yield Instance.objects.get(pk=claim.instance_id)


def record_generation(*, instance: Instance, generation: NewGeneration, keep_every: int) -> None:
    """Write a generation with its agents, checkpoint and events; to be called inside `fenced`."""
    number = generation.number
    Generation.objects.create(
        instance=instance, number=number, scalars=generation.scalars, digest=generation.digest,
        champion_index=generation.champion_index, started_at=generation.started_at, seconds=generation.seconds,
        best_so_far=generation.best_fitness, **generation.statistics,
    )
    Checkpoint.objects.create(
        instance=instance, generation=number, state=generation.state, genomes=generation.genomes
    )
    _thin_checkpoints(instance, number, keep_every)
    _insert_agents(instance, generation)
    instance.next_generation = number + 1
    instance.evaluations += generation.statistics["size"]
    instance.failed_agents += generation.statistics["failed"]
    instance.environment_steps += generation.environment_steps
    instance.compute_seconds += generation.seconds
    instance.digest = generation.digest
    instance.attempts = instance.crashes = 0
    if generation.improved:
        instance.best_fitness = generation.best_fitness
        instance.champion_generation, instance.champion_index = number, generation.champion_index


def finish_commit(*, instance: Instance, events: Sequence[NewEvent]) -> None:
    """Number the events and save the instance's row; the last call inside `fenced`."""
    for event in events:
        _append(instance, event)
    instance.save()


def change_state(
    *, instance_id: int, transitions: Mapping[str, str], event: NewEvent, only_free: bool = False, raise_epoch: bool = False
) -> Instance:
    """The instance goes from one of the states named to the one that follows it, with an event.

    Raises:
        NotFound: there is no such instance.
        Conflict: it is in none of these states, or a worker has it although `only_free`.
    """
    with transaction.atomic():
        free = FREE if only_free else Q()
        if not Instance.objects.filter(free, pk=instance_id, state__in=list(transitions)).update(updated_at=Now()):
            raise _why_not(instance_id, transitions)
        instance = Instance.objects.get(pk=instance_id)
        instance.state = transitions[instance.state]
        if raise_epoch:
            instance.epoch += 1
            instance.lease_until, instance.claimed_by = None, ""
            instance.attempts = instance.crashes = 0
        if instance.state in ENDED:
            instance.ended_at = database_now()
        else:
            instance.ended_at = instance.stop_reason = instance.stop_explanation = instance.failure_message = None
        if instance.state == InstanceState.CANCELLED:
            instance.stop_reason = "CANCELLED"
        _append(instance, NewEvent(event.type, event.message, event.level, data={"state": instance.state}))
        instance.save()
    return instance


def release_worker(*, worker: str, crashed: bool | None, message: str) -> list[int]:
    """Free every step that a worker held which is gone, and say so in the runs' events; their numbers.

    Args:
        crashed: whether it crashed, which is counted; None for one that was told to stop, whose attempt is not.
    """
    stopped = crashed is None
    event = EventType.NOTE if stopped else EventType.WORKER_LOST
    freed = []
    with transaction.atomic():
        held = Instance.objects.filter(claimed_by=worker, lease_until__isnull=False, state__in=ACTIVE)
        for number, token in list(held.values_list("pk", "token")):
            changed = held.filter(pk=number, token=token).update(
                token=F("token") + 1,  # a worker that is not quite dead is fenced
                lease_until=None, claimed_by="", crashes=F("crashes") + int(crashed or False),
                attempts=F("attempts") - int(stopped),
            )
            if changed:
                instance = Instance.objects.get(pk=number)
                _append(instance, NewEvent(event, message, EventLevel.WARNING, instance.next_generation))
                instance.save(update_fields=["event_sequence"])
                freed.append(number)
    return freed


def delete_instance(*, instance_id: int) -> None:
    """The run and everything below it are gone. Raises NotFound, or Conflict while it is active."""
    with transaction.atomic():
        instance = Instance.objects.select_for_update().filter(pk=instance_id).first()
        if instance is None:
            raise NotFound(f"There is no run {instance_id}.")
        if instance.state in ACTIVE:
            raise Conflict(f"Run {instance_id} is {instance.state}; cancel it first.")
        instance.delete()


def delete_work_item(*, work_item_id: int) -> None:
    """The work item and its runs are gone. Raises NotFound, or Conflict while one of them is active."""
    with transaction.atomic():
        work_item = WorkItem.objects.select_for_update().filter(pk=work_item_id).first()
        if work_item is None:
            raise NotFound(f"There is no work item {work_item_id}.")
        if work_item.instances.filter(state__in=ACTIVE).exists():
            raise Conflict(f"Work item {work_item_id} has active runs; cancel them first.")
        work_item.delete()


def database_now() -> datetime:
    """The database's clock."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT STRFTIME('%Y-%m-%d %H:%M:%f+00:00', 'NOW')")
            return datetime.fromisoformat(cursor.fetchone()[0])
        cursor.execute("SELECT CLOCK_TIMESTAMP()")
        now: datetime = cursor.fetchone()[0]
        return now


def _mine(claim: Claim) -> Any:
    """The claim's instance, where token and epoch are still those of the claim."""
    return Instance.objects.filter(pk=claim.instance_id, token=claim.token, epoch=claim.epoch, state__in=ACTIVE)


def _append(instance: Instance, event: NewEvent) -> None:
    """Write the next event of an instance whose row is ours in this transaction; its counter is saved by the caller."""
    instance.event_sequence += 1
    Event.objects.create(
        instance=instance, sequence=instance.event_sequence, type=event.type, level=event.level,
        message=event.message, generation=event.generation, data=dict(event.data),
    )


def _thin_checkpoints(instance: Instance, newest: int, keep_every: int) -> None:
    """Keep the newest checkpoint and every `keep_every`-th; of a long run every second of these, or fourth, and so on."""
    older = Checkpoint.objects.filter(instance=instance, generation__lt=newest)
    if keep_every:
        stride = keep_every
        while newest // stride > MOST_CHECKPOINTS:
            stride *= 2
        older = older.annotate(beside=F("generation") % stride).exclude(beside=0)
    older.delete()


def _insert_agents(instance: Instance, generation: NewGeneration) -> None:
    """Write the agents that are kept as rows, in one statement for many."""
    rows = [
        (instance.pk, generation.number, index, fitness, genome) for index, fitness, genome in generation.agents
    ]
    table = connection.ops.quote_name(Agent._meta.db_table)
    columns = ", ".join(map(connection.ops.quote_name, ("instance_id", "generation", "index", "fitness", "genome")))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES (%s, %s, %s, %s, %s)", rows)


def _why_not(instance_id: int, transitions: Mapping[str, str]) -> Exception:
    """Why no row could change: it is not there, or not in the right state."""
    state = Instance.objects.filter(pk=instance_id).values_list("state", flat=True).first()
    if state is None:
        return NotFound(f"There is no run {instance_id}.")
    return Conflict(f"Run {instance_id} is {state}; expected {' or '.join(transitions)}.")
