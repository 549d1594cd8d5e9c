"""Checks of a Gymnasium environment: its id, keyword arguments, wrappers and spaces.

This module does not import or create environments: `known` looks them up, in separate processes.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from processing.core.concern import Concern, ConcernKind
from processing.core.datasets.lookup import DatasetsHere
from processing.core.environments.foreign import catalogue
from processing.core.environments.foreign.catalogue import PLAIN_ID, Entry, Facts
from processing.core.environments.foreign.hints import hint_of
from processing.core.environments.foreign.kwargs import KwargFault, completed_kwargs, wrong
from processing.core.environments.foreign.observe import observed, part_troubles, usable_parts
from processing.core.environments.foreign.packages import extra_words
from processing.core.environments.foreign.parameters import Aggregate, GymnasiumParameters
from processing.core.environments.foreign.spaces import Space, trouble
from processing.core.environments.foreign.wrappers import (
    MOST_REPEATED,
    MOST_STACKED,
    as_values,
    observations_of,
    steps_of,
)
from processing.core.errors import Refused
from processing.core.problem import DatasetLookup, Found, ServerLookup
from processing.core.value_text import listed, shown

ID, KWARGS, WRAPPERS, OBSERVE = ("id",), ("kwargs",), ("wrappers",), ("observe",)
#: Maximum number of parts of observations that a message names.
MOST_NAMED = 8


class Snapshot:
    """Gymnasium's own environments from a stored snapshot, without processes or a cache."""

    trouble: str | None = None
    datasets: DatasetLookup = DatasetsHere()

    def entries(self) -> Mapping[str, Entry]:
        """Return all environments by id."""
        return catalogue.entries()

    def entry(self, name: str) -> Entry | None:
        """Return one environment; None where there is none."""
        return catalogue.entries().get(name)

    def facts(
        self, name: str, kwargs: Mapping[str, Any], wrappers: Sequence[Mapping[str, Any]] = ()
    ) -> Facts:
        """Return the facts of an environment with these keyword arguments and wrappers.

        Raises:
            Refused: the snapshot does not have this combination.
        """
        return catalogue.snapshot(name, kwargs, wrappers)


def looked_up(environment: GymnasiumParameters, known: ServerLookup) -> Found:
    """Return the facts of an environment, or its faults."""
    if PLAIN_ID.fullmatch(environment.id) is None:
        expected = (
            'the plain id of a registered environment, as "Acrobot-v1" or "space/Rocket-v0", without a module'
        )
        return _faulty(_unknown(environment.id, expected, known))
    entry = known.entry(environment.id)
    if entry is None:
        expected = "the id of an environment that this server knows"
        return _faulty(_unknown(environment.id, expected, known))
    if "needs" in entry:
        expected = f"an environment that is installed here; this one needs the package {entry['needs']}"
        return _faulty(_unknown_id(environment.id, expected, extra_words(entry["needs"])))
    is_changed = environment.kwargs or environment.wrappers or environment.observe is not None
    if entry["trouble"] is not None and not (is_changed and "observation" in entry):
        return _faulty(_unfit(environment.id, entry["trouble"]))
    undeclared = tuple(entry.get("undeclared", ()))
    found = wrong(entry["kwargs"], environment.kwargs, undeclared=undeclared)
    faults = [_wrong_fault(each, environment.kwargs) for each in found]
    return _faulty(*faults) if faults else _found(environment, known)


def completed(
    environment: GymnasiumParameters, known: ServerLookup, facts: Facts | None
) -> GymnasiumParameters:
    """Return the complete parameters of an environment.

    Every keyword argument is filled in, and so are the names of the parts of observations that networks get,
    unless they get all. Values that mean the same as null become null.
    """
    entry = known.entry(environment.id)
    if entry is None:
        return environment
    return environment.model_copy(update={
        "kwargs": completed_kwargs(entry["kwargs"], environment.kwargs),
        "wrappers": environment.wrappers or None, "minimise": environment.minimise or None,
        "aggregate": None if environment.aggregate is Aggregate.MEAN else environment.aggregate,
        "observe": None if facts is None else _observed_parts(environment, facts["observation"]),
    })


def _faulty(*faults: Concern) -> Found:
    return Found(None, list(faults), [])


def _found(environment: GymnasiumParameters, known: ServerLookup) -> Found:
    if faults := _wrapper_faults(environment):
        return _faulty(*faults)
    wrappers = as_values(environment.wrappers)
    try:
        facts = known.facts(environment.id, environment.kwargs, wrappers)
    except Refused as refused:
        return _faulty(_unmade(environment, wrappers, str(refused)))
    if faults := _observe_faults(environment, facts["observation"]):
        return _faulty(*faults)
    space = observed(facts["observation"], _observed_parts(environment, facts["observation"]))
    if (sentence := trouble(space, facts["action"])) is not None:
        return _faulty(_unfit(environment.id, sentence))
    return Found(facts, [], _observe_warnings(environment, facts["observation"]))


def _observed_parts(environment: GymnasiumParameters, space: Space) -> tuple[str, ...] | None:
    """Return the names of the parts that networks get, in the space's order; None where they get all."""
    if environment.observe is None:
        return usable_parts(space)
    names = tuple(part_troubles(space))
    chosen = tuple(name for name in names if name in environment.observe)
    return None if chosen == names else chosen


def _observe_warnings(environment: GymnasiumParameters, space: Space) -> list[Concern]:
    """Warn of parts of observations that networks do not get, where the document does not name any."""
    usable = usable_parts(space)
    if environment.observe is not None or usable is None:
        return []
    left_out = {name: why for name, why in part_troubles(space).items() if why is not None}
    expected = f"the parts that networks can take, {_named(usable)}"
    given = f"null, so that networks do not get {_named(left_out)}"
    reasons = " ".join(f"{name}: {why}" for name, why in list(left_out.items())[:MOST_NAMED])
    return [Concern(OBSERVE, expected, given, reasons)]


def _named(names: Iterable[str]) -> str:
    """Return the first of these names as text, and how many more there are."""
    words = [shown(name) for name in names]
    more = [f"{len(words) - MOST_NAMED} more"] if len(words) > MOST_NAMED else []
    return listed([*words[:MOST_NAMED], *more], "and")


def _observe_faults(environment: GymnasiumParameters, space: Space) -> list[Concern]:
    """Return faults of the chosen parts of observations."""
    if environment.observe is None:
        return []
    reasons = part_troubles(space)
    if not reasons:
        expected = f"null, as the observations of {environment.id} have no parts with names"
        return [Concern(OBSERVE, expected, shown(list(environment.observe)))]
    found = []
    for place, name in enumerate(environment.observe):
        if name not in reasons:
            meant = difflib.get_close_matches(name.casefold()[:60], reasons, n=1)
            expected = f"the name of a part of its observations: {_named(reasons)}"
            hint = f'Did you mean "{meant[0]}"?' if meant else None
            kind = ConcernKind.NOT_IN_CHOICES
            found.append(Concern((*OBSERVE, place), expected, shown(name), hint, kind=kind))
        elif (why := reasons[name]) is not None:
            expected = "the name of a part that networks can take"
            found.append(Concern((*OBSERVE, place), expected, shown(name), why))
    return found


def _wrapper_faults(environment: GymnasiumParameters) -> list[Concern]:
    """Return faults of wrappers that together stack or repeat too much, before an environment is created."""
    wrappers = environment.wrappers or ()
    stacked, steps = observations_of(wrappers), steps_of(wrappers)
    return [
        Concern(
            WRAPPERS, f"{what} of at most {most} in all", f"{given}", kind=ConcernKind.LIMIT_EXCEEDED
        )
        for what, given, most in (
            ("stacks of observations", stacked, MOST_STACKED), ("repeated steps", steps, MOST_REPEATED),
        )
        if given > most
    ]


def _unmade(environment: GymnasiumParameters, wrappers: list[dict[str, Any]], words: str) -> Concern:
    """Return the fault of an environment that cannot be created with these keyword arguments or wrappers."""
    if not wrappers or (environment.kwargs and "wrappers[" not in words):
        expected = "keyword arguments that the environment can be made with"
        return Concern(KWARGS, expected, shown(environment.kwargs), words)
    return Concern(WRAPPERS, "wrappers that can be put around the environment", shown(wrappers), words)


def _unknown(name: str, expected: str, known: ServerLookup) -> Concern:
    return _unknown_id(name, expected, hint_of(name, known))


def _unknown_id(name: str, expected: str, hint: str | None) -> Concern:
    return Concern(ID, expected, shown(name), hint, kind=ConcernKind.UNKNOWN_ENVIRONMENT)


def _unfit(name: str, sentence: str) -> Concern:
    return Concern(ID, "an environment that networks can act in", shown(name), sentence)


def _wrong_fault(one: KwargFault, given: Mapping[str, Any]) -> Concern:
    path = (*KWARGS, one.name)
    if one.is_unknown:
        key = f"the key {shown(one.name)}"
        return Concern(path, one.expected, key, one.hint, kind=ConcernKind.UNKNOWN_FIELD)
    kind = ConcernKind.OUT_OF_RANGE if one.is_out_of_range else ConcernKind.INVALID_TYPE
    kind = ConcernKind.INCONSISTENT if one.is_contradiction else kind
    return Concern(path, one.expected, shown(given[one.name]), one.hint, kind=kind)
