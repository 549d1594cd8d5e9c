"""Faults of a document, with messages that state where, what was expected, and what was given."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from processing.core.errors import Refused
from processing.core.value_text import cut, encodable
from processing.core.value_text import shown as shown

MAX_FAULTS = 100
MAX_SHOWN_PARTS = 8
#: Hints that begin with this text name the value or key that was probably meant.
MEANT = "Did you mean "

Path = tuple[str | int, ...]


class FaultCode(StrEnum):
    """Kinds of faults, with the names of the API's `UserErrorCode`."""

    REQUIRED = "REQUIRED"
    UNKNOWN_FIELD = "UNKNOWN_FIELD"
    INVALID_TYPE = "INVALID_TYPE"
    INVALID_FORMAT = "INVALID_FORMAT"
    NOT_IN_CHOICES = "NOT_IN_CHOICES"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    INCONSISTENT = "INCONSISTENT"
    UNKNOWN_ENVIRONMENT = "UNKNOWN_ENVIRONMENT"
    UNKNOWN_DATASET = "UNKNOWN_DATASET"
    NOT_FOUND = "NOT_FOUND"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    WRONG_STATE = "WRONG_STATE"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    CONFLICT = "CONFLICT"
    UNAVAILABLE = "UNAVAILABLE"


@dataclass(frozen=True)
class Fault:
    """One fault, or (as a warning) one thing that was probably not intended."""

    code: FaultCode
    path: Path  # in the document's own keys and indices; empty for the whole document
    message: str  # a sentence for people
    expected: str
    given: str  # always short
    hint: str | None = None

    @property
    def advice(self) -> str | None:
        """The hint, where the message does not contain it already."""
        return None if self.hint is None or self.hint in self.message else self.hint

    def __getstate__(self) -> dict[str, Any]:
        """Return plain values only, so that stored faults can be read back without running code."""
        return {**self.__dict__, "code": self.code.value}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, code=FaultCode(state["code"]))


class Faulty(Refused):
    """A document is refused; `faults` has all of its faults."""

    def __init__(self, faults: Iterable[Fault], *, total: int | None = None) -> None:
        """Keep the first MAX_FAULTS faults, and add one that states how many there are.

        Args:
            faults: at least one.
            total: number of faults found, where not all of them are in `faults`.
        """
        found = tuple(faults)
        self.total = total = len(found) if total is None else total
        if total > MAX_FAULTS:
            found = (*found[:MAX_FAULTS], fault(
                FaultCode.LIMIT_EXCEEDED, (), f"at most {MAX_FAULTS} faults in one report",
                f"{total}, of which {MAX_FAULTS} are shown",
            ))
        self.faults = found
        super().__init__("; ".join(each.message for each in found[:3]) + ("; …" if len(found) > 3 else ""))


class Malformed(Faulty):
    """The document is not a well-formed work item.

    Attributes:
        sound: its well-formed part, a `processing.core.sound.Sound`; None where there is none.
        renamed: the misspelt key that was given, by the path with the key that was probably meant.
    """

    sound: Any = None
    renamed: Mapping[Path, str] = MappingProxyType({})

    def joined(self, further: Iterable[Fault]) -> "Malformed":
        """Return a copy with further faults, found in the sound part, at paths with the given keys."""
        if self.total > MAX_FAULTS:
            return self
        return Malformed((*self.faults, *(relocated(each, self.renamed) for each in further)))


def relocated(one: Fault, renamed: Mapping[Path, str]) -> Fault:
    """Return the fault with the keys that were given in its path."""
    path = tuple(renamed.get(one.path[: place + 1], part) for place, part in enumerate(one.path))
    return one if path == one.path else fault(one.code, path, one.expected, one.given, one.hint)


def fault(code: FaultCode, path: Path, expected: str, given: str, hint: str | None = None) -> Fault:
    """Return a fault whose message states where, what was expected, and what was given.

    A hint about what was probably meant comes first, because what is expected may be a long list.
    """
    path = tuple(
        encodable(cut(part)).replace("\0", "\\x00") if isinstance(part, str) else part for part in path
    )
    first = f"{hint} Expected" if hint is not None and hint.startswith(MEANT) else "expected"
    return Fault(code, path, f"{shown_path(path)}: {first} {expected}, got {given}", expected, given, hint)


def shown_path(path: Path) -> str:
    """Return the path as text, e.g. `environment.rows[3]`; `document` for the empty path."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path[:MAX_SHOWN_PARTS])
    return (text.removeprefix(".") or "document") + ("…" if len(path) > MAX_SHOWN_PARTS else "")


def renamed(faults: Iterable[Fault], names: Mapping[str, str]) -> list[Fault]:
    """Return the faults with messages in which values have other names.

    Args:
        names: what a message calls a value, by its path as messages write it.
    """
    return [
        replace(fault, message=f"{names[key]}{fault.message.removeprefix(key)}")
        if (key := fault.message.partition(":")[0]) in names else fault
        for fault in faults
    ]
