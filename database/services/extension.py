"""Runs that ended go on under other stop rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from database.errors import Conflict, NotFound
from database.models import Agent, Checkpoint, CheckpointPart, Generation, Instance, InstanceState, PartKind
from database.outcomes import why_not_extended
from database.services.events import NewEvent, append
from database.services.recording import cut
from database.services.states import change_state


@dataclass(frozen=True, slots=True)
class Champion:
    """The agent that is a run's champion."""

    generation: int
    index: int
    fitness: float


@dataclass(frozen=True, slots=True)
class Correction:
    """What a run would have stored of its last generation, had it not ended there."""

    state: bytes  # of the strategy, with all else in the newest checkpoint but genomes
    champion: Champion | None  # of the run; None where no agent has a fitness
    last_champion: int | None  # index of the last generation's champion
    genome: bytes | None = None  # packed, of the last generation's champion, where it is to get a row
    fitness: float | None = None  # of the same agent


def extend_run(
    *, instance_id: int, epoch: int, stop: Mapping[str, Any], event: NewEvent, notes: Sequence[NewEvent] = (),
    correction: Correction | None = None,
) -> Instance:
    """Queue a run that ended again, under other stop rules, with attempts counted anew.

    Args:
        epoch: that of the run when `stop` and `correction` were computed.
        stop: the group `stop` of a document.
        event: its data are kept, besides the new state.
        notes: further events.
        correction: None where the last generation stays as it is.
    Raises:
        NotFound: there is no such run.
        Conflict: it cannot be extended, or was changed meanwhile.
    """
    with transaction.atomic():
        before = Instance.objects.select_for_update(of=("self",)).filter(pk=instance_id).first()
        if before is None:
            raise NotFound(f"There is no run {instance_id}.")
        if reason := why_not_extended(before):
            raise Conflict(reason)
        if before.epoch != epoch:
            raise Conflict(f"Run {instance_id} was changed meanwhile; try again.")
        instance = change_state(
            instance_id=instance_id, transitions={InstanceState.SUCCEEDED: InstanceState.QUEUED}, event=event,
            raise_epoch=True,
        )
        instance.stop = dict(stop)
        if correction is not None:
            _correct(instance, correction)
        append(instance, *notes)
        instance.save()
    return instance


def _correct(instance: Instance, correction: Correction) -> None:
    """Write the correction of the last generation; the caller saves the instance."""
    number, champion = instance.next_generation - 1, correction.champion
    instance.champion_generation = champion.generation if champion else None
    instance.champion_index = champion.index if champion else None
    instance.champion_fitness = champion.fitness if champion else None
    last = correction.last_champion
    Generation.objects.filter(instance=instance, number=number).update(champion_index=last)
    checkpoint = Checkpoint.objects.filter(instance=instance, generation=number).first()
    if checkpoint is None:
        raise Conflict(f"Run {instance.pk} has no checkpoint to go on from.")
    CheckpointPart.objects.filter(checkpoint=checkpoint, kind=PartKind.STATE).delete()
    CheckpointPart.objects.bulk_create(
        CheckpointPart(checkpoint=checkpoint, kind=PartKind.STATE, number=place, data=chunk)
        for place, chunk in enumerate(cut(correction.state))
    )
    if correction.genome is not None and last is not None:
        Agent.objects.get_or_create(
            instance=instance, generation=number, index=last,
            defaults={"fitness": correction.fitness, "genome": correction.genome},
        )
