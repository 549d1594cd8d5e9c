"""Under which other stop rules a search goes on, and from which checkpoint."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pytest

from processing.core.criterion import MeanReturn
from processing.core.environments.classic.cart_pole import CartPole
from processing.core.search.checkpoint import pack
from processing.core.search.extension import End, extended, newly_unconfirmed, refusals, with_stop
from processing.core.search.generation import GenerationResult
from processing.core.search.plan import Plan
from processing.core.strategies.genetic import Genetic
from processing.core.types import StopReason
from tests.core.searches import run, search

CARTS = {"type": "gymnasium", "id": "CartPole-v1", "episodes": 2}
SAMPLED = {"type": "maze", "rows": ["S..", ".#.", "..G"], "max_steps": 12, "episodes": 2}
RULES: dict[str, Any] = {
    "fitness": None, "solved": False, "stagnation_generations": None, "max_seconds": None
}


def plan_of(
    problem: dict[str, Any], strategy: str = "genetic", kind: str = "weight_evolution", **network: Any
) -> Plan:
    parents = {"parents": 4} if strategy == "genetic" else {}
    return search(
        problem=problem, kind=kind, strategy={"type": strategy, "population_size": 12, **parents}, **network
    )


class Search(NamedTuple):
    """A search that has ended."""

    plan: Plan
    results: list[GenerationResult]


def searched(plan: Plan, rules: dict[str, Any], *, seed: int) -> Search:
    """A search under these rules alone."""
    plan = with_stop(plan, RULES | rules)
    return Search(plan, list(run(plan, seed=seed)))


def end_of(results: list[GenerationResult]) -> End:
    last = results[-1]
    assert last.stop is not None
    bests = [each.checkpoint.best_fitness for each in results]
    passed = [each for each in last.confirmations if each["is_passed"]]
    return End(
        reason=last.stop, generations=len(results), fitness=last.evaluations.fitness, best_fitness=bests[-1],
        best_generation=bests.index(bests[-1]), seconds=1.0,
        is_solved="evaluations" in (last.explanation or {})["led_to"], passed=passed[-1] if passed else None,
    )


def unconfirmed(results: list[GenerationResult], end: End, plan: Plan) -> Iterator[Any]:
    """The confirmations as a database returns them, which may sort their entries."""
    if newest := newly_unconfirmed(end, plan.stop):
        yield newest
    for each in reversed(results):
        failed = (found for found in reversed(each.confirmations) if not found["is_passed"])
        yield from (dict(sorted(found.items())) for found in failed)


def compared(before: Search, after: Search) -> str:
    """What came of an extension, which is compared with a search that asked for the new rules at once."""
    (first, parts), (second, whole) = before, after
    end, last = end_of(parts), parts[-1]
    assert end.stagnation == last.checkpoint.stagnation or last.stop == StopReason.FITNESS_REACHED
    twins = whole[: len(parts)]
    goes_on = len(twins) == len(parts) and twins[-1].stop is None
    if refusals(first, end, second.stop):
        return "refused, though it goes on" if goes_on else "refused"
    assert goes_on
    found = extended(first, last.checkpoint, end, second.stop, unconfirmed(parts, end, second))
    assert pack(found, first.genome) == pack(twins[-1].checkpoint, first.genome)
    assert twins[-1].champion == end.champion
    champions = [each.number for each in twins if each.is_improved]
    assert champions[-1] == end.best_generation
    assert twins[-1].champion_fitness == end.best_fitness
    changed = last.checkpoint != found
    return f"corrected after {last.stop}" if changed else f"as it was after {last.stop}"


def outcomes(
    plan: Plan, bars: tuple[float, ...], *, seeds: int, limits: tuple[int, int] = (4, 6)
) -> Counter[str]:
    """What came of extensions from every aim to every other."""
    aims = [{"fitness": bar, "solved": solved} for bar in (None, *bars) for solved in (False, True)]
    found: Counter[str] = Counter()
    for seed in range(seeds):
        before, after = (
            [searched(plan, {"max_generations": limit} | aim, seed=seed) for aim in aims] for limit in limits
        )
        found.update(compared(one, other) for one, other in product(before, after))
    return found


@pytest.mark.parametrize("kind", ["neat", "weight_evolution"])
def test_a_search_with_confirmations_goes_on_as_one_that_asked_at_once(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CartPole, "solution", MeanReturn(70.0))
    strategy = "neat" if kind == "neat" else "genetic"
    found = outcomes(plan_of(CARTS, strategy, kind), (50.0, 70.0, 90.0), seeds=2)
    assert found["corrected after FITNESS_REACHED"]
    assert found["as it was after FITNESS_REACHED"]
    assert kind != "neat" or found["corrected after GENERATION_LIMIT"]


def test_a_search_with_tests_for_goals_goes_on_as_one_that_asked_at_once() -> None:
    found = outcomes(plan_of(SAMPLED, output="softmax"), (0.5, 0.9), seeds=4)
    assert any(each.startswith("corrected") for each in found), found


@pytest.mark.parametrize("strategy", ["rising_threshold", "openai_es", "cma_es"])
def test_more_of_every_limit_lets_every_strategy_go_on(strategy: str) -> None:
    maze = {"type": "maze", "rows": ["S...", ".##.", "...G"], "max_steps": 12}
    plan = plan_of(maze, strategy, hidden=[3])  # a matrix of covariances takes the square of its weights
    for seed in range(3):
        for before, after in (
            ({"max_generations": 3}, {"max_generations": 6}),
            ({"max_generations": 30, "stagnation_generations": 2},
             {"max_generations": 30, "stagnation_generations": 4}),
            ({"max_generations": 30, "stagnation_generations": 2}, {"max_generations": 25}),
        ):
            found = compared(searched(plan, before, seed=seed), searched(plan, after, seed=seed))
            assert found.startswith("as it was")


def refused(before: dict[str, Any], after: dict[str, Any], **facts: Any) -> dict[str, str]:
    """What is expected in place of each new rule that is refused, after a search of ten generations."""
    plan = with_stop(plan_of(CARTS), RULES | before)
    end = replace(END, **facts)
    found = refusals(plan, end, with_stop(plan, RULES | before | after).stop)
    return {"".join(map(str, each.path)): each.expected for each in found}


END = End(
    reason=StopReason.GENERATION_LIMIT, generations=10, fitness=np.array([3.0, 7.0, np.nan]),
    best_fitness=8.0, best_generation=5, seconds=12.5,
)
SOLVED = {"reason": StopReason.FITNESS_REACHED, "is_solved": True}
REACHED = {"reason": StopReason.FITNESS_REACHED}
PASSED = {
    "generation": 9, "fitness": 7.0, "agent": 1, "episodes": 100, "mean": 6.0, "asked": 5.0, "is_passed": True
}


def test_what_would_have_ended_the_search_before_is_refused_rule_by_rule() -> None:
    assert refused({"max_generations": 10}, {}) == {
        "max_generations": "more than 10, the generations that are completed"
    }
    assert refused({"max_generations": 10}, {"max_generations": 11}) == {}
    before = {"max_generations": 10, "stagnation_generations": 6, "max_seconds": 13.0, "fitness": 9.0}
    after = {
        "max_generations": 10, "stagnation_generations": 4, "max_seconds": 12.5, "fitness": 8.0,
        "solved": True,
    }
    assert refused(before, after) == {
        "max_generations": "more than 10, the generations that are completed",
        "stagnation_generations": "more than 4, the generations without a better champion, or null",
        "max_seconds": "more than 12.5, the seconds that are used, or null",
        "fitness": "at least 9, as before, or more than 8, the best so far, or null",
        "solved": "false, as before",
    }
    assert refused(before, {"max_generations": 11, "stagnation_generations": 5}) == {
        "stagnation_generations": "at least 6, as before, or null"
    }
    more = {"max_generations": 11, "stagnation_generations": None, "max_seconds": None, "fitness": None}
    assert refused(before, more) == {}


def test_an_aim_that_was_reached_has_to_be_raised_above_what_reached_it() -> None:
    aim = {"max_generations": 20, "fitness": 5.0}
    assert refused(aim, {}, **REACHED) == {
        "fitness": "more than 7, which the last generation reached, or null"
    }
    assert refused(aim, {"fitness": 7.5}, **REACHED) == {}
    assert refused(aim, {"fitness": None}, **REACHED) == {}
    assert refused(aim, {"fitness": 6.0}, **REACHED, passed=PASSED) == {
        "fitness": "more than 6, which the last generation reached, or null"
    }
    assert refused(aim, {"fitness": 6.5}, **REACHED, passed=PASSED) == {}
    assert refused({"max_generations": 20, "solved": True}, {}, **SOLVED) == {
        "solved": "false, as an agent of generation 9 solved the task"
    }
    assert refused({"max_generations": 20, "solved": True}, {"solved": False}, **SOLVED) == {}


def test_stagnation_is_counted_from_the_last_better_champion_or_revival() -> None:
    assert END.stagnation == 4
    assert replace(END, revived_generation=8).stagnation == 2
    assert replace(END, best_generation=None, best_fitness=None).stagnation == 10


class Annealed(Genetic):
    """A strategy whose parameters change over the generations that were asked for."""

    def why_not_extended(self) -> str | None:
        return "The size of its changes falls over `stop.max_generations`."


def test_a_schedule_over_the_limit_is_a_reason_to_refuse() -> None:
    plan = with_stop(plan_of(CARTS), {"max_generations": 10})
    annealed = replace(plan, strategy=Annealed(plan.strategy.parameters, plan.genome))
    (found,) = refusals(annealed, END, with_stop(plan, {"max_generations": 20}).stop)
    assert found.given.startswith("others: the size of its changes falls over `stop.max_generations`")

