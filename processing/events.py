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
            EventType.GENERATION_COMPLETED, f"Generation {closed.number}: {summary}{_novelty(closed)}.",
            generation=closed.number, data=dict(closed.novelty or {}),
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


def _novelty(closed: GenerationResult) -> str:
    """Describe how novel the agents are, where the search uses novelty; else empty."""
    if closed.novelty is None:
        return ""
    mean, largest = closed.novelty["mean_novelty"], closed.novelty["largest_novelty"]
    sentence = (
        "" if mean is None or largest is None else f"; novelty up to {figure(largest)}, mean {figure(mean)}"
    )
    return f"{sentence}; {closed.novelty['archive_size']} in the archive"


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
        message = f"{len(reasons) - MOST_REASONS} more agents failed in their environments."
        events.append(NewEvent(EventType.NOTE, message, EventLevel.WARNING, closed.number))
    return events
