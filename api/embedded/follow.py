"""Following runs from the server's terminal, and drawing what they found."""

import time

from api.terminal import Progress, path_through
from database import steps
from database.models import ENDED, Agent, Generation, Instance
from processing.core.plan import plan_of


def progress_of(number: int) -> tuple[Instance, Progress]:
    """A run and where it stands."""
    instance = steps.instance_with_work_item(number)
    done = instance.next_generation
    mean = None
    if done:
        mean = Generation.objects.values_list("mean", flat=True).get(instance=instance, number=done - 1)
    limit = instance.work_item.spec["stop"]["max_generations"]
    seconds = time.time() - instance.started_at.timestamp() if instance.started_at else 0.0
    return instance, Progress(
        instance=number, generation=done, generations=limit, best=instance.best_fitness, mean=mean,
        evaluations_per_second=instance.evaluations / seconds if seconds > 0 and done else None,
        seconds_left=seconds / done * (limit - done) if done else None,
    )


def has_ended(instance: Instance) -> bool:
    """Whether nothing more will happen to it."""
    return instance.state in ENDED


def drawn_champion(instance: Instance, *, colour: bool) -> str | None:
    """The champion's path through its maze; None where there is no champion."""
    if instance.champion_generation is None or instance.champion_index is None:
        return None
    spec = instance.work_item.spec
    genome = Agent.objects.values_list("genome", flat=True).get(
        instance=instance, generation=instance.champion_generation, index=instance.champion_index
    )
    way = plan_of(spec).replay(
        bytes(genome), seed=instance.seed, generation=instance.champion_generation, agent=instance.champion_index
    )
    goals = {(i, j) for i, row in enumerate(spec["environment"]["rows"]) for j, cell in enumerate(row) if cell == "G"}
    collected = len(goals.intersection(way.positions))
    return (
        f"Champion {instance.pk}-{instance.champion_generation}-{instance.champion_index}: fitness {way.total:.4g}, "
        f"{collected} of {len(goals)} goals in {way.steps} steps\n\n"
        + path_through(spec["environment"]["rows"], way, colour=colour)
    )
