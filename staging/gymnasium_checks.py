"""Whether a Gymnasium environment is known here, takes its keyword arguments, and is one that networks can act in.

Nothing is imported or made for that: `known` says what was found out, in processes of its own.
"""

import difflib
import re
from collections.abc import Mapping
from typing import Any, Protocol

from formatting.faults import Fault, FaultCode, fault, shown
from formatting.work_item import WorkItem
from processing.core.environments.foreign import catalogue
from processing.core.environments.foreign.catalogue import PLAIN_ID, Entry, Facts
from processing.core.environments.foreign.environment import compiled_version
from processing.core.environments.foreign.kwargs import Wrong, completed_kwargs, wrong
from processing.core.environments.foreign.packages import extra_words, package_of, package_words
from processing.core.environments.foreign.parameters import GymnasiumParameters
from processing.core.environments.foreign.spaces import trouble
from processing.core.errors import Refused

ID, KWARGS = ("environment", "id"), ("environment", "kwargs")


class Known(Protocol):
    """The environments of this server; `lookup.Lookup` is one."""

    trouble: str | None  # why some could not be looked at

    def entries(self) -> Mapping[str, Entry]: ...
    def entry(self, name: str) -> Entry | None: ...
    def facts(self, name: str, kwargs: Mapping[str, Any]) -> Facts: ...


class Snapshot:
    """Gymnasium's own environments, as they were looked at once: no process is started for them, and nothing remembered."""

    trouble: str | None = None

    def entries(self) -> Mapping[str, Entry]:
        """All of them, by id."""
        return catalogue.entries()

    def entry(self, name: str) -> Entry | None:
        """One of them; None where there is no such."""
        return catalogue.entries().get(name)

    def facts(self, name: str, kwargs: Mapping[str, Any]) -> Facts:
        """What it is with these keyword arguments. Raises Refused where nobody has looked."""
        return catalogue.snapshot(name, kwargs)


def looked_up(environment: Any, known: Known) -> tuple[Facts | None, list[Fault]]:
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
    if entry["trouble"] is not None and not environment.kwargs:
        return None, [_unfit(environment.id, entry["trouble"])]
    undeclared = tuple(entry.get("undeclared", ()))
    found = wrong(entry["kwargs"], environment.kwargs, undeclared=undeclared)
    faults = [_wrong_fault(each, environment.kwargs) for each in found]
    return (None, faults) if faults else _facts(environment, known)


def completed(work_item: WorkItem, known: Known) -> WorkItem:
    """The work item with every keyword argument of its environment, where that was looked up and takes any."""
    environment = getattr(work_item, "environment", None)
    if not isinstance(environment, GymnasiumParameters) or (entry := known.entry(environment.id)) is None:
        return work_item
    kwargs = completed_kwargs(entry["kwargs"], environment.kwargs)
    return work_item.model_copy(update={"environment": environment.model_copy(update={"kwargs": kwargs})})


def _facts(environment: GymnasiumParameters, known: Known) -> tuple[Facts | None, list[Fault]]:
    try:
        facts = known.facts(environment.id, environment.kwargs)
    except Refused as refused:
        return None, [fault(FaultCode.INCONSISTENT, KWARGS, "keyword arguments that the environment can be made with",
                            shown(environment.kwargs), str(refused))]
    if (sentence := trouble(facts["observation"], facts["action"])) is not None:
        return None, [_unfit(environment.id, sentence)]
    return facts, []


def gymnasium_warnings(world: Any) -> list[Fault]:
    """What probably was not meant."""
    parameters = world.parameters
    if not parameters.normalize_observations or compiled_version(parameters.model_copy(
        update={"normalize_observations": False}
    )) is None:
        return []
    expected = "false, as this environment is compiled, and hundreds of times faster, where observations are not normalised"
    return [fault(FaultCode.INCONSISTENT, ("environment", "normalize_observations"), expected, "true")]


def _unknown(name: str, expected: str, known: Known) -> Fault:
    return fault(FaultCode.UNKNOWN_ENVIRONMENT, ID, expected, shown(name), hint_of(name, known))


def _unfit(name: str, sentence: str) -> Fault:
    return fault(FaultCode.INCONSISTENT, ID, "an environment that networks can act in", shown(name), sentence)


def _wrong_fault(one: Wrong, given: Mapping[str, Any]) -> Fault:
    if one.is_unknown:
        return fault(FaultCode.UNKNOWN_FIELD, (*KWARGS, one.name), one.expected, f"the key {shown(one.name)}", one.hint)
    code = FaultCode.OUT_OF_RANGE if one.is_out_of_range else FaultCode.INVALID_TYPE
    return fault(code, (*KWARGS, one.name), one.expected, shown(given[one.name]), one.hint)


def hint_of(name: str, known: Known) -> str | None:
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


def _needing(name: str, known: Known) -> tuple[str, str] | None:
    """The newest version of an environment that is not installed here, and what it needs."""
    base = name.rpartition("-v")[0].casefold()
    found = sorted(
        (each, str(entry["needs"])) for each, entry in known.entries().items()
        if "needs" in entry and each.rpartition("-v")[0].casefold() == base
    )
    return found[-1] if found else None


def _meant(name: str, known: Known) -> str | None:
    """The id that was probably meant, or why some are not known."""
    ids = {each.casefold(): each for each, entry in known.entries().items() if "needs" not in entry}
    plain = name.rpartition(":")[2].casefold()[:100]
    plain = plain if plain in ids else plain.rpartition("/")[2]
    found = difflib.get_close_matches(plain, ids, n=1, cutoff=0.7)
    return f'Did you mean "{ids[found[0]]}"?' if found else known.trouble
