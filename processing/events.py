"""The events of a run that describe a closed generation."""

from database.models import EventLevel, EventType
from database.services import NewEvent
from processing.core.number_text import figure
from processing.core.search.generation import GenerationResult
from processing.core.search.stop import confirmation_words
from processing.core.types import Failure

#: Reasons of failure that get an event of their own in one generation.
MOST_REASONS = 10


def events_of(closed: GenerationResult) -> list[NewEvent]:
    """Return the events of a closed generation, in order."""
    best, mean = closed.statistics["best"], closed.statistics["mean"]
    summary = "no agent has a fitness" if best is None else f"best {figure(best)}, mean {figure(mean)}"
    events = [
        NewEvent(
            EventType.GENERATION_COMPLETED, f"Generation {closed.number}: {summary}{_words(closed)}.",
            generation=closed.number, data=dict(closed.summary.values) if closed.summary else {},
        )
    ]
    if closed.is_improved:
        fitness = float(closed.evaluations.fitness[closed.champion])
        events.append(
            NewEvent(
                EventType.CHAMPION_IMPROVED,
                f"New champion: agent {closed.champion} with fitness {figure(fitness)}.",
                generation=closed.number, data={"index": closed.champion, "fitness": fitness},
            )
        )
    return [*events, *_unconfirmed(closed), *_reasons(closed)]


def _words(closed: GenerationResult) -> str:
    """Return what the judge says of scores that are not the fitness; empty where it says nothing."""
    words = closed.summary.words if closed.summary else ""
    return f"; {words}" if words else ""


def _unconfirmed(closed: GenerationResult) -> list[NewEvent]:
    """Return events of champions that met the criterion in their generation, but not on fresh episodes."""
    end = ": the search goes on." if closed.stop is None else "."
    return [
        NewEvent(EventType.NOTE, confirmation_words(each) + end, generation=closed.number, data=dict(each))
        for each in closed.confirmations if not each["is_passed"]
    ]


def _reasons(closed: GenerationResult) -> list[NewEvent]:
    """Return events of failures that have a reason in words: the first few, and a count of the others."""
    reasons, failures = closed.evaluations.reasons, closed.evaluations.failures
    events = [
        NewEvent(
            EventType.NOTE, f"Agent {index} failed: {reason}", EventLevel.WARNING, closed.number,
            data={"index": index, "failure": Failure(int(failures[index])).name},
        )
        for index, reason in reasons[:MOST_REASONS]
    ]
    if len(reasons) > MOST_REASONS:
        message = f"{len(reasons) - MOST_REASONS} more agents failed."
        events.append(NewEvent(EventType.NOTE, message, EventLevel.WARNING, closed.number))
    return events
