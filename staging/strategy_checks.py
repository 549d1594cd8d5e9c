"""Checks that the parameters of a strategy are consistent.

Each rule applies to all strategies with its fields.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from formatting.faults import Fault, FaultCode, fault, shown
from formatting.sound import run_check
from processing.core.environments import ENVIRONMENTS
from processing.core.parameters import Parameters
from processing.core.strategies.rising_threshold import RisingThresholdParameters

#: Numbers of agents chosen from a generation, which cannot exceed the population size.
AT_MOST_POPULATION = ("parents", "elites", "required_agents")

#: Fields that are used only under a condition, with the condition as text.
USED_WHEN: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "parents": (lambda it: it.selection == "truncation", 'selection "truncation"'),
    "tournament_size": (lambda it: it.selection == "tournament", 'selection "tournament"'),
    "crossover_probability": (lambda it: it.crossover != "none", "a crossover"),
    "mutation_scale": (lambda it: it.mutation_probability > 0, "a mutation_probability above 0"),
    "mutation": (lambda it: it.mutation_probability > 0, "a mutation_probability above 0"),
}


#: Maximum number of weights with a full covariance matrix; a generation of more takes minutes.
MOST_FULL_WEIGHTS = 1_000


def weights_faults(strategy: Parameters, weights: int) -> list[Fault]:
    """Return the fault of a strategy that cannot handle genomes with so many weights."""
    if getattr(strategy, "variant", None) != "full" or weights <= MOST_FULL_WEIGHTS:
        return []
    expected = (
        f'"separable" for a network of {weights} weights, as "full" takes at most {MOST_FULL_WEIGHTS:,}'
    )
    return [fault(FaultCode.INCONSISTENT, ("strategy", "variant"), expected, shown("full"))]


#: Maximum population with novelty, which compares all pairs of agents; more would take too long.
MOST_NOVEL_AGENTS = 50_000


def novelty_faults(novelty: Parameters | None, environment: str, population: int) -> list[Fault]:
    """Return faults of novelty search in an environment without behaviours, or with too many agents."""
    if novelty is None:
        return []
    if not getattr(ENVIRONMENTS[environment], "behaviours", 0):
        expected = f"null, as the environment {environment} does not tell where an agent ended"
        return [fault(FaultCode.INCONSISTENT, ("novelty",), expected, "an object")]
    if population > MOST_NOVEL_AGENTS:
        expected = f"at most {MOST_NOVEL_AGENTS} agents where novelty is looked for"
        return [fault(FaultCode.LIMIT_EXCEEDED, ("strategy", "population_size"), expected, shown(population))]
    return []


def mixture_warnings(novelty: Parameters | None, strategy: Parameters) -> list[Fault]:
    """Warn of novelty mixed with fitness under a rising threshold, as mixed scores never exceed 1."""
    weight = getattr(novelty, "weight", 1.0)
    if weight == 1.0 or not isinstance(strategy, RisingThresholdParameters):
        return []
    expected = (
        "1, or another strategy: mixed scores never exceed 1, and a threshold that rises is soon above all "
        "of them"
    )
    return [fault(FaultCode.INCONSISTENT, ("novelty", "weight"), expected, shown(weight))]


def strategy_faults(strategy: Parameters) -> list[Fault]:
    """Return faults of counts that exceed the population size."""
    return [each for name in AT_MOST_POPULATION for each in run_check(_count_faults, strategy, name)]


def _count_faults(strategy: Parameters, name: str) -> list[Fault]:
    if name not in exceeding(strategy, (name,)):
        return []
    expected = f"at most population_size, {strategy.population_size}"  # type: ignore[attr-defined]
    return [fault(FaultCode.INCONSISTENT, ("strategy", name), expected, shown(getattr(strategy, name)))]


def exceeding(strategy: Parameters, names: Sequence[str] = AT_MOST_POPULATION) -> list[str]:
    """Return which of these counts exceed the population size, where they are used."""
    population = getattr(strategy, "population_size", None)
    if population is None:
        return []
    return [
        name for name in names if getattr(strategy, name, 0) > population and _is_used(strategy, name)
    ]


def strategy_warnings(strategy: Parameters) -> list[Fault]:
    """Warn of given parameters without effect, and of searches that cannot make progress."""
    warnings = [
        fault(
            FaultCode.INCONSISTENT, ("strategy", name),
            f"no value, as it counts only with {USED_WHEN[name][1]}", shown(_plain(getattr(strategy, name))),
        )
        for name in USED_WHEN if not _is_default(strategy, name) and not _is_used(strategy, name)
    ]
    if getattr(strategy, "elites", -1) == getattr(strategy, "population_size", None):
        expected = "fewer than population_size, as a generation of elites only never changes"
        given = shown(getattr(strategy, "elites", None))
        warnings.append(fault(FaultCode.INCONSISTENT, ("strategy", "elites"), expected, given))
    if _never_mutates(strategy) and getattr(strategy, "crossover", None) == "none":
        expected = "more than 0 where there is no crossover, as nothing would ever change"
        warnings.append(fault(FaultCode.INCONSISTENT, ("strategy", "mutation_probability"), expected, "0"))
    return warnings


def _is_used(strategy: Parameters, name: str) -> bool:
    return name not in USED_WHEN or USED_WHEN[name][0](strategy)


def _is_default(strategy: Parameters, name: str) -> bool:
    """Whether the value equals its default; also True where the strategy has no such field."""
    field = type(strategy).model_fields.get(name)
    return field is None or bool(getattr(strategy, name) == field.default)


def _never_mutates(strategy: Parameters) -> bool:
    return bool(getattr(strategy, "mutation_probability", 1) == 0)


def _plain(value: Any) -> Any:
    return getattr(value, "value", value)
