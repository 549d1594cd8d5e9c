"""How a run ended: derived from its state and its stop reason, never stored."""

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, TextChoices

from database.models import Instance, InstanceState

#: Stop reasons that say more of an end than that a rule was met.
_EXTINCTION, _FITNESS_REACHED, _THRESHOLD_MISSED = "EXTINCTION", "FITNESS_REACHED", "THRESHOLD_MISSED"


class Outcome(TextChoices):
    """How a run ended; a run that goes on has none."""

    SOLVED = "SOLVED", "solved"
    LIMIT_REACHED = "LIMIT_REACHED", "limit reached"
    THRESHOLD_MISSED = "THRESHOLD_MISSED", "threshold missed"
    DIED_OUT = "DIED_OUT", "died out"
    FAILED = "FAILED", "failed"
    CANCELLED = "CANCELLED", "cancelled"


#: Outcomes that are faults: of the environment, of the parameters, or of the server.
BAD = (Outcome.DIED_OUT, Outcome.FAILED)
#: Why a run succeeded, as far as that is an outcome of its own; every other rule is a limit.
_OF_REASON = {_FITNESS_REACHED: Outcome.SOLVED, _THRESHOLD_MISSED: Outcome.THRESHOLD_MISSED}


def outcome_of(state: str, stop_reason: str | None) -> Outcome | None:
    """How a run in this state ended; None while it goes on.

    A run that died out did so whatever its state: it is FAILED, and SUCCEEDED where an earlier version of this
    server ended it.
    """
    if stop_reason == _EXTINCTION:
        return Outcome.DIED_OUT
    if state == InstanceState.SUCCEEDED:
        return _OF_REASON.get(stop_reason or "", Outcome.LIMIT_REACHED)
    return Outcome(state) if state in (InstanceState.CANCELLED, InstanceState.FAILED) else None


def with_outcome(outcomes: Iterable[str]) -> Q:
    """`outcome_of` as SQL: the condition that a run has one of these outcomes, of which there is at least one."""
    return reduce(or_, (_condition(Outcome(each)) for each in outcomes))


def _condition(outcome: Outcome) -> Q:
    died_out = Q(stop_reason=_EXTINCTION)
    match outcome:
        case Outcome.DIED_OUT:
            return died_out
        case Outcome.CANCELLED | Outcome.FAILED:
            return Q(state=outcome.value) & ~died_out
        case Outcome.LIMIT_REACHED:
            return Q(state=InstanceState.SUCCEEDED) & ~Q(stop_reason__in=[_EXTINCTION, *_OF_REASON])
    reasons = [name for name, each in _OF_REASON.items() if each == outcome]
    return Q(state=InstanceState.SUCCEEDED, stop_reason__in=reasons)


def has_aim(stop: Mapping[str, Any]) -> bool:
    """Whether a document asks for something to be reached: the group `stop` of a stored spec."""
    return stop.get("fitness") is not None or bool(stop.get("solved"))


def outcome_words(outcome: Outcome, *, aim: bool) -> str:
    """An outcome for people, in small letters; what a limit means depends on whether there was an aim."""
    if outcome == Outcome.LIMIT_REACHED:
        return "not solved" if aim else "completed"
    if outcome == Outcome.THRESHOLD_MISSED and not aim:
        return "completed"
    return str(outcome.label)


def why_not_resumed(instance: Instance) -> str | None:
    """Why a run that died out or failed cannot be resumed; None where it can, and of other runs.

    Args:
        instance: with its work item loaded.
    """
    done, most = instance.next_generation, instance.work_item.spec["stop"]["max_generations"]
    if instance.state == InstanceState.SUCCEEDED and instance.stop_reason == _EXTINCTION:
        return (
            f"Run {instance.pk} died out and was stored as SUCCEEDED, which is final, by an earlier version of this "
            "server; submit its work item again."
        )
    if instance.state == InstanceState.FAILED and done >= most:
        return (
            f"Run {instance.pk} has no generation left to go on with: it has completed {done:,} of {most:,}. "
            "Raise `stop.max_generations` and submit its work item again."
        )
    return None
