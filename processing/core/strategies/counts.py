"""Checks of how many agents a strategy chooses from a generation, which is at most the population size."""

from collections.abc import Mapping

from processing.core.concern import Concern, UsedWhen, is_used
from processing.core.parameters import StrategyParameters
from processing.core.sound import run_check
from processing.core.value_text import shown

_ALWAYS: UsedWhen = {}


def count_faults(
    parameters: StrategyParameters, *names: str, used_when: UsedWhen = _ALWAYS
) -> list[Concern]:
    """Return the counts above the population size, where they are used.

    Args:
        parameters: they may be partly faulty.
        names: the counts.
        used_when: the conditions under which counts are used.
    """
    return [each for name in names for each in run_check(_count_fault, parameters, name, used_when)]


def fitted_count(
    parameters: StrategyParameters, name: str, used_when: UsedWhen = _ALWAYS
) -> Mapping[str, int]:
    """Return half of the population for an omitted count that exceeds it and is used; else nothing."""
    if name in parameters.model_fields_set or not _exceeds(parameters, name, used_when):
        return {}
    return {name: parameters.population_size // 2}


def _count_fault(parameters: StrategyParameters, name: str, used_when: UsedWhen) -> list[Concern]:
    if not _exceeds(parameters, name, used_when):
        return []
    expected = f"at most population_size, {parameters.population_size}"
    return [Concern((name,), expected, shown(getattr(parameters, name)))]


def _exceeds(parameters: StrategyParameters, name: str, used_when: UsedWhen) -> bool:
    count: int = getattr(parameters, name)
    return count > parameters.population_size and is_used(parameters, name, used_when)
