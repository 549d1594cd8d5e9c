"""Texts of the pages: states, durations, why a run ended, and what it waits for."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from database.models import Instance, InstanceState
from database.outcomes import BAD, Outcome, has_aim, outcome_of, outcome_words, stop_of
from database.selectors import MOST_COUNTED, Queue, Situation, Wait
from formatting.faults import Fault
from processing.core.genomes.changes import Changes
from processing.core.kinds import STRATEGIES
from processing.core.number_text import counted, page_figure

STATE_WORDS = {
    InstanceState.QUEUED: "queued", InstanceState.RUNNING: "running", InstanceState.PAUSING: "pausing",
    InstanceState.PAUSED: "paused", InstanceState.CANCELLING: "cancelling",
}

STOP_TITLES = {
    "FITNESS_REACHED": "Goal reached", "GENERATION_LIMIT": "All generations done",
    "STAGNATION": "No more progress", "EXTINCTION": "Died out", "THRESHOLD_MISSED": "Threshold missed",
    "TIME_LIMIT": "Time used up", "CANCELLED": "Cancelled", "ERROR": "Failed",
}

_FACT_NAMES = {
    "ended_by": "ended by the rule", "viable_agents": "viable agents",
    "best_possible": "best possible, at most", "evaluations": "evaluations until the task was solved",
}

_ORIGINS = {
    "INITIAL": "drawn at random", "ELITE": "an elite, copied unchanged",
    "CROSSOVER": "a cross of two parents", "MUTATION": "a mutated copy of one parent",
    "CROSSOVER_MUTATION": "a cross of two parents, then mutated",
    "SAMPLED": "sampled from the search distribution, without parents", "IMPORTED": "imported",
}

_OPERATORS = {
    "INITIAL": "drawn at random", "ELITE": "copied", "CROSSOVER": "crossed", "MUTATION": "mutated",
    "CROSSOVER_MUTATION": "crossed, mutated", "SAMPLED": "sampled", "IMPORTED": "imported",
}


@dataclass(frozen=True, slots=True)
class Pill:
    """The state or the outcome of a run in a word or two, and its style in `dashboard.css`."""

    words: str
    look: str


def pill_of(instance: Instance) -> Pill:
    """The label beside the name of a run: its outcome once it has one, else its state."""
    outcome = outcome_of(instance.state, instance.stop_reason)
    if outcome is None:
        words = STATE_WORDS[InstanceState(instance.state)]
        return Pill(words, words)
    aim = has_aim(stop_of(instance))
    return Pill(outcome_words(outcome, aim=aim), _look(outcome, aim=aim))


def _look(outcome: Outcome, *, aim: bool) -> str:
    if outcome in BAD:
        return "bad"
    if outcome == Outcome.THRESHOLD_MISSED and aim:
        return "missed"
    return "solved" if outcome == Outcome.SOLVED else "ended"


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a run ended, ready for display."""

    title: str
    message: str
    facts: list[tuple[str, str]]
    advice: SafeString
    is_error: bool


def ending_of(instance: Instance) -> Ending | None:
    """Why the run ended; None while it has not."""
    if instance.ended_at is None:
        return None
    reason = instance.stop_reason or instance.state
    explanation: Mapping[str, Any] = instance.stop_explanation or {}
    message = instance.failure_message or explanation.get("message") or _message(instance)
    return Ending(
        title=STOP_TITLES.get(reason, reason.replace("_", " ").capitalize()),
        message=message,
        facts=[
            (fact_name(name), shown(value))
            for name, value in explanation.get("led_to", {}).items() if value is not None
        ],
        advice=with_code(explanation.get("advice", "")),
        is_error=instance.state == InstanceState.FAILED,
    )


def _message(instance: Instance) -> str:
    if not instance.next_generation:
        return "The run was cancelled before its first generation was completed; nothing of it is kept."
    kept = counted(instance.next_generation, "completed generation")
    return f"The run was cancelled; its {kept} {'is' if instance.next_generation == 1 else 'are'} kept."


def wait_words(wait: Wait) -> str:
    """What a run waits for, and its place among what waits, in a sentence or two."""
    match wait.situation:
        case Situation.ENDED:
            return "It has ended."
        case Situation.PAUSED:
            return "It is paused."
        case Situation.IN_TURN:
            return "A worker holds it now."
        case Situation.NO_WORKER:
            return "No worker is online."
        case Situation.OTHER_PROFILE:
            return f"It began under the numeric profile {wait.profile}, which no worker has that is online."
        case Situation.NO_TRAINER:
            return "It waits for a worker that can train and has its data set."
        case Situation.BACK_OFF:
            reason = wait.reason or "The last try failed."
            return f"{reason} The next try is in {duration(wait.retry_seconds)}."
    assert wait.queue is not None
    return _queue_words(wait, wait.queue)


def _queue_words(wait: Wait, queue: Queue) -> str:
    """A run's place among what waits."""
    if not queue.submitters.before + queue.work_items.before + queue.steps.before:
        return "It is next: the first worker that is free takes it."
    clauses = []
    if first := queue.submitters.before:
        charged, least = duration(wait.submitter_seconds), duration(queue.least_submitter_seconds)
        clauses.append(
            f"{_most(first)} {'submitter comes' if first == 1 else 'submitters come'} first, charged no more "
            f"than this one ({charged}; the least {least}; newcomers do not begin with 0)"
        )
    for place, many, is_first in (
        (queue.work_items, "its submitter's {} work items", "this one is next"),
        (queue.steps, "the {} runs, slices and replays of its work item", "its own is next"),
    ):
        first, all_of_them = place.before, many.format(_most(place.of))
        if first:
            clauses.append(f"{_most(first)} of {all_of_them} {'comes' if first == 1 else 'come'} first")
        elif place.of > 1:
            clauses.append(f"of {all_of_them} {is_first}")
    words = "; ".join(clauses) + "."
    words = words[0].upper() + words[1:]
    if queue.steps.before:
        words += (
            f" It has waited {duration(wait.waited_seconds)}, so its priority of {wait.priority} counts as "
            f"{wait.present_priority:.1f}."
        )
    return words


def _most(number: int) -> str:
    """A count that stops at MOST_COUNTED."""
    return f"{number:,} or more" if number >= MOST_COUNTED else f"{number:,}"


def has_other_champion(instance: Instance) -> bool:
    """Whether the champion's fitness is not the highest of the run: an agent with more was not confirmed."""
    return instance.champion_fitness is not None and instance.champion_fitness != instance.best_fitness


def fact_name(name: str) -> str:
    """A readable name of a fact in a stop explanation."""
    return _FACT_NAMES.get(name, name.replace("_", " "))


def shown(value: object) -> str:
    """A value as text.

    Thousands are separated; floats are written as figures.
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return page_figure(value)
    return str(value)


def figure_or_dash(value: float) -> str:
    """A number as `shown` writes it; a dash where it is not finite."""
    return shown(value) if math.isfinite(value) else "–"


def with_code(text: str) -> SafeString:
    """The text as HTML, with its `words in backticks` as code."""
    return mark_safe(re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text)))


def duration(seconds: float | None) -> str:
    """A duration as text, in at most two units."""
    if seconds is None:
        return "–"
    if seconds < 10:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    days, hours, minutes, rest = whole // 86_400, whole // 3_600 % 24, whole // 60 % 60, whole % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def elapsed(instance: Instance, now: datetime) -> float | None:
    """Seconds from the run's start to its end, or to now; None before its start."""
    if instance.started_at is None:
        return None
    return ((instance.ended_at or now) - instance.started_at).total_seconds()


def origin_words(operator: str, *, parents: int) -> str:
    """How an agent's genome was made, by the name of its operator and the number of its distinct parents."""
    if parents == 1 and "CROSSOVER" in operator:
        return (
            "a mutated copy of one parent, drawn twice"
            if "MUTATION" in operator else "a copy of one parent, drawn twice"
        )
    return _ORIGINS[operator]


def operator_words(operator: str, *, parents: int) -> str:
    """How an agent's genome was made, in a word or two; arguments as those of `origin_words`."""
    if parents == 1 and "CROSSOVER" in operator:
        return "mutated" if "MUTATION" in operator else "copied"
    return _OPERATORS[operator]


def change_words(changes: Changes, gene: str) -> str:
    """How a child's genome differs from its parent's, topology first.

    Args:
        gene: a noun for what `weights_changed` counts.
    """
    changed = (
        ("node", "added", changes.nodes_added), ("node", "removed", changes.nodes_removed),
        ("link", "added", changes.links_added), ("link", "removed", changes.links_removed),
        ("link", "enabled", changes.links_enabled), ("link", "disabled", changes.links_disabled),
    )
    phrases = [
        f"{counted(len(found), noun, separator=',')} {verb}" for noun, verb, found in changed if found
    ]
    if changes.weights_changed:
        genes = counted(changes.weights_changed, gene, separator=",")
        size = "" if changes.largest_change is None else f" by up to {shown(changes.largest_change)}"
        phrases.append(f"{genes} changed{size}")
    return ", ".join(phrases) or "nothing"


def strategy_words(spec: Mapping[str, Any]) -> str:
    """The strategy's name for people; that in the document where this server has it no longer."""
    name = str(spec["strategy"]["type"])
    return STRATEGIES[name].label if name in STRATEGIES else name


def ago(moment: datetime, now: datetime) -> str:
    """The time since `moment`, in one unit."""
    seconds = (now - moment).total_seconds()
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit} ago"
    return "just now" if seconds < 5 else f"{seconds:.0f} s ago"


def fault_rows(faults: Iterable[Fault]) -> list[dict[str, Any]]:
    """Faults as templates show them: the path as text, the message and the advice."""
    rows = []
    for fault in faults:
        place = where(fault.path)
        message = with_code(fault.message.removeprefix(f"{place}: "))
        rows.append(
            {"where": place, "message": message, "hint": with_code(fault.advice) if fault.advice else None}
        )
    return rows


def where(path: tuple[str | int, ...]) -> str:
    """A path as text: `environment.rows[3]`."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}"
    return text.removeprefix(".")


def stored_faults(stored: Iterable[Mapping[str, Any]]) -> list[Fault]:
    """Read faults and warnings that were stored as JSON values."""
    return [Fault(**{**each, "path": tuple(each["path"])}) for each in stored]
