"""The preset `paper` of NEAT: published values of a task, filled in for keys that the document leaves out.

A completed document contains every value, so filling it in again does not change it.
"""

import json
from typing import Any

from processing.core.concern import Asked, Concern
from processing.core.parameters import Parameters
from processing.core.problem import Values
from processing.core.value_text import listed, shown

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
#: Maximum number of keys that a message names; the others are counted.
MOST_NAMED = 6


def with_preset(
    strategy: Values, network: Values, environment: Values
) -> tuple[tuple[Values, Values, Values], list[Concern]]:
    """Return the three groups with the preset's values, or as they are and that the environment has none.

    Malformed values are left to the models.
    """
    given = strategy, network, environment
    if strategy.get("preset") != "paper":
        return given, []
    published = published_for(environment)
    if published is None:
        return given, [Concern(
            ("preset",), '"default": "paper" is for XOR, as a table, and for double_pole',
            f'"paper" with the environment {shown(environment["type"])}',
        )]
    of_strategy, of_network, scoring = published
    unscored = {key: value for key, value in scoring.items() if environment.get(key) is None}
    return ({**of_strategy, **strategy}, {**of_network, **network}, {**environment, **unscored}), []


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


def preset_warnings(asked: Asked) -> list[Concern]:
    """Warn where a work item with the preset `paper` has values other than the published ones."""
    environment = asked.problem.model_dump(mode="json")
    published = published_for(environment)
    if published is None:
        return []
    of_strategy, of_network, scoring = published
    other = [
        *_other_values("strategy", asked.strategy, of_strategy),
        *_other_values("network", asked.genome, of_network),
        *(f"environment.{key} {json.dumps(value)}" for key, value in scoring.items()
          if environment[key] != value),
    ]
    if not other:
        return []
    named = other if len(other) <= MOST_NAMED else [*other[:MOST_NAMED], f"{len(other) - MOST_NAMED} others"]
    expected = f'"default", as the published values are others: {listed(named, "and")}'
    return [Concern(("preset",), expected, shown("paper"))]


def _is_xor(inputs: Any, targets: Any) -> bool:
    """Whether these rows are the four rows of XOR, in any order."""
    try:
        rows = {tuple(row): target for row, (target,) in zip(inputs, targets, strict=True)}
    except (TypeError, ValueError):
        return False
    return len(inputs) == len(_XOR) and rows == _XOR


def _other_values(group: str, given: Parameters, published: Values) -> list[str]:
    """Return each key whose value differs from the published one, with the published value."""
    own = given.model_dump(mode="json")
    fixed = {"type": own["type"]} if "type" in own else {}
    wanted = type(given).model_validate_json(json.dumps({**fixed, **published})).model_dump(mode="json")
    return [
        f"{group}.{name} {json.dumps(value)}"
        for name, value in wanted.items() if name != "preset" and value != own[name]
    ]
