"""Checks of a Gymnasium environment: its id, keyword arguments, wrappers and spaces.

This module does not import or create environments: `known` looks them up, in separate processes.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from formatting.faults import Fault, FaultCode, fault, shown
from formatting.wording import listed
from formatting.work_item import WorkItem
from processing.core.environments.foreign import catalogue
from processing.core.environments.foreign.catalogue import PLAIN_ID, Entry, Facts
from processing.core.environments.foreign.environment import compiled_version
from processing.core.environments.foreign.kwargs import KwargFault, completed_kwargs, wrong
from processing.core.environments.foreign.observe import observed, part_troubles, usable_parts
from processing.core.environments.foreign.packages import extra_words, package_of, package_words
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

ID, KWARGS, WRAPPERS, OBSERVE = (("environment", name) for name in ("id", "kwargs", "wrappers", "observe"))
#: Maximum number of parts of observations that a message names.
MOST_NAMED = 8


class EnvironmentLookup(Protocol):
    """The Gymnasium environments that a server knows, as implemented by `lookup.Lookup`."""

    trouble: str | None  # why some environments could not be looked up

    def entries(self) -> Mapping[str, Entry]: ...
    def entry(self, name: str) -> Entry | None: ...
    def facts(
        self, name: str, kwargs: Mapping[str, Any], wrappers: Sequence[Mapping[str, Any]] = ()
    ) -> Facts: ...


class Snapshot:
    """Gymnasium's own environments from a stored snapshot, without processes or a cache."""

    trouble: str | None = None

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


def looked_up(environment: Any, known: EnvironmentLookup) -> tuple[Facts | None, list[Fault]]:
    """Return the facts of a Gymnasium environment, and its faults; no facts and no faults for other
    environments.
    """
    if not isinstance(environment, GymnasiumParameters):
        return None, []
    if PLAIN_ID.fullmatch(environment.id) is None:
        expected = (
            'the plain id of a registered environment, as "Acrobot-v1" or "space/Rocket-v0", without a module'
        )
        return None, [_unknown(environment.id, expected, known)]
    entry = known.entry(environment.id)
    if entry is None:
        expected = "the id of an environment that this server knows"
        return None, [_unknown(environment.id, expected, known)]
    if "needs" in entry:
        expected = f"an environment that is installed here; this one needs the package {entry['needs']}"
        hint = extra_words(entry["needs"])
        return None, [fault(FaultCode.UNKNOWN_ENVIRONMENT, ID, expected, shown(environment.id), hint)]
    is_changed = environment.kwargs or environment.wrappers or environment.observe is not None
    if entry["trouble"] is not None and not (is_changed and "observation" in entry):
        return None, [_unfit(environment.id, entry["trouble"])]
    undeclared = tuple(entry.get("undeclared", ()))
    found = wrong(entry["kwargs"], environment.kwargs, undeclared=undeclared)
    faults = [_wrong_fault(each, environment.kwargs) for each in found]
    return (None, faults) if faults else _facts(environment, known)


def completed(work_item: WorkItem, known: EnvironmentLookup, facts: Facts | None) -> WorkItem:
    """Complete the environment of a work item, where it is one of Gymnasium's.

    Every keyword argument is filled in, and so are the names of the parts of observations that networks get,
    unless they get all. Values that mean the same as null become null.
    """
    environment = getattr(work_item, "environment", None)
    if not isinstance(environment, GymnasiumParameters) or (entry := known.entry(environment.id)) is None:
        return work_item
    kwargs = completed_kwargs(entry["kwargs"], environment.kwargs)
    changes = {
        "kwargs": kwargs, "wrappers": environment.wrappers or None, "minimise": environment.minimise or None,
        "aggregate": None if environment.aggregate is Aggregate.MEAN else environment.aggregate,
        "observe": None if facts is None else _observed_parts(environment, facts["observation"]),
    }
    return work_item.model_copy(update={"environment": environment.model_copy(update=changes)})


def _observed_parts(environment: GymnasiumParameters, space: Space) -> tuple[str, ...] | None:
    """Return the names of the parts that networks get, in the space's order; None where they get all."""
    if environment.observe is None:
        return usable_parts(space)
    names = tuple(part_troubles(space))
    chosen = tuple(name for name in names if name in environment.observe)
    return None if chosen == names else chosen


def observe_warnings(environment: Any, facts: Facts | None) -> list[Fault]:
    """Warn of parts of observations that networks do not get, where the document does not name any."""
    if (
        facts is None or environment.observe is not None
        or (usable := usable_parts(facts["observation"])) is None
    ):
        return []
    left_out = {name: why for name, why in part_troubles(facts["observation"]).items() if why is not None}
    expected = f"the parts that networks can take, {_named(usable)}"
    given = f"null, so that networks do not get {_named(left_out)}"
    reasons = " ".join(f"{name}: {why}" for name, why in list(left_out.items())[:MOST_NAMED])
    return [fault(FaultCode.INCONSISTENT, OBSERVE, expected, given, reasons)]


def _named(names: Iterable[str]) -> str:
    """Return the first of these names as text, and how many more there are."""
    words = [shown(name) for name in names]
    more = [f"{len(words) - MOST_NAMED} more"] if len(words) > MOST_NAMED else []
    return listed([*words[:MOST_NAMED], *more], "and")


def _observe_faults(environment: GymnasiumParameters, space: Space) -> list[Fault]:
    """Return faults of the chosen parts of observations."""
    if environment.observe is None:
        return []
    reasons = part_troubles(space)
    if not reasons:
        expected = f"null, as the observations of {environment.id} have no parts with names"
        return [fault(FaultCode.INCONSISTENT, OBSERVE, expected, shown(list(environment.observe)))]
    found = []
    for place, name in enumerate(environment.observe):
        if name not in reasons:
            meant = difflib.get_close_matches(name.casefold()[:60], reasons, n=1)
            expected = f"the name of a part of its observations: {_named(reasons)}"
            hint = f'Did you mean "{meant[0]}"?' if meant else None
            found.append(fault(FaultCode.NOT_IN_CHOICES, (*OBSERVE, place), expected, shown(name), hint))
        elif (why := reasons[name]) is not None:
            expected = "the name of a part that networks can take"
            found.append(fault(FaultCode.INCONSISTENT, (*OBSERVE, place), expected, shown(name), why))
    return found


def _wrapper_faults(environment: GymnasiumParameters) -> list[Fault]:
    """Return faults of wrappers that together stack or repeat too much, before an environment is created."""
    wrappers = environment.wrappers or ()
    stacked, steps = observations_of(wrappers), steps_of(wrappers)
    return [
        fault(FaultCode.LIMIT_EXCEEDED, WRAPPERS, f"{what} of at most {most} in all", f"{given}")
        for what, given, most in (
            ("stacks of observations", stacked, MOST_STACKED), ("repeated steps", steps, MOST_REPEATED),
        )
        if given > most
    ]


def _facts(environment: GymnasiumParameters, known: EnvironmentLookup) -> tuple[Facts | None, list[Fault]]:
    if faults := _wrapper_faults(environment):
        return None, faults
    wrappers = as_values(environment.wrappers)
    try:
        facts = known.facts(environment.id, environment.kwargs, wrappers)
    except Refused as refused:
        return None, [_unmade(environment, wrappers, str(refused))]
    if faults := _observe_faults(environment, facts["observation"]):
        return None, faults
    space = observed(facts["observation"], _observed_parts(environment, facts["observation"]))
    if (sentence := trouble(space, facts["action"])) is not None:
        return None, [_unfit(environment.id, sentence)]
    return facts, []


def _unmade(environment: GymnasiumParameters, wrappers: list[dict[str, Any]], words: str) -> Fault:
    """Return the fault of an environment that cannot be created with these keyword arguments or wrappers."""
    if not wrappers or (environment.kwargs and "wrappers[" not in words):
        expected = "keyword arguments that the environment can be made with"
        return fault(FaultCode.INCONSISTENT, KWARGS, expected, shown(environment.kwargs), words)
    return fault(
        FaultCode.INCONSISTENT, WRAPPERS, "wrappers that can be put around the environment", shown(wrappers),
        words
    )


def gymnasium_warnings(world: Any) -> list[Fault]:
    """Warn of parameters without effect, and of normalisation that makes evaluation slow."""
    return [*_aggregate_warnings(world.parameters), *_normalize_warnings(world.parameters)]


def _aggregate_warnings(parameters: GymnasiumParameters) -> list[Fault]:
    if parameters.aggregate is None or parameters.episodes > 1:
        return []
    expected = "null, as there is only one episode for each agent"
    return [
        fault(
            FaultCode.INCONSISTENT, ("environment", "aggregate"), expected, shown(str(parameters.aggregate))
        )
    ]


def _normalize_warnings(parameters: GymnasiumParameters) -> list[Fault]:
    plain = parameters.model_copy(update={"normalize_observations": False})
    if not parameters.normalize_observations or compiled_version(plain) is None:
        return []
    expected = (
        "false, as this environment is compiled, and hundreds of times faster, where observations are not "
        "normalised"
    )
    return [fault(FaultCode.INCONSISTENT, ("environment", "normalize_observations"), expected, "true")]


def _unknown(name: str, expected: str, known: EnvironmentLookup) -> Fault:
    return fault(FaultCode.UNKNOWN_ENVIRONMENT, ID, expected, shown(name), hint_of(name, known))


def _unfit(name: str, sentence: str) -> Fault:
    return fault(FaultCode.INCONSISTENT, ID, "an environment that networks can act in", shown(name), sentence)


def _wrong_fault(one: KwargFault, given: Mapping[str, Any]) -> Fault:
    if one.is_unknown:
        return fault(
            FaultCode.UNKNOWN_FIELD, (*KWARGS, one.name), one.expected, f"the key {shown(one.name)}", one.hint
        )
    code = FaultCode.OUT_OF_RANGE if one.is_out_of_range else FaultCode.INVALID_TYPE
    code = FaultCode.INCONSISTENT if one.is_contradiction else code
    return fault(code, (*KWARGS, one.name), one.expected, shown(given[one.name]), one.hint)


def hint_of(name: str, known: EnvironmentLookup) -> str | None:
    """Return the id that was probably meant, how to make it available, or why some ids are not known."""
    module, _, plain = name.rpartition(":")
    package = package_of(plain)
    if package is not None and not any(re.fullmatch(package.ids, each) for each in known.entries()):
        words = package_words(package.package, package.module)
        return " ".join(filter(None, (_alone(module, plain), words, known.trouble)))
    meant = _meant(name, known)
    if meant is not None and meant != known.trouble:
        return meant
    if (needing := _needing(plain, known)) is not None:
        return f'Did you mean "{needing[0]}"? {extra_words(needing[1])}'
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]{0,59}", module) and PLAIN_ID.fullmatch(plain):
        words = f'Whoever runs the server names "{module}" in ENVIRONMENT_MODULES.'
        return " ".join(filter(None, (_alone(module, plain), words, known.trouble)))
    return meant


def _alone(module: str, plain: str) -> str:
    """Return the hint to write an id without its module."""
    return f'Give "{plain}" alone.' if module and PLAIN_ID.fullmatch(plain) else ""


def _needing(name: str, known: EnvironmentLookup) -> tuple[str, str] | None:
    """Return the newest version of an environment that is not installed here, and the package it needs."""
    base = name.rpartition("-v")[0].casefold()
    found = sorted(
        (each, str(entry["needs"])) for each, entry in known.entries().items()
        if "needs" in entry and each.rpartition("-v")[0].casefold() == base
    )
    return found[-1] if found else None


def _meant(name: str, known: EnvironmentLookup) -> str | None:
    """Return the id that was probably meant, or why some ids are not known."""
    ids = {each.casefold(): each for each, entry in known.entries().items() if "needs" not in entry}
    plain = name.rpartition(":")[2].casefold()[:100]
    plain = plain if plain in ids else plain.rpartition("/")[2]
    found = difflib.get_close_matches(plain, ids, n=1, cutoff=0.7)
    return f'Did you mean "{ids[found[0]]}"?' if found else known.trouble
