from typing import Any

import pytest

from processing.core.stop import StopParameters, explained, met_rule
from processing.core.types import StopReason

RULES = StopParameters(max_generations=10, fitness=6.0, stagnation_generations=4)


def rule(**changes: Any) -> StopReason | None:
    values = {"generation": 5, "stagnation": 0, "is_goal_reached": False, "strategy": None}
    return met_rule(RULES, **{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"is_goal_reached": True}, StopReason.FITNESS_REACHED),
        ({"generation": 8}, None),
        ({"generation": 9}, StopReason.GENERATION_LIMIT),
        ({"stagnation": 3}, None),
        ({"stagnation": 4}, StopReason.STAGNATION),
        ({"strategy": StopReason.THRESHOLD_MISSED}, StopReason.THRESHOLD_MISSED),
        ({"strategy": StopReason.EXTINCTION, "is_goal_reached": True}, StopReason.FITNESS_REACHED),
        ({"strategy": StopReason.THRESHOLD_MISSED, "generation": 9}, StopReason.THRESHOLD_MISSED),
        ({"generation": 9, "stagnation": 4}, StopReason.GENERATION_LIMIT),
    ],
)
def test_the_goal_comes_first_then_the_strategy_then_the_limits(
    changes: dict[str, Any], expected: StopReason | None
) -> None:
    assert rule(**changes) == expected


def test_rules_that_were_not_asked_for_never_end_a_run() -> None:
    only_limit = StopParameters(max_generations=10)
    assert met_rule(only_limit, generation=8, stagnation=8, is_goal_reached=False, strategy=None) is None


@pytest.mark.parametrize("reason", [r for r in StopReason if r not in (StopReason.CANCELLED, StopReason.ERROR)])
def test_every_end_is_explained_by_its_rule_what_led_to_it_and_what_to_change(reason: StopReason) -> None:
    told = explained(reason, {"best_fitness": 2.0, "viable_agents": 3}, best_possible=8.7)
    assert told["rule"] == reason.value
    assert told["led_to"] == {"best_fitness": 2.0, "viable_agents": 3, "best_possible": 8.7}
    assert told["message"].endswith(".")
    assert "`" in told["advice"] or reason == StopReason.EXTINCTION


def test_a_champion_that_cannot_be_beaten_is_said_to_be_one() -> None:
    told = explained(StopReason.THRESHOLD_MISSED, {"best_fitness": 8.7}, best_possible=8.7)
    assert told["advice"] == "Nothing better is possible in this environment."
