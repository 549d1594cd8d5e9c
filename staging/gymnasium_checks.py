"""Whether a Gymnasium environment is known here, takes its keyword arguments, and is one that networks can act in.

Nothing is imported or made for that: `known` says what was found out, in processes of its own.
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
#: Parts of observations that are named in a sentence.
MOST_NAMED = 8


class EnvironmentLookup(Protocol):
    """The environments of this server; `lookup.Lookup` is one."""

    trouble: str | None  # why some could not be looked at

    def entries(self) -> Mapping[str, Entry]: ...
    def entry(self, name: str) -> Entry | None: ...
    def facts(self, name: str, kwargs: Mapping[str, Any], wrappers: Sequence[Mapping[str, Any]] = ()) -> Facts: ...


class Snapshot:
    """Gymnasium's own environments, as they were looked at once: no process is started for them, and nothing remembered."""

    trouble: str | None = None

    def entries(self) -> Mapping[str, Entry]:
        """All of them, by id."""
        return catalogue.entries()

    def entry(self, name: str) -> Entry | None:
        """One of them; None where there is no such."""
        return catalogue.entries().get(name)

    def facts(self, name: str, kwargs: Mapping[str, Any], wrappers: Sequence[Mapping[str, Any]] = ()) -> Facts:
        """What it is with these keyword arguments, in these wrappers. Raises Refused where nobody has looked."""
        return catalogue.snapshot(name, kwargs, wrappers)


def looked_up(environment: Any, known: EnvironmentLookup) -> tuple[Facts | None, list[Fault]]:
    """What an environment is, and everything that stands against it; None and nothing for what is no Gymnasium's."""
    if not isinstance(environment, GymnasiumParameters):
        return None, []
    if PLAIN_ID.fullmatch(environment.id) is None:
        expected = 'the plain id of a registered environment, as "Acrobot-v1" or "space/Rocket-v0", without a module'
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
    """The work item with every keyword argument of its environment, where that was looked up and takes any; with the parts of
    its observations that networks get, where these are not all; and with null for what means nothing else."""
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
    """The names of the parts that networks get, in the space's own order; None where they get all."""
    if environment.observe is None:
        return usable_parts(space)
    names = tuple(part_troubles(space))
    chosen = tuple(name for name in names if name in environment.observe)
    return None if chosen == names else chosen


def observe_warnings(environment: Any, facts: Facts | None) -> list[Fault]:
    """Parts of observations that no network gets, though nobody has said so."""
    if facts is None or environment.observe is not None or (usable := usable_parts(facts["observation"])) is None:
        return []
    left_out = {name: why for name, why in part_troubles(facts["observation"]).items() if why is not None}
    expected = f"the parts that networks can take, {_named(usable)}"
    given = f"null, so that networks do not get {_named(left_out)}"
    reasons = " ".join(f"{name}: {why}" for name, why in list(left_out.items())[:MOST_NAMED])
    return [fault(FaultCode.INCONSISTENT, OBSERVE, expected, given, reasons)]


def _named(names: Iterable[str]) -> str:
    """The first few of these names, and how many more there are."""
    words = [shown(name) for name in names]
    more = [f"{len(words) - MOST_NAMED} more"] if len(words) > MOST_NAMED else []
    return listed([*words[:MOST_NAMED], *more], "and")


def _observe_faults(environment: GymnasiumParameters, space: Space) -> list[Fault]:
    """What is wrong with the parts that networks are to get."""
    if environment.observe is None:
        return []
    troubles = part_troubles(space)
    if not troubles:
        expected = f"null, as the observations of {environment.id} have no parts with names"
        return [fault(FaultCode.INCONSISTENT, OBSERVE, expected, shown(list(environment.observe)))]
    found = []
    for place, name in enumerate(environment.observe):
        if name not in troubles:
            meant = difflib.get_close_matches(name.casefold()[:60], troubles, n=1)
            expected = f"the name of a part of its observations: {_named(troubles)}"
            hint = f'Did you mean "{meant[0]}"?' if meant else None
            found.append(fault(FaultCode.NOT_IN_CHOICES, (*OBSERVE, place), expected, shown(name), hint))
        elif (why := troubles[name]) is not None:
            expected = "the name of a part that networks can take"
            found.append(fault(FaultCode.INCONSISTENT, (*OBSERVE, place), expected, shown(name), why))
    return found


def _wrapper_faults(environment: GymnasiumParameters) -> list[Fault]:
    """What wrappers around wrappers make too much of, told before anything is made of that size."""
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
    """An environment that cannot be made with these keyword arguments, or in these wrappers."""
    if not wrappers or (environment.kwargs and "wrappers[" not in words):
        expected = "keyword arguments that the environment can be made with"
        return fault(FaultCode.INCONSISTENT, KWARGS, expected, shown(environment.kwargs), words)
    return fault(FaultCode.INCONSISTENT, WRAPPERS, "wrappers that can be put around the environment", shown(wrappers), words)


def gymnasium_warnings(world: Any) -> list[Fault]:
    """What probably was not meant."""
    return [*_aggregate_warnings(world.parameters), *_normalize_warnings(world.parameters)]


def _aggregate_warnings(parameters: GymnasiumParameters) -> list[Fault]:
    if parameters.aggregate is None or parameters.episodes > 1:
        return []
    expected = "null, as there is only one episode for each agent"
    return [fault(FaultCode.INCONSISTENT, ("environment", "aggregate"), expected, shown(str(parameters.aggregate)))]


def _normalize_warnings(parameters: GymnasiumParameters) -> list[Fault]:
    plain = parameters.model_copy(update={"normalize_observations": False})
    if not parameters.normalize_observations or compiled_version(plain) is None:
        return []
    expected = "false, as this environment is compiled, and hundreds of times faster, where observations are not normalised"
    return [fault(FaultCode.INCONSISTENT, ("environment", "normalize_observations"), expected, "true")]


def _unknown(name: str, expected: str, known: EnvironmentLookup) -> Fault:
    return fault(FaultCode.UNKNOWN_ENVIRONMENT, ID, expected, shown(name), hint_of(name, known))


def _unfit(name: str, sentence: str) -> Fault:
    return fault(FaultCode.INCONSISTENT, ID, "an environment that networks can act in", shown(name), sentence)


def _wrong_fault(one: KwargFault, given: Mapping[str, Any]) -> Fault:
    if one.is_unknown:
        return fault(FaultCode.UNKNOWN_FIELD, (*KWARGS, one.name), one.expected, f"the key {shown(one.name)}", one.hint)
    code = FaultCode.OUT_OF_RANGE if one.is_out_of_range else FaultCode.INVALID_TYPE
    code = FaultCode.INCONSISTENT if one.is_contradiction else code
    return fault(code, (*KWARGS, one.name), one.expected, shown(given[one.name]), one.hint)


def hint_of(name: str, known: EnvironmentLookup) -> str | None:
    """The id that was probably meant, or what it takes to have it here, or why some are not known."""
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
    """What to write in the place of an id with a module."""
    return f'Give "{plain}" alone.' if module and PLAIN_ID.fullmatch(plain) else ""


def _needing(name: str, known: EnvironmentLookup) -> tuple[str, str] | None:
    """The newest version of an environment that is not installed here, and what it needs."""
    base = name.rpartition("-v")[0].casefold()
    found = sorted(
        (each, str(entry["needs"])) for each, entry in known.entries().items()
        if "needs" in entry and each.rpartition("-v")[0].casefold() == base
    )
    return found[-1] if found else None


def _meant(name: str, known: EnvironmentLookup) -> str | None:
    """The id that was probably meant, or why some are not known."""
    ids = {each.casefold(): each for each, entry in known.entries().items() if "needs" not in entry}
    plain = name.rpartition(":")[2].casefold()[:100]
    plain = plain if plain in ids else plain.rpartition("/")[2]
    found = difflib.get_close_matches(plain, ids, n=1, cutoff=0.7)
    return f'Did you mean "{ids[found[0]]}"?' if found else known.trouble
