"""What is told of a generation, as events of its run."""

from database.models import EventType
from database.services import NewEvent
from processing.core.generation import Closed


def events_of(closed: Closed) -> list[NewEvent]:
    """The events of a closed generation, in order."""
    best, mean = closed.statistics["best"], closed.statistics["mean"]
    told = "no agent has a fitness" if best is None else f"best {best:.4g}, mean {mean:.4g}"
    events = [
        NewEvent(EventType.GENERATION_COMPLETED, f"Generation {closed.number}: {told}.", generation=closed.number)
    ]
    if closed.is_improved:
        events.append(
            NewEvent(
                EventType.CHAMPION_IMPROVED, f"New champion: agent {closed.champion} with fitness {best:.4g}.",
                generation=closed.number, data={"index": closed.champion, "fitness": best},
            )
        )
    return events
