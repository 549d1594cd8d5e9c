"""What is told of a generation."""

from dataclasses import replace

from database.models import EventType
from processing.core.types import StopReason
from processing.events import events_of
from tests.core.searches import run, search


def test_the_fitness_that_is_told_of_a_champion_is_its_own_also_where_another_agent_solved_the_task() -> None:
    closed = next(run(search(), seed=1))
    fitness = closed.evaluations.fitness
    worst = int(fitness.argmin())
    assert fitness[worst] < fitness.max()
    (told,) = (
        each for each in events_of(replace(closed, champion=worst))
        if each.type == EventType.CHAMPION_IMPROVED
    )
    assert told.data == {"index": worst, "fitness": fitness[worst]}
    assert told.message == f"New champion: agent {worst} with fitness {fitness[worst]:.4g}."


def test_a_champion_that_fresh_episodes_do_not_confirm_is_told_of() -> None:
    plan = search(
        strategy={"type": "genetic", "population_size": 200}, output="softmax",
        stop={"max_generations": 40, "fitness": 1.0}
    )
    closed = next(run(plan, seed=1))
    (facts,) = closed.confirmations
    told = [each for each in events_of(closed) if each.type == EventType.NOTE]
    assert [each.message for each in told] == [
        f"Champion 0-{closed.champion} reached {facts['fitness']:.4g} in its own episodes; over 100 fresh "
        f"ones its mean was {facts['mean']:.4g} of 1 asked: the search goes on."
    ]
    assert told[0].data == facts
    (ended,) = (
        each for each in events_of(replace(closed, stop=StopReason.GENERATION_LIMIT))
        if each.type == EventType.NOTE
    )
    assert ended.message.endswith("of 1 asked.")
    passed = replace(closed, confirmations=(dict(facts) | {"is_passed": True},))
    assert not [each for each in events_of(passed) if each.type == EventType.NOTE]


def test_a_generation_that_is_searched_for_novelty_says_how_novel_it_is() -> None:
    closed = next(run(search(novelty={}), seed=1))
    told = events_of(closed)[0]
    assert closed.summary is not None
    values = closed.summary.values
    assert told.data == values
    mean, largest = values["mean_novelty"], values["largest_novelty"]
    assert told.message.endswith(f"; novelty up to {largest:.4g}, mean {mean:.4g}; 5 in the archive.")
    assert events_of(next(run(search(), seed=1)))[0].data == {}


def test_a_generation_that_is_closed_again_tells_the_same() -> None:
    plan = search(
        strategy={"type": "genetic", "population_size": 200}, output="softmax", novelty={},
        stop={"max_generations": 2, "fitness": 1.0},
    )
    first, again = ([events_of(closed) for closed in run(plan, seed=1, slices=slices)] for slices in (1, 3))
    assert first == again
    assert any(each.type == EventType.NOTE for events in first for each in events)
