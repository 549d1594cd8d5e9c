"""The progress of runs in the server's terminal, and drawings of their champions."""

import time

from api.terminal import Progress, ended_how, path_through
from database import selectors
from database.errors import NotFound
from database.models import ENDED, Instance, InstanceState
from database.selectors import AgentRecord
from processing.core.genomes.graph_genes import NodeRole
from processing.core.kinds import kind_of
from processing.core.number_text import counted, figure
from processing.core.views import view_of
from processing.run import plan_of_work_item


def progress_of(number: int) -> tuple[Instance, Progress]:
    """Return a run and its progress. Raises NotFound."""
    instance = selectors.instance(number)
    if instance is None:
        raise NotFound(f"There is no run {number}.")
    progress = selectors.progress(instance)
    return instance, Progress(
        instance=number, generation=progress.completed_generations, generations=progress.max_generations,
        best=progress.best_fitness, mean=progress.mean,
        evaluations_per_second=progress.evaluations_per_second,
        seconds_left=progress.estimated_end_at.timestamp() - time.time()
        if progress.estimated_end_at else None,
        outcome=ended_how(instance) if has_ended(instance) else None, champion=progress.champion_fitness,
    )


def beginning(instance: Instance) -> str:
    """Describe a run before its first generation is completed."""
    words = {InstanceState.QUEUED: "waiting for a worker", InstanceState.RUNNING: "preparing"}
    return (
        f"run {instance.pk}  generation 0: {words.get(InstanceState(instance.state), instance.state.lower())}"
    )


def has_ended(instance: Instance) -> bool:
    """Whether the run has ended, in whatever way."""
    return instance.state in ENDED


def drawn_champion(instance: Instance, *, colour: bool) -> str | None:
    """Draw the champion's path over its map, or describe its network where the problem has no map.

    Returns:
        The drawing; None where there is no champion, its genome is not kept, or its network is too large to
        be replayed.
    """
    champion = selectors.champion(instance)
    if champion is None:
        return None
    genome = selectors.genome_of(instance.pk, champion.generation, champion.index)
    spec = instance.work_item.spec
    if genome is None:
        return None
    problem, values = kind_of(spec).problem_in(spec)
    rows = problem.map_of(values)
    if rows is None:
        return _network(instance, champion, genome)
    plan = plan_of_work_item(instance.work_item)
    if plan.judge.replays.refusal(genome) is not None:
        return None
    trajectory = plan.judge.replays.episode(
        genome, seed=instance.seed, generation=champion.generation, agent=champion.index
    )
    goals = {(i, j) for i, row in enumerate(rows) for j, cell in enumerate(row) if cell == "G"}
    collected = len(goals.intersection(trajectory.positions))
    first = "its first " if trajectory.is_cut else ""
    return (
        f"Champion {champion.name}: fitness {figure(champion.fitness or 0.0)}, "
        f"{collected} of {len(goals)} goals in {first}{trajectory.steps} steps\n\n"
        + path_through(rows, trajectory, colour=colour)
    )


def _network(instance: Instance, champion: AgentRecord, genome: bytes) -> str:
    """Return the size of the champion's network, in a sentence."""
    plan = plan_of_work_item(instance.work_item)
    drawing = view_of(plan.genome).drawing(plan.problem, plan.genome, plan.genome.unpack(genome))
    hidden = sum(node.role == NodeRole.HIDDEN for node in drawing.nodes)
    links = sum(edge.enabled for edge in drawing.edges)
    return (
        f"Champion {champion.name}: fitness {figure(champion.fitness or 0.0)}, a network of "
        f"{counted(hidden, 'hidden node')} and {links} links; it is drawn on the run's page."
    )
