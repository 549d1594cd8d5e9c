"""How a run ended, derived from its state and stop reason; it is never stored. Whether it may go on."""

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, TextChoices

from database.models import Instance, InstanceState

#: Stop reasons of runs that can be extended: limits, and an aim that was reached.
EXTENDABLE = ("FITNESS_REACHED", "GENERATION_LIMIT", "STAGNATION", "TIME_LIMIT")
#: Stop reasons that determine the outcome; every other one is a limit.
_EXTINCTION, _FITNESS_REACHED, _THRESHOLD_MISSED = "EXTINCTION", "FITNESS_REACHED", "THRESHOLD_MISSED"


class Outcome(TextChoices):
    """How a run ended; a run that has not ended has no outcome."""

    SOLVED = "SOLVED", "solved"
    LIMIT_REACHED = "LIMIT_REACHED", "limit reached"
    THRESHOLD_MISSED = "THRESHOLD_MISSED", "threshold missed"
    DIED_OUT = "DIED_OUT", "died out"
    FAILED = "FAILED", "failed"
    CANCELLED = "CANCELLED", "cancelled"


#: Outcomes caused by a fault of the environment, the parameters or the server.
BAD = (Outcome.DIED_OUT, Outcome.FAILED)
#: Outcome of a run that succeeded, by stop reason; any other reason means LIMIT_REACHED.
_OF_REASON = {_FITNESS_REACHED: Outcome.SOLVED, _THRESHOLD_MISSED: Outcome.THRESHOLD_MISSED}


def outcome_of(state: str, stop_reason: str | None) -> Outcome | None:
    """Return how a run in this state ended; None where it has not ended.

    A run that died out is DIED_OUT whatever its state: FAILED, or SUCCEEDED where an earlier version of this
    server stored it so.
    """
    if stop_reason == _EXTINCTION:
        return Outcome.DIED_OUT
    if state == InstanceState.SUCCEEDED:
        return _OF_REASON.get(stop_reason or "", Outcome.LIMIT_REACHED)
    return Outcome(state) if state in (InstanceState.CANCELLED, InstanceState.FAILED) else None


def with_outcome(outcomes: Iterable[str]) -> Q:
    """Return the condition that a run has one of these outcomes, at least one of which must be given."""
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


def stop_of(instance: Instance) -> Mapping[str, Any]:
    """Return the stop rules of a run, as the group `stop` of a document.

    Args:
        instance: a run with its work item loaded.
    """
    stop: Mapping[str, Any] = instance.stop or instance.work_item.spec["stop"]
    return stop


def has_aim(stop: Mapping[str, Any]) -> bool:
    """Whether stop rules, as `stop_of` returns them, name a goal: a fitness, or a solved task."""
    return stop.get("fitness") is not None or bool(stop.get("solved"))


def outcome_words(outcome: Outcome, *, aim: bool) -> str:
    """Return an outcome as lower-case text; the text for a limit depends on whether the run had an aim."""
    if outcome == Outcome.LIMIT_REACHED:
        return "not solved" if aim else "completed"
    if outcome == Outcome.THRESHOLD_MISSED and not aim:
        return "completed"
    return str(outcome.label)


def why_not_resumed(instance: Instance) -> str | None:
    """Return why a failed or died-out run cannot be resumed; None where it can, and for any other run.

    Args:
        instance: a run with its work item loaded.
    """
    done, most = instance.next_generation, stop_of(instance)["max_generations"]
    if instance.state == InstanceState.SUCCEEDED and instance.stop_reason == _EXTINCTION:
        return (
            f"Run {instance.pk} died out and was stored as SUCCEEDED, which is final, by an earlier version "
            "of this server; submit its work item again."
        )
    if instance.state == InstanceState.FAILED and done >= most:
        return (
            f"Run {instance.pk} has no generation left to go on with: it has completed {done:,} of {most:,}. "
            "Raise `stop.max_generations` and submit its work item again."
        )
    return None


def why_not_extended(instance: Instance) -> str | None:
    """Return why no other stop rules can let a run go on; None where they can."""
    number, outcome = instance.pk, outcome_of(instance.state, instance.stop_reason)
    if instance.is_being_deleted:
        return f"Run {number} is being deleted."
    if outcome is None:
        return f"Run {number} is {instance.state}; only a run that has ended can be extended."
    if outcome in BAD:
        return f"Run {number} {_WORDS_OF_BAD[outcome]}, which no limit decided; it may be resumed instead."
    if outcome == Outcome.CANCELLED:
        return f"Run {number} was cancelled, which is final; submit its work item again."
    if instance.stop_reason not in EXTENDABLE:
        return (
            f"Run {number} was ended by its strategy ({instance.stop_reason}), not by a limit; change the "
            "strategy and submit its work item again."
        )
    return None


_WORDS_OF_BAD = {Outcome.DIED_OUT: "died out", Outcome.FAILED: "failed"}
