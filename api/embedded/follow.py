"""Following runs from the server's terminal, and drawing what they found."""

import time

from api.terminal import Progress, path_through
from database import selectors
from database.errors import NotFound
from database.models import ENDED, Instance
from processing.core.plan import MOST_REPLAYED_STEPS, plan_of


def progress_of(number: int) -> tuple[Instance, Progress]:
    """A run and where it stands. Raises NotFound."""
    instance = selectors.instance(number)
    if instance is None:
        raise NotFound(f"There is no run {number}.")
    known = selectors.progress(instance)
    return instance, Progress(
        instance=number, generation=known.completed_generations, generations=known.max_generations,
        best=known.best_fitness, mean=known.mean, evaluations_per_second=known.evaluations_per_second,
        seconds_left=known.estimated_end_at.timestamp() - time.time() if known.estimated_end_at else None,
    )


def has_ended(instance: Instance) -> bool:
    """Whether nothing more will happen to it."""
    return instance.state in ENDED


def drawn_champion(instance: Instance, *, colour: bool) -> str | None:
    """The champion's path through its maze; None where there is no champion, or its life was too long to be replayed."""
    champion = selectors.champion(instance)
    if champion is None or champion.steps > MOST_REPLAYED_STEPS:
        return None
    spec = instance.work_item.spec
    genome = selectors.genome_of(instance.pk, champion.generation, champion.index)
    if genome is None:
        return None
    way = plan_of(spec).replay(
        genome, seed=instance.seed, generation=champion.generation, agent=champion.index
    )
    goals = {(i, j) for i, row in enumerate(spec["environment"]["rows"]) for j, cell in enumerate(row) if cell == "G"}
    collected = len(goals.intersection(way.positions))
    return (
        f"Champion {instance.pk}-{champion.generation}-{champion.index}: fitness {way.total:.4g}, "
        f"{collected} of {len(goals)} goals in {way.steps} steps\n\n"
        + path_through(spec["environment"]["rows"], way, colour=colour)
    )
