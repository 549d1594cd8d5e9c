"""The extension of a run that ended by a limit or an aim: it goes on under other stop rules.

It gets the bits of a run that had asked for them at once: see `core/search/extension.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction

from database import packing, selectors, services, steps
from database.errors import Conflict, NotFound
from database.models import EventType, Generation, Instance
from database.outcomes import stop_of, why_not_extended
from database.services import Champion, Correction, NewEvent
from formatting.canonical import canonical
from formatting.concerns import faults_from
from formatting.faults import Fault, Faulty
from formatting.parse import parse
from processing import dispatch
from processing.core.concern import Part
from processing.core.criterion import Confirmation, GoalConfirmation
from processing.core.kinds import KINDS
from processing.core.limits import Limits
from processing.core.number_text import figure
from processing.core.search import checkpoint as checkpoints
from processing.core.search import extension as extensions
from processing.core.search.checkpoint import Checkpoint
from processing.core.search.extension import End, with_stop
from processing.core.search.plan import Plan
from processing.core.search.stop import confirmation_words
from processing.core.types import StopReason
from processing.core.value_text import shown
from processing.run import staged_and_plan
from staging.stage import extension_faults

_PASSED = {"generation", "fitness", "is_passed", *Confirmation._fields, *GoalConfirmation._fields}


def extend(instance_id: int, changes: Mapping[str, Any], *, by: str, wake: bool = True) -> Instance:
    """Let a run that ended go on under other stop rules, and return it.

    Args:
        changes: new values of the group `stop` of a document, by their keys; JSON values.
        by: who asked for it, for the event.
        wake: False wakes no worker; the caller works on the run.
    Raises:
        NotFound: there is no such run.
        Conflict: it did not end by a limit or an aim, is being deleted, or has no checkpoint.
        Faulty: the values are refused; all faults, with their paths in a document.
        Broken: the staged item or the checkpoint is not what this server stored.
    """
    ended = _ended(instance_id)
    faults, stop = _stop_rules(ended, changes)
    if faults:
        raise Faulty(faults)
    correction, unconfirmed = _correction(ended, stop)
    with transaction.atomic():
        extended = services.extend_run(
            instance_id=instance_id, epoch=ended.instance.epoch, stop=stop, correction=correction,
            event=_event(stop_of(ended.instance), stop, by), notes=_notes(ended, correction, unconfirmed),
        )
        if wake:
            transaction.on_commit(dispatch.wake)
    return extended


@dataclass(frozen=True, slots=True)
class _Ended:
    """A run that can be extended, as it is stored."""

    instance: Instance
    record: str  # which agents it stores as rows
    plan: Plan
    last: Generation
    end: End


def _ended(instance_id: int) -> _Ended:
    """Return the run.

    Raises:
        NotFound, Conflict, Broken.
    """
    instance = selectors.instance(instance_id)
    if instance is None:
        raise NotFound(f"There is no run {instance_id}.")
    if reason := why_not_extended(instance):
        raise Conflict(reason)
    last = selectors.generation(instance_id, instance.next_generation - 1)
    if last is None or not selectors.with_checkpoint([(instance_id, last.number)]):
        raise Conflict(f"Run {instance_id} has no checkpoint to go on from.")
    staged, plan = staged_and_plan(instance)
    return _Ended(instance, staged.record, plan, last, _end_of(instance, last))


def _end_of(instance: Instance, last: Generation) -> End:
    facts = (instance.stop_explanation or {}).get("led_to", {})
    confirmation = {
        name.removeprefix("confirmation_"): value for name, value in facts.items()
        if name.removeprefix("confirmation_") in _PASSED and name.startswith("confirmation_")
    }
    is_passed = confirmation.get("is_passed") and confirmation.get("generation") == last.number
    return End(
        reason=StopReason(instance.stop_reason or ""), generations=instance.next_generation,
        fitness=packing.unpack(last.scalars, last.size).fitness,
        best_fitness=instance.best_fitness, best_generation=instance.best_generation,
        seconds=instance.compute_seconds, is_solved="evaluations" in facts,
        passed=confirmation if is_passed else None, revived_generation=instance.revived_generation,
    )


def _stop_rules(ended: _Ended, changes: Mapping[str, Any]) -> tuple[list[Fault], dict[str, Any]]:
    """Return all faults of the new stop rules, and these rules as a complete group of a document."""
    spec = ended.instance.work_item.spec
    try:
        work_item = parse({**spec, "stop": {**stop_of(ended.instance), **changes}})
    except Faulty as faulty:
        return [*faulty.faults, *_faults_of_others(ended, changes, faulty.faults)], {}
    stop: dict[str, Any] = canonical(work_item)["stop"]
    plan = with_stop(ended.plan, stop)
    concerns = extensions.refusals(ended.plan, ended.end, plan.stop)
    limits = Limits(**settings.LIMITS)
    return [
        *faults_from(concerns, KINDS[work_item.kind], Part.STOP),
        *extension_faults(work_item, plan, limits, record=ended.record),
    ], stop


def _faults_of_others(ended: _Ended, changes: Mapping[str, Any], malformed: Sequence[Fault]) -> list[Fault]:
    """Return the faults of those new values that are not malformed."""
    wrong = {each.path[1] for each in malformed if len(each.path) > 1}
    others = {name: value for name, value in changes.items() if name not in wrong}
    if not others or len(others) == len(changes):
        return []
    return [each for each in _stop_rules(ended, others)[0] if each.path[1:2] and each.path[1] in others]


def _correction(ended: _Ended, stop: Mapping[str, Any]) -> tuple[Correction | None, dict[str, Any] | None]:
    """Return what changes of the stored run, and its last champion's confirmation if it is no longer passed.
    """
    plan, end, rules = ended.plan, ended.end, with_stop(ended.plan, stop).stop
    if end.reason != StopReason.FITNESS_REACHED and not extensions.changes_aim(plan.stop, rules):
        return None, None
    newest = extensions.newly_unconfirmed(end, rules)
    others = selectors.unconfirmed(ended.instance.pk)
    unconfirmed = (each for group in ((newest,) if newest else (), others) for each in group)
    checkpoint = extensions.extended(plan, _checkpoint(ended), end, rules, unconfirmed)
    return Correction(
        state=checkpoints.pack(checkpoint, plan.genome), champion=_champion(ended),
        last_champion=end.champion, genome=_genome(ended),
        fitness=None if end.champion is None else end.champion_fitness,
    ), newest


def _checkpoint(ended: _Ended) -> Checkpoint:
    data = steps.newest_checkpoint(ended.instance.pk)
    if data is None:  # deleted a moment ago
        raise Conflict(f"Run {ended.instance.pk} has no checkpoint to go on from.")
    return checkpoints.unpack(data, ended.plan.genome)


def _champion(ended: _Ended) -> Champion | None:
    """The fittest agent so far, the first among equals."""
    number, fitness = ended.end.best_generation, ended.end.best_fitness
    if number is None or fitness is None:
        return None
    index = ended.end.champion
    if number != ended.last.number:
        found = selectors.generation(ended.instance.pk, number)
        index = None if found is None else found.champion_index
    return None if index is None else Champion(number, index, fitness)


def _genome(ended: _Ended) -> bytes | None:
    """The genome of the last generation's champion, if it gets a row now; None where it has one already."""
    index = ended.end.champion
    if ended.record == "all" or index is None or index == ended.last.champion_index:
        return None
    return selectors.genome_of(ended.instance.pk, ended.last.number, index)


def _event(before: Mapping[str, Any], after: Mapping[str, Any], by: str) -> NewEvent:
    changed = [name for name in after if after[name] != before.get(name)]
    words = ", ".join(f"{name} {shown(after[name])} instead of {shown(before.get(name))}" for name in changed)
    return NewEvent(
        EventType.STATE_CHANGED, f"Extended by {by}: {words}.",
        data={"by": by, "before": dict(before), "after": dict(after)},
    )


def _notes(
    ended: _Ended, correction: Correction | None, unconfirmed: Mapping[str, Any] | None
) -> list[NewEvent]:
    """The events of what is no longer as it was when the run ended."""
    instance, number, found = ended.instance, ended.last.number, []
    if unconfirmed is not None:
        message = f"{confirmation_words(unconfirmed)}: the search goes on."
        found.append(NewEvent(EventType.NOTE, message, generation=number, data=dict(unconfirmed)))
    champion = correction.champion if correction else None
    if champion and (champion.generation, champion.index) != (
        instance.champion_generation, instance.champion_index
    ):
        found.append(NewEvent(
            EventType.NOTE,
            f"The champion is again agent {champion.generation}-{champion.index}, the fittest so far, with "
            f"fitness {figure(champion.fitness)}.", generation=number,
        ))
    return found
