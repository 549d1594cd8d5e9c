"""What is told of a generation, as events of its run."""

from database.models import EventLevel, EventType
from database.services import NewEvent
from processing.core.generation import Closed
from processing.core.types import Failure

#: Reasons that are told of one generation.
MOST_REASONS = 10


def events_of(closed: Closed) -> list[NewEvent]:
    """The events of a closed generation, in order."""
    best, mean = closed.statistics["best"], closed.statistics["mean"]
    told = "no agent has a fitness" if best is None else f"best {best:.4g}, mean {mean:.4g}"
    events = [
        NewEvent(EventType.GENERATION_COMPLETED, f"Generation {closed.number}: {told}.", generation=closed.number)
    ]
    if closed.is_improved:
        fitness = float(closed.evaluations.fitness[closed.champion])
        events.append(
            NewEvent(
                EventType.CHAMPION_IMPROVED, f"New champion: agent {closed.champion} with fitness {fitness:.4g}.",
                generation=closed.number, data={"index": closed.champion, "fitness": fitness},
            )
        )
    return [*events, *_reasons(closed)]


def _reasons(closed: Closed) -> list[NewEvent]:
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
