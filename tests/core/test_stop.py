import re
from itertools import product
from typing import Any

import pytest

from processing.core.criterion import Confirmation, GoalConfirmation
from processing.core.kinds import KINDS
from processing.core.search.stop import (
    StopParameters,
    confirmation_words,
    confirmed,
    ended,
    explained,
    met_rule,
)
from processing.core.strategies import STRATEGIES
from processing.core.strategies.strategy import Strategy
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


@pytest.mark.parametrize(("rule", "has_fitness", "expected", "facts"), [
    (None, False, None, {}), (None, True, None, {}),
    (StopReason.GENERATION_LIMIT, True, StopReason.GENERATION_LIMIT, {}),
    *(
        (rule, False, StopReason.EXTINCTION, {"ended_by": rule.value})
        for rule in (StopReason.GENERATION_LIMIT, StopReason.STAGNATION, StopReason.TIME_LIMIT)
    ),
    (StopReason.EXTINCTION, False, StopReason.EXTINCTION, {}),
])
def test_without_an_agent_that_has_a_fitness_a_run_has_died_out_whatever_rule_ended_it(
    rule: StopReason | None, has_fitness: bool, expected: StopReason | None, facts: dict[str, Any]
) -> None:
    assert ended(rule, {"seconds": 1.0}, has_died_out=not has_fitness) == (expected, {"seconds": 1.0} | facts)


REASONS = [reason for reason in StopReason if reason not in (StopReason.CANCELLED, StopReason.ERROR)]


def told(
    reason: StopReason, facts: dict[str, Any], *, strategy: str = "genetic", **stop: Any
) -> dict[str, Any]:
    rules = RULES.model_copy(update=stop)
    return explained(reason, facts, best_possible=8.7, stop=rules, strategy=built(strategy))


def built(name: str) -> Strategy:
    """The strategy with its defaults, for the genome kind of the first kind of work that has it."""
    kind = next(kind for kind in KINDS.values() if name in kind.strategies)
    parameters = kind.strategy_model(name).model_validate({"type": name})
    genome = kind.genome_kind.of(kind.genome_kind.Parameters(), input_shape=(3,), output_shape=(2,))
    return STRATEGIES[name].of(parameters, genome)


@pytest.mark.parametrize(("reason", "strategy"), [
    (reason, strategy) for reason, strategy in product(REASONS, sorted(STRATEGIES))
    if reason != StopReason.THRESHOLD_MISSED or strategy == "rising_threshold"
])
def test_every_end_is_explained_by_its_rule_what_led_to_it_and_what_to_change(
    reason: StopReason, strategy: str
) -> None:
    found = told(reason, {"best_fitness": 2.0, "viable_agents": 3}, strategy=strategy)
    assert found["rule"] == reason.value
    assert found["led_to"] == {"best_fitness": 2.0, "viable_agents": 3, "best_possible": 8.7}
    assert found["message"].endswith(".")
    groups: dict[str, Any] = {"strategy": type(built(strategy).parameters), "stop": StopParameters}
    keys = re.findall(r"`(\w+)\.(\w+)`", found["advice"])
    assert keys
    assert all(name in groups[group].model_fields for group, name in keys)


MUTATION = "Raise `strategy.mutation_scale` or `strategy.mutation_probability`, or enlarge the population."


@pytest.mark.parametrize(("reason", "strategy", "advice"), [
    (StopReason.STAGNATION, "genetic", MUTATION), (StopReason.STAGNATION, "rising_threshold", MUTATION),
    (
        StopReason.STAGNATION, "neat", "Raise `strategy.weight_mutation_power` or "
        "`strategy.add_node_probability`, or enlarge the population."
    ),
    (StopReason.STAGNATION, "openai_es", "Raise `strategy.sigma`, or enlarge the population."),
    (StopReason.EXTINCTION, "cma_es", "Lower `strategy.sigma`; check the rewards."),
    (StopReason.EXTINCTION, "genetic", "Lower `strategy.mutation_scale`; check the rewards."),
    (StopReason.EXTINCTION, "neat", "Lower `strategy.weight_mutation_power`; check the rewards."),
    (
        StopReason.THRESHOLD_MISSED, "rising_threshold", "Lower `strategy.rise` or "
        "`strategy.required_agents`, raise `strategy.maximum_failures`, or enlarge the population; or set "
        '`strategy.rise_over` to "generation", which rises more slowly.'
    ),
])
def test_the_strategy_and_its_genomes_say_which_of_their_parameters_to_change(
    reason: StopReason, strategy: str, advice: str
) -> None:
    assert told(reason, {"best_fitness": 2.0}, strategy=strategy)["advice"] == advice


@pytest.mark.parametrize(("stop", "advice"), [
    ({}, "Raise `stop.fitness` to search on."),
    ({"solved": True, "fitness": None}, "Set `stop.solved` to false to search on."),
    ({"solved": True}, "Set `stop.solved` to false and raise `stop.fitness` to search on."),
])
def test_who_reached_the_goal_is_told_which_rule_to_change(stop: dict[str, Any], advice: str) -> None:
    assert told(StopReason.FITNESS_REACHED, {"best_fitness": 6.0}, **stop)["advice"] == advice


def test_a_champion_that_cannot_be_beaten_is_said_to_be_one() -> None:
    found = told(StopReason.THRESHOLD_MISSED, {"best_fitness": 8.7}, strategy="rising_threshold")
    assert found["advice"] == "Nothing better is possible in this environment."


def test_a_run_that_died_out_is_not_told_that_nothing_better_is_possible() -> None:
    assert "Nothing better" not in told(StopReason.EXTINCTION, {"best_fitness": 8.7})["advice"]


def tried(mean: float | None, *, fitness: float = 249.5, asked: float = 200.0) -> dict[str, Any]:
    return confirmed(
        Confirmation(agent=7, episodes=100, mean=mean, asked=asked), generation=12, fitness=fitness
    )


@pytest.mark.parametrize(("facts", "words"), [
    (
        tried(183.21),
        "Champion 12-7 reached 249.5 in its own episodes; over 100 fresh ones its mean was 183.2 of 200 asked"
    ),
    (
        tried(199.999), "Champion 12-7 reached 249.5 in its own episodes; over 100 fresh ones its mean was "
        "199.999 of 200 asked"
    ),
    (
        tried(200.0),
        "Champion 12-7 reached 249.5 in its own episodes; over 100 fresh ones its mean was 200 of 200 asked"
    ),
    (tried(None), "Champion 12-7 reached 249.5 in its own episodes; in some of 100 fresh ones it failed"),
])
def test_what_became_of_a_champion_on_fresh_episodes_is_told_so_that_the_difference_shows(
    facts: dict[str, Any], words: str
) -> None:
    assert confirmation_words(facts) == words


@pytest.mark.parametrize(("goals", "reached", "words"), [
    (
        1, 83, "Agent 12-7 reached 1 goal in each of its own episodes; of 100 fresh ones, it did in 83 where "
        "90 are asked"
    ),
    (
        3, 90, "Agent 12-7 reached 3 goals in each of its own episodes; of 100 fresh ones, it did in 90 "
        "where 90 are asked"
    ),
])
def test_in_how_many_fresh_episodes_an_agent_reached_its_goals_is_told_as_a_number_of_them(
    goals: int, reached: int, words: str
) -> None:
    confirmation = GoalConfirmation(agent=7, episodes=100, reached=reached, asked=90, goals=goals)
    facts = confirmed(confirmation, generation=12, fitness=5.0)
    assert confirmation_words(facts) == words
    assert facts["is_passed"] is (reached >= 90)
    found = told(
        StopReason.GENERATION_LIMIT, {"best_fitness": 5.0, "confirmation": facts}, fitness=None, solved=True
    )
    assert words in found["message"]
    assert found["led_to"]["confirmation_reached"] == reached
    assert ("The more episodes" in found["advice"]) is (reached < 90)


@pytest.mark.parametrize(("mean", "is_passed"), [(None, False), (199.999, False), (200.0, True)])
def test_a_mean_that_reaches_what_is_asked_is_enough(mean: float | None, is_passed: bool) -> None:
    assert tried(mean)["is_passed"] is is_passed


def test_the_best_possible_that_was_luck_is_not_called_the_best_possible() -> None:
    found = told(
        StopReason.GENERATION_LIMIT, {"best_fitness": 8.7, "confirmation": tried(5.0, fitness=8.7, asked=8.0)}
    )
    assert found["advice"].endswith("The more episodes an agent has, the less luck counts.")
    assert "Champion 12-7 reached 8.7" in found["message"]
