"""What a check of a part of a work item finds, and what it may read of the other parts.

Problems, genome kinds, judges and strategies bring their own checks: functions of their parameters that
return concerns. `formatting.concerns` maps concerns to faults in the keys of the document.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from processing.core.limits import Limits
from processing.core.parameters import Parameters
from processing.core.value_text import shown

Path = tuple[str | int, ...]


class ConcernKind(StrEnum):
    """Kinds of concerns; each has the name of the fault that it becomes."""

    INCONSISTENT = "INCONSISTENT"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    NOT_IN_CHOICES = "NOT_IN_CHOICES"
    UNKNOWN_FIELD = "UNKNOWN_FIELD"
    INVALID_TYPE = "INVALID_TYPE"
    UNKNOWN_ENVIRONMENT = "UNKNOWN_ENVIRONMENT"
    UNKNOWN_DATASET = "UNKNOWN_DATASET"


class Part(StrEnum):
    """The parts of a work item, by the role that they play; a kind decides their keys in documents."""

    PROBLEM = "problem"
    GENOME = "genome"
    STRATEGY = "strategy"
    STOP = "stop"
    WHOLE = "whole"  # the document itself, for the keys of a judge's settings


class Concern(NamedTuple):
    """One thing that prevents a run, or (as a warning) that was probably not intended."""

    path: Path  # within `part`; empty for the part as a whole
    expected: str  # completes "expected …"
    given: str  # completes "got …", at most about a line
    hint: str | None = None
    kind: ConcernKind = ConcernKind.INCONSISTENT
    part: Part | None = None  # None: the part whose check found it


class StopRules(Protocol):
    """The stop rules that checks read, as in `search.stop.StopParameters`."""

    @property
    def max_generations(self) -> int: ...
    @property
    def fitness(self) -> float | None: ...
    @property
    def solved(self) -> bool: ...


class Asked(Protocol):
    """The whole work item, for checks across several of its parts.

    Where the document is malformed, reading a faulty part raises `sound.Unsound`, which ends the check.
    """

    @property
    def limits(self) -> Limits:
        """What this server allows."""
        ...

    @property
    def stop(self) -> StopRules: ...
    @property
    def problem(self) -> Parameters: ...
    @property
    def problem_type(self) -> str:
        """The problem's name in its table."""
        ...

    @property
    def genome(self) -> Parameters: ...
    @property
    def strategy(self) -> Parameters: ...
    @property
    def population_size(self) -> int: ...

    def settings(self, name: str) -> Parameters | None:
        """Return the settings of a judge under this key of the document; None where it has none."""
        ...


def beyond_best(name: str, aim: float | None, best: float | None) -> list[Concern]:
    """Warn of an aim above the best that is possible.

    Args:
        name: the parameter that holds the aim.
        aim, best: None where there is none, or none is known.
    """
    if aim is None or best is None or aim <= best + 1e-9 * abs(best):
        return []
    return [Concern((name,), f"at most {best:g}, the best possible fitness", shown(aim))]


#: Parameters that are used only under a condition, with the condition as text, by their names.
UsedWhen = Mapping[str, tuple[Callable[[Any], bool], str]]


class CheckedParameters(Parameters):
    """Parameters that bring warnings about their own values.

    Models that inherit several such groups have the warnings of all of them: each adds those of `super()`.
    """

    def warnings(self) -> list[Concern]:
        """Return what can be run, but was probably not intended."""
        return []


def is_used(parameters: Parameters, name: str, used_when: UsedWhen) -> bool:
    """Whether a parameter has an effect."""
    return name not in used_when or used_when[name][0](parameters)


def unused(parameters: Parameters, used_when: UsedWhen) -> list[Concern]:
    """Warn of parameters without effect whose values are not their defaults."""
    fields = type(parameters).model_fields
    return [
        Concern((name,), f"no value, as it counts only with {words}", shown(getattr(parameters, name)))
        for name, (condition, words) in used_when.items()
        if getattr(parameters, name) != fields[name].default and not condition(parameters)
    ]
