import hashlib
import json
import struct
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from processing.core.judges.episodes import Episodes
from processing.core.search import checkpoint as checkpoints
from processing.core.search import generation as generations
from processing.core.search.generation import GenerationResult
from processing.core.search.plan import Plan
from processing.core.search.stop import StopParameters
from processing.core.types import Evaluations, Purpose, StopReason
from tests.core.beats import Beats, Fixed
from tests.core.searches import evaluated, evaluations_of, run, search


def closed(plan: Plan, fitness: list[float]) -> GenerationResult:
    """Generation 0, closed with this fitness."""
    start = generations.begin(plan)
    population = generations.open_generation(plan, start, seed=1)
    return generations.close_generation(plan, start, population, evaluations_of(np.array(fitness)), seed=1)


def four(**stop: Any) -> Plan:
    strategy = {"type": "rising_threshold", "population_size": 4, "required_agents": 1}
    return search(strategy=strategy, stop={"max_generations": 9} | stop)


def test_statistics_leave_out_the_agents_that_failed() -> None:
    found = closed(four(), [1.0, float("nan"), 5.0, 3.0]).statistics
    assert (found["size"], found["evaluated"], found["failed"]) == (4, 3, 1)
    values = [found[name] for name in ("worst", "lower_quartile", "median", "upper_quartile", "best", "mean")]
    assert values == [1.0, 2.0, 3.0, 4.0, 5.0, 3.0]
    assert found["standard_deviation"] == pytest.approx(np.std([1, 3, 5]))
    assert (found["threshold"], found["viable"]) == (3.0, 2)
    assert found["diversity"] > 0
    assert found["mean_complexity"] == 24 * 9 + 9 + 9 * 9 + 9


def test_statistics_and_explanations_are_json() -> None:
    for fitness in ([1.0, 2.0, 3.0, 4.0], [float("nan")] * 4):
        found = closed(four(max_generations=1), fitness)
        told = [found.statistics, found.explanation]
        assert json.loads(json.dumps(told, allow_nan=False)) == told


@pytest.mark.parametrize(("stop", "rule"), [
    ({"max_generations": 1}, "GENERATION_LIMIT"), ({"stagnation_generations": 1}, "STAGNATION"),
])
def test_a_run_whose_last_generation_has_no_agent_with_a_fitness_has_died_out(
    stop: dict[str, Any], rule: str
) -> None:
    found = closed(four(**stop), [float("nan")] * 4)
    assert found.stop == StopReason.EXTINCTION
    assert found.explanation is not None
    assert (found.explanation["rule"], found.explanation["led_to"]["ended_by"]) == ("EXTINCTION", rule)
    assert closed(four(**stop), [float("nan"), 1.0, 1.0, 1.0]).stop != StopReason.EXTINCTION


def test_a_revived_search_counts_failures_and_stagnation_anew_and_nothing_else() -> None:
    plan = four()
    found = closed(plan, [float("nan")] * 4).checkpoint
    assert (found.state["failures"], found.stagnation) == (1, 1)
    after = generations.revived(plan, found)
    assert after == replace(found, state={**found.state, "failures": 0}, stagnation=0)


def test_the_champion_is_the_first_of_the_best() -> None:
    found = closed(four(), [1.0, 5.0, 5.0, float("nan")])
    assert (found.champion, found.is_improved, found.checkpoint.best_fitness) == (1, True, 5.0)


def test_the_digest_chains_genomes_and_evaluations() -> None:
    plan = four()
    found = closed(plan, [1.0, 5.0, float("nan"), 2.0])
    after = generations.chained(found.checkpoint.digest, b"genomes", found.evaluations)
    fitness, steps, failures = found.evaluations.fitness, found.evaluations.steps, found.evaluations.failures
    plain = struct.pack("<4d4i4B", *fitness, *steps, *failures)
    assert found.genomes == plan.genome.pack(found.population.genomes)
    assert found.checkpoint.digest == hashlib.sha256(found.genomes + plain).hexdigest()
    assert after == hashlib.sha256(found.checkpoint.digest.encode() + b"genomes" + plain).hexdigest()


@pytest.mark.parametrize("name", ["fitness", "steps", "failures"])
def test_every_part_of_an_evaluation_counts_in_the_digest(name: str) -> None:
    values = {"fitness": np.zeros(3), "steps": np.zeros(3, np.int32), "failures": np.zeros(3, np.uint8)}
    other = {**values, name: np.eye(3, dtype=values[name].dtype)[1]}
    assert generations.chained("", b"", Evaluations(**values)) != generations.chained(
        "", b"", Evaluations(**other)
    )


def test_a_run_ends_with_the_generation_whose_champion_reaches_the_fitness() -> None:
    assert closed(four(fitness=5.1), [1.0, 5.0, 2.0, 0.0]).stop is None
    found = closed(four(fitness=5.0), [1.0, 5.0, 2.0, 0.0])
    assert found.stop == StopReason.FITNESS_REACHED
    assert found.explanation["led_to"] == {
        "generation": 0, "best_fitness": 5.0, "champion_fitness": 5.0, "stagnation_generations": 0,
        "threshold": 2.0, "viable_agents": 2,
        "diversity": found.statistics["diversity"], "required_agents": 1, "failures": 0, "best_possible": 8.7,
        "maximum_failures": four().strategy.parameters.maximum_failures,
    }


def test_a_run_ends_at_the_limits() -> None:
    assert closed(four(max_generations=1), [1.0] * 4).stop == StopReason.GENERATION_LIMIT
    reasons = [
        one.stop for one in run(search(stop={"max_generations": 50, "stagnation_generations": 2}), seed=1)
    ]
    assert reasons[-1] == StopReason.STAGNATION
    assert set(reasons[:-1]) == {None}


def test_threshold_missed_says_how_it_came_to_that() -> None:
    strategy = {
        "type": "rising_threshold", "population_size": 30, "initial_threshold": 1e3, "maximum_failures": 2
    }
    *_, last = run(search(strategy=strategy), seed=1)
    assert (last.stop, last.number) == (StopReason.THRESHOLD_MISSED, 1)
    led_to = last.explanation["led_to"]
    assert (led_to["threshold"], led_to["viable_agents"], led_to["failures"]) == (1e3, 0, 2)
    assert "strategy.rise" in last.explanation["advice"]


def sampled(bar: float) -> Plan:
    return search(
        strategy={"type": "genetic", "population_size": 200}, output="softmax",
        stop={"max_generations": 40, "fitness": bar},
    )


def test_a_lucky_champion_is_not_declared_the_goal() -> None:
    plan = sampled(1.0)
    start = generations.begin(plan)
    population = generations.open_generation(plan, start, seed=1)
    evaluations = evaluated(plan, population, seed=1, generation=0)
    found = generations.close_generation(plan, start, population, evaluations, seed=1)
    assert np.nanmax(evaluations.fitness) >= 1.0
    assert confirmed(plan, found) < 1.0
    assert found.stop is None
    (told,) = found.confirmations
    assert told == {
        "generation": 0, "agent": found.champion, "fitness": evaluations.fitness[found.champion],
        "episodes": 100, "mean": pytest.approx(confirmed(plan, found)), "asked": 1.0, "is_passed": False,
    }
    assert found.checkpoint.unconfirmed == told


def test_later_champions_are_confirmed_even_below_the_best_so_far() -> None:
    plan = sampled(1.0)
    history = list(run(plan, seed=1))
    assert history[-1].stop == StopReason.FITNESS_REACHED
    assert confirmed(plan, history[-1]) >= 1.0
    for one in history[:-1]:
        assert confirmed(plan, one) < 1.0
    own = history[-1].evaluations.fitness[history[-1].champion]
    assert own < history[-1].checkpoint.best_fitness, "somebody had more luck before"
    assert (history[-1].is_improved, history[-1].champion_fitness) == (True, own)
    (told,) = history[-1].confirmations
    assert told["is_passed"]
    explanation = history[-1].explanation
    assert explanation is not None
    assert explanation["led_to"]["best_fitness"] == history[-1].checkpoint.best_fitness
    assert explanation["led_to"]["champion_fitness"] == own
    assert {name: explanation["led_to"][f"confirmation_{name}"] for name in told} == told
    assert f"over 100 fresh ones its mean was {told['mean']:.4g} of 1 asked" in explanation["message"]


def test_an_end_short_of_the_goal_says_which_champion_was_not_confirmed() -> None:
    plan = replace(sampled(1.0), stop=StopParameters(max_generations=2, fitness=1.0))
    history = list(run(plan, seed=1))
    last = history[-1]
    assert last.stop == StopReason.GENERATION_LIMIT
    tried = [each for one in history for each in one.confirmations]
    assert tried
    assert last.explanation is not None
    assert {name: last.explanation["led_to"][f"confirmation_{name}"] for name in tried[-1]} == tried[-1]
    assert f"Champion {tried[-1]['generation']}-{tried[-1]['agent']} reached" in last.explanation["message"]
    assert json.loads(json.dumps(last.explanation, allow_nan=False)) == last.explanation


def test_what_is_remembered_of_a_confirmation_survives_a_checkpoint() -> None:
    plan = sampled(1.0)
    first = next(run(plan, seed=1))
    stored = checkpoints.unpack(checkpoints.pack(first.checkpoint, plan.genome), plan.genome)
    assert stored.unconfirmed == first.checkpoint.unconfirmed is not None


def test_a_turn_that_is_over_cuts_neither_opening_nor_closing_nor_a_confirmation() -> None:
    plan = sampled(1.0)
    history = list(run(plan, seed=1))
    last = history[-1]
    assert last.confirmations
    assert isinstance(plan.judge, Episodes)
    plan.judge.engine.pace = Fixed(1)
    before, opening, closing = history[-2].checkpoint, Beats(), Beats()
    population = generations.open_generation(
        plan, before, seed=1, beat=lambda: not opening()
    )
    found = generations.close_generation(
        plan, before, population, last.evaluations, seed=1, beat=lambda: not closing()
    )
    assert found.checkpoint.digest == last.checkpoint.digest
    assert found.confirmations == last.confirmations
    assert opening.number >= 1
    assert closing.number >= 20  # after each step of the confirmation


def test_where_every_episode_is_the_same_nothing_is_confirmed() -> None:
    found = closed(four(fitness=5.0), [1.0, 5.0, 2.0, 0.0])
    assert (found.confirmations, found.checkpoint.unconfirmed) == ((), None)


def confirmed(plan: Plan, one: GenerationResult) -> float:
    """The champion's mean fitness in 100 fresh episodes."""
    copies = plan.genome.take(one.population.genomes, np.full(100, one.champion, np.int32))
    again = plan.judge.evaluate(copies, seed=1, generation=one.number, purpose=Purpose.CONFIRMATION)
    return float(again.fitness.mean())
