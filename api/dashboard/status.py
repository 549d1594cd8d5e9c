"""The template context of a run's page: head, figures, story and events."""

import json
from typing import Any
from urllib.parse import quote, urlencode

from django.urls import reverse
from django.utils import timezone

from api import wording
from api.wording import duration, shown
from database import selectors
from database.models import ACTIVE, EventType, Generation, Instance, InstanceState
from database.outcomes import stop_of, why_not_extended, why_not_resumed
from database.selectors import Progress, Situation
from processing.core.kinds import kind_of

NUMBER_OF_EVENTS = 12
#: Events of most generations are left out, because the charts show them.
SHOWN_EVENTS = tuple(kind for kind in EventType.values if kind not in (
    EventType.GENERATION_COMPLETED, EventType.SPECIES_CREATED, EventType.SPECIES_EXTINCT
))

_STORIES = {
    InstanceState.QUEUED: ("Waiting for a worker", "It starts as soon as one is free."),
    InstanceState.RUNNING: ("Evolving", "Generation {0} is being evaluated."),
    InstanceState.PAUSING: ("Pausing", "Its workers stop; agents that are evaluated are kept."),
    InstanceState.PAUSED: ("Paused", "It goes on with generation {0} when it is resumed; nothing is lost."),
    InstanceState.CANCELLING: ("Ending", "Generation {0} is being finished; then the run ends."),
}

_PREPARING = (
    "Generation 0 is being prepared and evaluated. Work of a kind that is new to this machine is compiled "
    "first, which takes some seconds, once."
)

_ACTIONS = {
    "pause": ("Pause", "", ""),
    "resume": ("Resume", "primary", ""),
    "cancel": (
        "Cancel", "danger",
        "End this run? Its completed generations are kept, but it cannot go on after that."
    ),
}
_ACTIONS_OF = {
    InstanceState.QUEUED: ("pause", "cancel"), InstanceState.RUNNING: ("pause", "cancel"),
    InstanceState.PAUSING: ("cancel",), InstanceState.PAUSED: ("resume", "cancel"),
    InstanceState.CANCELLING: ("cancel",), InstanceState.FAILED: ("resume",),
}


#: The numbers in the form of an extension: the key of the stop rule, its label, and the smallest step.
_LIMITS = (
    ("max_generations", "End at generation", "1"), ("fitness", "End at fitness", "any"),
    ("stagnation_generations", "Generations without progress", "1"),
    ("max_seconds", "Seconds of computing, in all", "any"),
)
#: The labels by the paths of the rules in a document.
LABELS = {f"stop.{name}": label for name, label, _ in _LIMITS} | {"stop.solved": "End when solved"}
#: The rule that ended a run by its stop reason; the form suggests twice its value.
_DOUBLED = {
    "GENERATION_LIMIT": "max_generations", "STAGNATION": "stagnation_generations", "TIME_LIMIT": "max_seconds"
}


def status_context(instance: Instance, *, may_operate: bool) -> dict[str, Any]:
    """Return the head, figures, story and events of a run."""
    latest = (
        selectors.generation(instance.pk, instance.next_generation - 1) if instance.next_generation else None
    )
    return {
        **_head(instance, may_operate), **_figures(instance, latest), **_story(instance, latest, may_operate),
        "events": selectors.events(
            instance.pk, types=SHOWN_EVENTS, descending=True, first=NUMBER_OF_EVENTS
        ).items,
    }


def live_url(instance: Instance) -> str:
    """Return the address that the page polls; it carries the state and events that the page shows already."""
    known = urlencode({"state": instance.state, "events": instance.event_sequence})
    return f"{reverse('dashboard:live', args=(instance.pk,))}?{known}"


def _head(instance: Instance, may_operate: bool) -> dict[str, Any]:
    spec = instance.work_item.spec
    problem, values = kind_of(spec).problem_in(spec)
    return {
        "number": instance.pk, "name": instance.work_item.name, "pill": wording.pill_of(instance),
        "problem": problem.label(values),
        "strategy": wording.strategy_words(spec), "population": shown(spec["strategy"]["population_size"]),
        "seed": instance.seed, "reproducible": instance.reproducible,
        "is_revived": instance.revived_generation is not None,
        "actions": [_action(instance, word) for word in _actions(instance) if may_operate],
    }


def _actions(instance: Instance) -> tuple[str, ...]:
    """Return the actions that the run's state allows."""
    found = _ACTIONS_OF.get(InstanceState(instance.state), ())
    return () if "resume" in found and why_not_resumed(instance) else found


def _action(instance: Instance, word: str) -> dict[str, str]:
    label, look, question = _ACTIONS[word]
    return {
        "word": word, "label": label, "look": look, "question": question,
        "url": reverse("dashboard:act", args=(instance.pk, word)),
    }


def _figures(instance: Instance, latest: Generation | None) -> dict[str, Any]:
    progress = selectors.progress(instance)
    champion = ""
    if instance.champion_generation is not None:
        champion = f"{instance.champion_generation}-{instance.champion_index}"
    return {
        "next_generation": instance.next_generation,
        "max_generations": stop_of(instance)["max_generations"],
        "champion": champion, "silence": _chart_placeholder(instance), "is_active": instance.state in ACTIVE,
        "live_url": live_url(instance),
        "tiles": [
            *_best(instance), _mean(latest), _speed(instance, progress.evaluations_per_second),
            _time(instance, progress)
        ],
    }


def _chart_placeholder(instance: Instance) -> str:
    """Return the sentence shown in place of an empty chart; "" where there is something to draw."""
    if instance.next_generation:
        return ""
    if instance.ended_at is not None:
        return "The run ended before a generation was completed."
    return "No generation has been completed yet. Its fitness appears here as soon as one is."


def _best(instance: Instance) -> list[dict[str, str]]:
    """Return the highest fitness of any agent, and the champion's where the champion is another agent."""
    if instance.best_fitness is None:
        return [{"name": "Best fitness", "figure": "–", "note": ""}]
    where = "" if instance.best_generation is None else f"in generation {instance.best_generation}"
    best = {"name": "Best fitness", "figure": shown(instance.best_fitness), "note": where}
    if not wording.has_other_champion(instance):
        return [best]
    note = f"confirmed in generation {instance.champion_generation}"
    return [best, {"name": "Champion's fitness", "figure": shown(instance.champion_fitness), "note": note}]


def _mean(latest: Generation | None) -> dict[str, str]:
    if latest is None or latest.mean is None:
        return {"name": "Mean fitness", "figure": "–", "note": ""}
    return {"name": "Mean fitness", "figure": shown(latest.mean), "note": f"of generation {latest.number}"}


def _speed(instance: Instance, per_second: float | None) -> dict[str, str]:
    return {
        "name": "Evaluations", "figure": shown(instance.evaluations), "unit": "",
        "note": "" if per_second is None else f"{per_second:,.0f} a second",
    }


def _time(instance: Instance, progress: Progress) -> dict[str, Any]:
    now = timezone.now()
    took = duration(wording.elapsed(instance, now))
    if instance.state == InstanceState.RUNNING and progress.estimated_end_at is not None:
        left = max((progress.estimated_end_at - now).total_seconds(), 0.0)
        return {"name": "Time", "figure": took, "note": f"about {duration(left)} left"}
    note = "" if instance.started_at is None else "started"
    return {"name": "Time", "figure": took, "note": note, "moment": instance.started_at}


def _story(instance: Instance, latest: Generation | None, may_operate: bool) -> dict[str, Any]:
    title, story = _STORIES.get(InstanceState(instance.state), ("", ""))
    if instance.state == InstanceState.RUNNING and not instance.next_generation:
        title, story = "Starting", _PREPARING
    story = story.format(instance.next_generation)
    title, story = _waiting(instance) or (title, story)
    facts = [] if instance.ended_at else _limits(instance)
    if latest is not None:
        named = {
            "threshold": latest.threshold, "viable agents": latest.viable, "median fitness": latest.median,
            "species": latest.species_count, "diversity": latest.diversity,
            "failed agents": latest.failed or None,
        }
        named = _said(latest) | named
        facts = [(name, shown(value)) for name, value in named.items() if value is not None] + facts
    return {
        "ending": wording.ending_of(instance), "story_title": title,
        "story": story,
        "story_facts": facts, "digest": instance.digest,
        "extension": _extension(instance) if may_operate else None,
    }


def _waiting(instance: Instance) -> tuple[str, str] | None:
    """Return that the run waits, and what for; None where workers are at it, or it does not want them."""
    if instance.state not in (InstanceState.QUEUED, InstanceState.RUNNING) or instance.claimed_by:
        return None
    wait = selectors.explain_wait(instance.pk)
    if wait is None or wait.waited_seconds is None:
        return None
    is_in_back_off = wait.situation == Situation.BACK_OFF
    return f"Waiting for {'another try' if is_in_back_off else 'a worker'}", wording.wait_words(wait)


def _extension(instance: Instance) -> dict[str, Any] | None:
    """Return the form of an extension, with the limits that the run has; None where it cannot be extended."""
    if why_not_extended(instance) is not None:
        return None
    stop, doubled = dict(stop_of(instance)), _DOUBLED.get(instance.stop_reason or "")
    if doubled is not None and stop.get(doubled) is not None:
        stop[doubled] *= 2
    return {
        "url": reverse("dashboard:extend", args=(instance.pk,)), "is_solved": bool(stop.get("solved")),
        "fields": [
            {"name": name, "label": label, "value": json.dumps(stop[name]), "step": step}
            for name, label, step in _LIMITS if stop.get(name) is not None
        ],
    }


def _said(latest: Generation) -> dict[str, Any]:
    """Return what the strategy says of a generation, without what is no single value."""
    return {
        name.replace("_", " "): value for name, value in (latest.figures or {}).items()
        if isinstance(value, int | float | str)
    }


def _limits(instance: Instance) -> list[tuple[str, str]]:
    """Return the stop rules of the run, with what solves its problem."""
    spec, stop = instance.work_item.spec, stop_of(instance)
    problem, values = kind_of(spec).problem_in(spec)
    solved = (problem.solved_when(values) or True) if stop.get("solved") else None
    named = {
        "ends at fitness": stop["fitness"], "ends when solved": solved,
        "ends at generation": stop["max_generations"],
        "ends without progress for": stop["stagnation_generations"],
        "ends after seconds": stop["max_seconds"],
    }
    if instance.stop is not None:
        named["extended"] = "yes, with other limits than its work item"
    return [(name, shown(value)) for name, value in named.items() if value is not None]


def graphiql_url(query: str) -> str:
    """Return the address that opens GraphiQL with a query."""
    return f"/graphql#query={quote(query)}"
