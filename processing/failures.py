"""Why agents failed: events of failures that a machine decided, and explanations of extinct runs."""

from collections import Counter
from dataclasses import replace

from database.models import EventLevel, EventType, Instance
from database.services import NewEvent
from processing.core.number_text import counted
from processing.core.search.generation import GenerationResult
from processing.core.types import Evaluations, Failure, StopReason
from processing.core.value_text import with_article

#: Failures that a clock or a machine decides, so that another machine might not reproduce them. In this and
#: the following sentences, `{noun}` is what the problem is called: see `Problem`.
BY_CHANCE = {
    Failure.TIMEOUT: "because of {a_noun} that did not answer in time",
    Failure.WORKER_LOST: "because processes were lost",
    Failure.OUT_OF_MEMORY: "because {noun}s ran out of memory",
}
_WORDS = {
    Failure.NON_FINITE_FITNESS: "its fitness is not a finite number", Failure.TIMEOUT: "it took too long",
    Failure.ENVIRONMENT_ERROR: "its {noun} raised an error",
    Failure.OUT_OF_MEMORY: "its {noun} ran out of memory",
    Failure.WORKER_LOST: "no worker survived its evaluation",
}
_ADVICE = "Mend what made the agents fail; the run's events tell more."
#: What may be done next, by whether a generation is left: where failures have reasons (first) and otherwise.
_AFTER_MENDING = {
    True: "Once the {noun} is mended, the run may be resumed, and goes on from its last parents.",
    False: "No generation is left, so the run cannot be resumed: once the {noun} is mended, submit its work "
    "item again.",
}
_AFTERWARDS = {
    True: "The run may be resumed, and then tries other agents.",
    False: "No generation is left, so the run cannot be resumed.",
}


def decided_by_chance(instance: Instance, closed: GenerationResult, *, noun: str) -> list[NewEvent]:
    """Mark a run as not reproducible where a clock or a machine decided a failure; return the events.

    Failures of episodes that were to confirm a champion count too.

    Args:
        noun: what the problem is called.
    """
    words = {"noun": noun, "a_noun": with_article(noun)}
    agents, confirmations = Counter(_failures(closed.evaluations)), Counter(closed.confirming)
    found = [
        *((failure, number, counted(number, "agent")) for failure, number in agents.items()),
        *((failure, number, counted(number, "episode") + " that were to confirm the champion")
          for failure, number in confirmations.items()),
    ]
    events = [
        NewEvent(
            EventType.NOTE,
            f"{who} failed {BY_CHANCE[failure].format_map(words)}; the run is not reproducible.",
            EventLevel.WARNING, closed.number, data={"failure": failure.name, "agents": number},
        )
        for failure, number, who in found if failure in BY_CHANCE
    ]
    instance.reproducible = instance.reproducible and not events
    return events


def with_reasons(closed: GenerationResult, *, max_generations: int, noun: str) -> GenerationResult:
    """Return the result; where the run died out, its explanation names the commonest failure and what to do
    next.

    Args:
        max_generations: of the run.
        noun: what the problem is called.
    """
    if (
        closed.stop != StopReason.EXTINCTION or closed.explanation is None
        or not closed.evaluations.failures.any()
    ):
        return closed
    reason, number = _commonest(closed.evaluations, noun)
    size = len(closed.evaluations)
    who = "All failed" if number == size else f"{number} of {size} failed"
    sentence = " ".join(reason.split()).rstrip(".")
    message = f"{closed.explanation['message']} {who} for this reason: {sentence}."
    changes = {
        "message": message,
        "led_to": closed.explanation["led_to"] | {"failure": reason, "failed_agents": number}
    }
    advice, after = closed.explanation["advice"], _AFTERWARDS
    if closed.evaluations.reasons:
        advice, after = _ADVICE, _AFTER_MENDING
    is_left = closed.number + 1 < max_generations
    advice = f"{advice} {after[is_left].format(noun=noun)}"
    return replace(closed, explanation=closed.explanation | changes | {"advice": advice})


def _commonest(evaluations: Evaluations, noun: str) -> tuple[str, int]:
    """Return the most frequent reason, the first of equals, and how many agents have it."""
    reasons = dict(evaluations.reasons)
    reason_of_each = (
        reasons.get(index) or _WORDS.get(failure, failure.name.lower().replace("_", " ")).format(noun=noun)
        for index, failure in enumerate(Failure(int(one)) for one in evaluations.failures) if failure
    )
    return Counter(reason_of_each).most_common(1)[0]


def _failures(evaluations: Evaluations) -> list[Failure]:
    return [Failure(int(one)) for one in evaluations.failures if one]
