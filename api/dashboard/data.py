"""JSON for the page of a run: statistics and species for the charts, and one agent.

An agent comes with its origin, its network and the trajectory of one episode.
"""

from typing import Any

import numpy as np
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from api.dashboard.replays import activity_columns, drawable, recorded, stride_of
from api.dashboard.views import run_of, whole
from api.exports import formats_at
from api.ids import global_id
from api.policy import page
from api.wording import origin_words
from database import selectors
from database.errors import NotFound, genome_not_kept
from database.models import Instance, agent_name
from database.selectors import AgentRecord
from processing.core.drawings.svg import svg_of
from processing.core.search.plan import Plan
from processing.core.types import Genomes, Operator, Trajectory
from processing.core.views import view_of
from processing.run import plan_of_work_item

MOST_POINTS, MOST_SHARES = 1_000, 200
COLUMNS = ("best", "mean", "lower_quartile", "upper_quartile", "threshold")


@require_safe
@page
def statistics(request: HttpRequest, number: int) -> HttpResponse:
    """Return the statistics of the generations from number `from` on, one list per column."""
    rows = selectors.statistics(
        run_of(number).pk, first_number=whole(request, "from") or 0, max_points=MOST_POINTS
    )
    columns = {name: [_short(getattr(row, name)) for row in rows] for name in COLUMNS}
    return JsonResponse({"generation": [row.number for row in rows], **columns})


@require_safe
@page
def agent(request: HttpRequest, number: int) -> HttpResponse:
    """Return the agent `index` of `generation`, or that generation's champion, or the run's.

    The document has its origin, its network and its trajectory in `episode`.
    """
    instance = run_of(number)
    record = _record(instance, whole(request, "generation"), whole(request, "index"))
    if record is None:
        raise NotFound("There is no such agent in this run.")
    genome = selectors.genome_of(instance.pk, record.generation, record.index)
    if genome is None:
        name = record.name
        raise NotFound(genome_not_kept(f"The genome of agent {name}"))
    plan = plan_of_work_item(instance.work_item)
    genomes = plan.genome.unpack(genome)
    description = _described(instance, record) | {"exports": _exports(plan, record, genome)}
    episode = whole(request, "episode") or 0
    plan.judge.replays.check_episode(episode)
    replayed = (recorded if plan.judge.replays.is_recorded else _replayed)(
        plan, instance, record, genome, genomes, episode
    )
    return JsonResponse(description | _drawn(plan, genomes) | replayed | {"episode": episode})


@require_safe
@page
def species(request: HttpRequest, number: int) -> HttpResponse:
    """Return the number of agents of each species, for evenly spaced generations and the last."""
    found = selectors.shares(run_of(number).pk, max_points=MOST_SHARES)
    sizes = [{"number": each, "sizes": sizes} for each, sizes in found.sizes.items()]
    document = {
        "generation": found.generations, "species": sizes, "others": found.others, "alive": found.alive
    }
    return JsonResponse(document)


def _exports(plan: Plan, record: AgentRecord, genome: bytes) -> dict[str, str]:
    """Return the download address of the agent's network for each format."""
    generation = record.instance_id, record.generation
    is_kept = plan.judge.is_normalised and bool(selectors.with_normalization([generation]))
    agent_id = global_id("Agent", record.instance_id, record.generation, record.index)
    formats = formats_at(plan, genome_bytes=len(genome), is_normalization_kept=is_kept)
    return {each: reverse("network", args=(agent_id, each.lower())) for each in formats}


def _record(instance: Instance, generation: int | None, index: int | None) -> AgentRecord | None:
    if generation is None:
        return selectors.champion(instance)
    if index is None:
        row = selectors.generation(instance.pk, generation)
        index = None if row is None else row.champion_index
    return None if index is None else selectors.agent(instance.pk, generation, index)


def _described(instance: Instance, record: AgentRecord) -> dict[str, Any]:
    best = (instance.champion_generation, instance.champion_index)
    parents = list(dict.fromkeys(record.parents))  # selection may draw a parent twice
    return {
        "name": record.name, "generation": record.generation, "index": record.index,
        "fitness": record.fitness, "rank": record.rank, "is_champion": record.is_champion,
        "is_best": (record.generation, record.index) == best,
        "origin": origin_words(Operator(record.operator).name, parents=len(parents)),
        "parents": [
            {"name": agent_name(instance.pk, *parent), "generation": parent[0], "index": parent[1]}
            for parent in parents
        ],
    }


def _drawn(plan: Plan, genomes: Genomes) -> dict[str, Any]:
    """Return the drawing of the network as SVG, and the names of its nodes in the drawing."""
    view = view_of(plan.genome)
    names = view.unit_names(plan.genome, genomes)
    return {
        "network": svg_of(view.drawing(plan.problem, plan.genome, genomes)),
        "units": {"columns": names.columns, "outputs": names.outputs},
    }


def _replayed(
    plan: Plan, instance: Instance, record: AgentRecord, genome: bytes, genomes: Genomes, episode: int
) -> dict[str, Any]:
    """Replay an episode, or the rows of a table; where neither is possible, `silence` says why."""
    if (silence := plan.judge.replays.refusal(genome)) is not None:
        return {"way": None, "silence": silence}
    targets = plan.problem.targets
    trajectory = plan.judge.replays.episode(
        genome, seed=instance.seed, generation=record.generation, agent=record.index, episode=episode
    )
    return {"episodes": plan.judge.episodes, "way": {
        "positions": trajectory.positions, "actions": trajectory.actions,
        "rewards": trajectory.rewards, "total": trajectory.total,
        "ending": _ending(trajectory), **_activity(plan, genomes, trajectory),
        "stride": stride_of(trajectory), "episodes": plan.judge.episodes, "episode": episode,
        "scene": plan.problem.scene, "targets": None if targets is None else targets.tolist(),
        "inputs": list(plan.problem.input_labels()), "outputs": list(plan.problem.output_labels()),
    }}


def _ending(trajectory: Trajectory) -> str:
    """Return how the episode ended, in the words that `replay.js` knows."""
    if trajectory.is_cut:
        return "cut"
    if trajectory.truncated:
        return "truncated"
    if not trajectory.positions:
        return "terminated"
    moved = len(trajectory.rewards) and trajectory.positions[-1] != trajectory.positions[-2]
    return "collected" if moved else "bumped"


def _activity(plan: Plan, genomes: Genomes, trajectory: Trajectory) -> dict[str, Any]:
    """Return the activity of every n-th step, for n = `stride_of(trajectory)`.

    The activity of a step is the values of the inputs and of the units; where a genome kind has none, the
    observations are `seen` instead.
    """
    steps = range(0, trajectory.steps, stride_of(trajectory))
    columns = activity_columns(plan, genomes, trajectory.observations)
    if not columns:
        observed = [drawable(np.round(trajectory.observations[step], 3)) for step in steps]
        return {"activity": [], "seen": observed}
    return {"activity": [[np.round(column[step], 3).tolist() for column in columns] for step in steps]}


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")
