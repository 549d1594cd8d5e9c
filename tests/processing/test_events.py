"""What is told of a generation."""

from dataclasses import replace

from database.models import EventType
from processing.events import events_of
from tests.core.searches import run, search


def test_the_fitness_that_is_told_of_a_champion_is_its_own_also_where_another_agent_solved_the_task() -> None:
    closed = next(run(search(), seed=1))
    fitness = closed.evaluations.fitness
    worst = int(fitness.argmin())
    assert fitness[worst] < fitness.max()
    (told,) = (each for each in events_of(replace(closed, champion=worst)) if each.type == EventType.CHAMPION_IMPROVED)
    assert told.data == {"index": worst, "fitness": fitness[worst]}
    assert told.message == f"New champion: agent {worst} with fitness {fitness[worst]:.4g}."
