"""What is told of a generation, as events of its run."""

from database.models import EventLevel, EventType
from database.services import NewEvent
from processing.core.search.generation import GenerationResult
from processing.core.search.stop import confirmation_words
from processing.core.types import Failure

#: Reasons that are told of one generation.
MOST_REASONS = 10


def events_of(closed: GenerationResult) -> list[NewEvent]:
    """The events of a closed generation, in order."""
    best, mean = closed.statistics["best"], closed.statistics["mean"]
    told = "no agent has a fitness" if best is None else f"best {figure(best)}, mean {figure(mean)}"
    events = [
        NewEvent(
            EventType.GENERATION_COMPLETED, f"Generation {closed.number}: {told}{_novelty(closed)}.", generation=closed.number,
            data=dict(closed.novelty or {}),
        )
    ]
    if closed.is_improved:
        fitness = float(closed.evaluations.fitness[closed.champion])
        events.append(
            NewEvent(
                EventType.CHAMPION_IMPROVED, f"New champion: agent {closed.champion} with fitness {figure(fitness)}.",
                generation=closed.number, data={"index": closed.champion, "fitness": fitness},
            )
        )
    return [*events, *_unconfirmed(closed), *_reasons(closed)]


def figure(value: float) -> str:
    """A number for people: four digits, and all before the point."""
    return f"{value:,.0f}" if 10_000 <= abs(value) < 1e12 else f"{value:.4g}"


def _novelty(closed: GenerationResult) -> str:
    """How novel its agents are, where that is looked for."""
    if closed.novelty is None:
        return ""
    mean, largest = closed.novelty["mean_novelty"], closed.novelty["largest_novelty"]
    told = "" if mean is None or largest is None else f"; novelty up to {figure(largest)}, mean {figure(mean)}"
    return f"{told}; {closed.novelty['archive_size']} in the archive"


def _unconfirmed(closed: GenerationResult) -> list[NewEvent]:
    """Champions that reached what is asked for, and did not on fresh episodes."""
    end = ": the search goes on." if closed.stop is None else "."
    return [
        NewEvent(EventType.NOTE, confirmation_words(each) + end, generation=closed.number, data=dict(each))
        for each in closed.confirmations if not each["is_passed"]
    ]


def _reasons(closed: GenerationResult) -> list[NewEvent]:
    """Why agents failed, where that takes words; the first few, and those after them only counted."""
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
