"""The preset `paper` of NEAT: published values of a task, filled in for keys that the document leaves out.

A completed document contains every value, so parsing it again does not change it.
"""

from typing import Any

from formatting.faults import Fault, FaultCode, fault, shown
from processing.core.environments import ENVIRONMENTS

Values = dict[str, Any]

#: Values of strategy and network that differ from the defaults, which are those of XOR.
_WITH_VELOCITIES: tuple[Values, Values] = {}, {"bias": 0.5, "activations_per_step": 1}
_WITHOUT_VELOCITIES: tuple[Values, Values] = {
    "population_size": 1000, "compatibility_threshold": 4.0, "weight_coefficient": 3.0,
    "survival_fraction": 0.4, "add_node_probability": 0.01, "add_connection_probability": 0.3,
    "recurrent_connection_probability": 0.2, "mutate_weights_probability": 0.8, "weight_mutation_power": 1.8,
    "toggle_enable_probability": 0.1, "re_enable_probability": 0.05, "purge_generations": 30,
}, {"bias": 0.5, "recurrent": True, "activations_per_step": 1}
#: Published fitness and criterion of XOR, whose strategy and network are the defaults.
_XOR_SCORING: Values = {"fitness": "squared_remainder", "criterion": "sides", "scaling": "none"}
_XOR = {(0, 0): 0, (0, 1): 1, (1, 0): 1, (1, 1): 0}


def fill_preset(document: Values) -> list[Fault]:
    """Fill in the preset's values for the environment, or return a fault where the environment has none.

    Changes `document`, which must be a copy. Ill-formed values are left to the models.
    """
    strategy, environment = document.get("strategy"), document.get("environment")
    if document.get("kind") != "neat" or not isinstance(strategy, dict) or strategy.get("preset") != "paper":
        return []
    if not isinstance(environment, dict) or environment.get("type") not in tuple(ENVIRONMENTS):
        return []
    published = published_for(environment)
    if published is None:
        return [fault(
            FaultCode.INCONSISTENT, ("strategy", "preset"),
            '"default": "paper" is for XOR, as a table, and for double_pole',
            f'"paper" with the environment {shown(environment["type"])}',
        )]
    *values_of_groups, scoring = published
    for group, values in zip((strategy, document.setdefault("network", {})), values_of_groups, strict=True):
        for key, value in values.items() if isinstance(group, dict) else ():
            group.setdefault(key, value)
    environment |= {key: value for key, value in scoring.items() if environment.get(key) is None}
    return []


def published_for(environment: Values) -> tuple[Values, Values, Values] | None:
    """Return the published values for this environment that differ from the defaults.

    Returns:
        Values of the strategy, of the network, and of the environment; None where there are none.
    """
    if environment["type"] == "double_pole":
        return (*(_WITHOUT_VELOCITIES if environment.get("velocities") is False else _WITH_VELOCITIES), {})
    if environment["type"] == "table" and _is_xor(environment.get("inputs"), environment.get("targets")):
        return {}, {}, _XOR_SCORING
    return None


def _is_xor(inputs: Any, targets: Any) -> bool:
    """Whether these rows are the four rows of XOR, in any order."""
    try:
        rows = {tuple(row): target for row, (target,) in zip(inputs, targets, strict=True)}
    except (TypeError, ValueError):
        return False
    return len(inputs) == len(_XOR) and rows == _XOR
