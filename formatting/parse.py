"""Parse a document into a work item, or report all of its faults at once."""

import copy
import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from formatting.concerns import faults_from
from formatting.document import plain_values
from formatting.explanation import (
    MISSING,
    explain,
    likely_kinds,
    meant_kind,
    misspelt,
    nearest,
    value_at,
)
from formatting.faults import MAX_FAULTS, MEANT, Fault, FaultCode, Malformed, Path, fault, relocated, shown
from formatting.sound import sound_parts
from formatting.work_item import ADAPTER, WorkItem
from processing.core.concern import Part
from processing.core.kinds import KINDS, STRATEGIES
from processing.core.strategies.strategy import DocumentParts

MAX_DOCUMENT_BYTES = 2_000_000


def parse(raw: bytes | str | Mapping[str, Any], *, max_bytes: int = MAX_DOCUMENT_BYTES) -> WorkItem:
    """Parse a work item of any kind.

    Args:
        raw: JSON as bytes (UTF-8) or text, or parsed values.
        max_bytes: size in bytes above which a document is refused unread.
    Returns:
        The work item, with every default filled in.
    Raises:
        Malformed: with all faults of the document, each with its path in the document's own keys.
    """
    document, faults = plain_values(raw, max_bytes=max_bytes)
    if not isinstance(document, dict):
        raise Malformed(faults or [fault(FaultCode.INVALID_TYPE, (), "an object", shown(document))])
    schema_key = document.pop("$schema", "")
    if not isinstance(schema_key, str | None):
        faults.append(fault(FaultCode.INVALID_TYPE, ("$schema",), "a text", shown(schema_key)))
    _default_strategy(document)
    document, without_preset = _with_preset(document)
    faults += without_preset
    work_item, errors = _validated(document)
    if work_item is not None and not faults:
        return work_item
    reading = _Reading(document, known={each.path for each in faults})
    reading.explain(errors)
    refusal = Malformed([*faults, *reading.faults], total=len(faults) + len(reading.faults) + reading.omitted)
    refusal.sound, refusal.renamed = sound_parts(document, reading.faulty), reading.renamed
    raise refusal


def _default_strategy(document: dict[str, Any]) -> None:
    """Fill in the kind's default `type` of a strategy without one.

    Changes `document`, which must be a copy.
    """
    kind, strategy = document.get("kind"), document.get("strategy")
    if (
        isinstance(kind, str) and kind in KINDS and isinstance(strategy, dict)
        and misspelt("type", strategy) is None
    ):
        strategy.setdefault("type", KINDS[kind].strategies[0])


def _with_preset(document: dict[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """Return the document with the values of the preset that it asks for, or unchanged and why it has none.

    Malformed parts are left to the models.
    """
    name, strategy = document.get("kind"), document.get("strategy")
    if not isinstance(name, str) or name not in KINDS or not isinstance(strategy, dict):
        return document, []
    kind = KINDS[name]
    problem, genome = document.get(kind.problem_key), document.get(kind.genome_key, {})
    if not isinstance(problem, dict) or problem.get("type") not in tuple(kind.problems):
        return document, []
    given = strategy.get("type")
    strategy_class = STRATEGIES[given if given in kind.strategies else kind.strategies[0]]
    known = genome if isinstance(genome, dict) else {}
    filled, concerns = strategy_class.with_preset(DocumentParts(strategy, known, problem))
    document = document | {"strategy": {**filled.strategy}, kind.problem_key: {**filled.problem}}
    if genome is known and filled.genome:
        document[kind.genome_key] = {**filled.genome}
    return document, faults_from(concerns, kind, Part.STRATEGY)


def _validated(document: dict[str, Any]) -> tuple[WorkItem | None, list[ErrorDetails]]:
    """Return the work item, or the models' errors.

    The values are validated as JSON, so that lists become tuples and no type is coerced. The error
    `too_short` is left out for a list with a faulty entry, as pydantic does not count faulty entries.
    """
    try:
        return ADAPTER.validate_json(json.dumps(document)), []
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
    faulty_lists = {each["loc"][:length] for each in errors for length in range(len(each["loc"]))}
    return None, [each for each in errors if each["type"] != "too_short" or each["loc"] not in faulty_lists]


class _Reading:
    """Finds every fault of a document that does not follow from a known one.

    A misspelt key or discriminator is replaced by what was probably meant, so that the faults behind it are
    found. This changes `document`, which must be a copy.
    """

    def __init__(self, document: dict[str, Any], *, known: set[Path]) -> None:
        self.document = document
        self.faults: list[Fault] = []  # with paths in the keys that were given
        self.omitted = 0  # number of further faults that are not explained
        self.faulty = set(known)  # paths of all faults in the changed document
        self.renamed: dict[Path, str] = {}  # see `Malformed`

    def explain(self, errors: list[ErrorDetails]) -> None:
        """Explain these errors, and those that show after misspelt keys are replaced."""
        while errors and not self.omitted:
            found = [explain(error, self.document) for error in errors[:MAX_FAULTS]]
            self.omitted += len(errors) - len(found)
            before, renamed = set(self.faulty), set(self.renamed)
            repaired = [self._repair(each, error) for each, error in zip(found, errors, strict=False)]
            for each in found:
                if each.path in self.renamed:  # given under a misspelt key, which is reported already
                    self.faulty |= {each.path} & renamed
                elif not _follows(each.path, before):
                    self.faults.append(relocated(each, self.renamed))
                    self.faulty.add(each.path)
            if not any(repaired):
                break
            _default_strategy(self.document)
            errors = _validated(self.document)[1]
        if ("kind",) in self.faulty and self.document.get("kind") not in tuple(KINDS):
            self._explain_common()

    def _explain_common(self) -> None:
        """Add the faults that the document has whatever kind was meant."""
        readings = []
        for kind in likely_kinds(self.document):
            reading = _Reading(copy.deepcopy(self.document) | {"kind": kind}, known=self.faulty - {("kind",)})
            _default_strategy(reading.document)
            reading.explain(_validated(reading.document)[1])
            readings.append(reading)
            if reading.omitted:  # too many to compare
                self.faults += reading.faults
                self.omitted += reading.omitted
                return
        first, *others = readings
        self.faults += [each for each in first.faults if all(each in other.faults for other in others)]
        self.faulty.update(*(reading.faulty for reading in readings))
        shared = {
            path: key for path, key in first.renamed.items() if all(path in other.renamed for other in others)
        }
        for path, key in shared.items():
            _rename(self.document, path[:-1], key, str(path[-1]))
        self.renamed |= shared

    def _repair(self, one: Fault, error: ErrorDetails) -> bool:
        """Replace an unknown key or discriminator by what was probably meant.

        Returns:
            Whether anything was replaced.
        """
        path, given = one.path, value_at(self.document, one.path)
        if (
            one.code != FaultCode.UNKNOWN_FIELD
            and error["type"] in ("union_tag_invalid", "union_tag_not_found")
        ):
            tags = re.findall("'(.*?)'", error.get("ctx", {}).get("expected_tags", ""))
            meant = (
                meant_kind(self.document) if path == ("kind",) else nearest(given, tags)
                if isinstance(given, str) else None
            )
            is_other = meant is not None and meant != given
            if is_other:
                value_at(self.document, path[:-1])[path[-1]] = meant
            return is_other
        if one.code != FaultCode.UNKNOWN_FIELD or one.hint is None:
            return False
        meant = one.hint.removeprefix(MEANT).strip('"?')
        if value_at(self.document, (*path[:-1], meant)) is not MISSING:
            return False
        self.renamed[*path[:-1], meant] = str(path[-1])
        return _rename(self.document, path[:-1], str(path[-1]), meant)


def _rename(document: dict[str, Any], group: Path, key: str, meant: str) -> bool:
    """Move the value of a key to the key that was probably meant; False where there is no such value."""
    values = value_at(document, group)
    if key not in values:
        return False
    values[meant] = values.pop(key)
    return True


def _follows(path: Path, known: set[Path]) -> bool:
    return any(path[:length] in known for length in range(1, len(path) + 1))
