"""Checks of parameters that may be partly faulty, so that all faults of a document are reported together.

The well-formed part of a malformed group acts as the group. A check that reads a faulty value ends there and
finds nothing: a faulty value is reported once, and nothing that only follows from it. So a check reads no
more values than it needs; independent checks of several values are separate functions.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from processing.core.errors import Broken
from processing.core.parameters import Parameters

T = TypeVar("T")
Entries = list[tuple[int, Any]]
Lists = Mapping[str, Entries]


class Unsound(Broken):
    """A value was read that is missing or not well-formed; `run_check` handles this for checks."""


class Sound:
    """A group with some faulty parameters, which acts as an instance of its class.

    Reading a faulty parameter raises Unsound.
    """

    def __init__(
        self, parameters: Parameters, faulty: frozenset[str], groups: Mapping[str, "Sound"],
        lists: Lists = MappingProxyType({})
    ) -> None:
        """Args:
            parameters: the group, with arbitrary values in place of the faulty ones.
            faulty: names of parameters.
            groups: inner groups that are only partly faulty.
            lists: the sound entries of lists that are only partly faulty.
        """
        self._parameters, self._faulty, self._groups, self._lists = parameters, faulty, groups, lists

    @property  # type: ignore[misc]  # it acts as an instance of the class
    def __class__(self) -> type:
        return type(self._parameters)

    def __getattr__(self, name: str) -> Any:
        if name in self._groups:
            return self._groups[name]
        if name in self._faulty:
            raise Unsound(name)
        return getattr(self._parameters, name)

    def __iter__(self) -> Iterator[Any]:
        """Raise Unsound, as iteration would include the faulty parameters."""
        raise Unsound(*self._faulty)

    def model_copy(self, *, update: Mapping[str, Any]) -> "Sound":
        """Return a copy with other values for some parameters, as pydantic's method does."""
        groups = {name: value for name, value in update.items() if type(value) is Sound}
        values = {name: value for name, value in update.items() if name not in groups}
        return Sound(
            self._parameters.model_copy(update=values), self._faulty, {**self._groups, **groups}, self._lists
        )


def entries(group: Parameters, name: str) -> Entries:
    """Return the sound entries of a list parameter, as JSON values, each with its index.

    Raises:
        Unsound: the list itself is faulty.
    """
    found: Lists = group._lists if type(group) is Sound else {}  # type: ignore[comparison-overlap]
    return found[name] if name in found else list(enumerate(getattr(group, name)))


def run_check(check: Callable[..., list[T]], *arguments: Any) -> list[T]:
    """Return what a check finds; nothing where it reads a value that is not well-formed."""
    try:
        return check(*arguments)
    except Unsound:
        return []


def run_checks(checks: Iterable[Callable[..., list[T]]], *arguments: Any) -> list[T]:
    """Return what several checks of the same arguments find, each by itself."""
    return [each for check in checks for each in run_check(check, *arguments)]
