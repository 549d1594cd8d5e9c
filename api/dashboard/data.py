"""What the page of a run draws, as JSON: statistics and species for the charts, and one agent with its way and network."""

from typing import Any

import numpy as np
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from api.dashboard.replays import recorded, stride_of
from api.dashboard.views import run_of, whole
from api.exports import formats_at
from api.ids import global_id
from api.policy import page
from api.wording import origin_words
from database import selectors
from database.errors import NotFound
from database.models import Instance
from database.selectors import AgentRecord
from processing.core.drawings.activity import activity_of, activity_of_units
from processing.core.drawings.pictures import drawing_of
from processing.core.drawings.svg import svg_of
from processing.core.environments.table import Table
from processing.core.exports.export import computation_of
from processing.core.genomes.graphs import Graphs
from processing.core.search.plan import Plan
from processing.core.types import Float64Array, Genomes, Operator, Trajectory
from processing.run import plan_of_work_item

MOST_POINTS, MOST_SHARES = 1_000, 200
COLUMNS = ("best", "mean", "lower_quartile", "upper_quartile", "threshold")


@require_safe
@page
def statistics(request: HttpRequest, number: int) -> HttpResponse:
    """The statistics of the generations from `from` on, column by column."""
    rows = selectors.statistics(
        run_of(number).pk, first_number=whole(request, "from") or 0, max_points=MOST_POINTS
    )
    columns = {name: [_short(getattr(row, name)) for row in rows] for name in COLUMNS}
    return JsonResponse({"generation": [row.number for row in rows], **columns})


@require_safe
@page
def agent(request: HttpRequest, number: int) -> HttpResponse:
    """The agent `index` of `generation`, or that generation's champion: its origin, its network, its way through `episode`."""
    instance = run_of(number)
    record = _record(instance, whole(request, "generation"), whole(request, "index"))
    if record is None:
        raise NotFound("There is no such agent in this run.")
    genome = selectors.genome_of(instance.pk, record.generation, record.index)
    if genome is None:
        name = _name(instance.pk, record.generation, record.index)
        raise NotFound(f"The genome of agent {name} is not kept: the run records champions only, or it was pruned.")
    plan = plan_of_work_item(instance.work_item)
    genomes = plan.genome.unpack(genome)
    told = _described(instance, record) | {"exports": _exports(plan, record, genome)}
    episode = whole(request, "episode") or 0
    plan.replays.check_episode(episode)
    walked = (recorded if plan.replays.is_recorded else _walked)(plan, instance, record, genome, genomes, episode)
    return JsonResponse(told | _drawn(plan, genomes) | walked | {"episode": episode})


@require_safe
@page
def species(request: HttpRequest, number: int) -> HttpResponse:
    """How the population was divided into species, at some generations: agents of each."""
    found = selectors.shares(run_of(number).pk, max_points=MOST_SHARES)
    sizes = [{"number": each, "sizes": sizes} for each, sizes in found.sizes.items()]
    told = {"generation": found.generations, "species": sizes, "others": found.others, "alive": found.alive}
    return JsonResponse(told)


def _exports(plan: Plan, record: AgentRecord, genome: bytes) -> dict[str, str]:
    """Where its network can be downloaded, by format."""
    is_kept = plan.is_normalised and bool(selectors.with_normalization([(record.instance_id, record.generation)]))
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
    parents = list(dict.fromkeys(record.parents))  # a parent may be drawn twice
    return {
        "name": _name(instance.pk, record.generation, record.index), "generation": record.generation, "index": record.index,
        "fitness": record.fitness, "rank": record.rank, "is_champion": record.is_champion,
        "is_best": (record.generation, record.index) == best,
        "origin": origin_words(Operator(record.operator).name, parents=len(parents)),
        "parents": [
            {"name": _name(instance.pk, *parent), "generation": parent[0], "index": parent[1]} for parent in parents
        ],
    }


def _drawn(plan: Plan, genomes: Genomes) -> dict[str, Any]:
    """Its network, and the names that its inputs, units and outputs have there."""
    return {"network": svg_of(drawing_of(plan.environment, plan.genome, genomes)), "units": _units(plan, genomes)}


def _units(plan: Plan, genomes: Genomes) -> dict[str, list[Any]]:
    """The names of the drawing's nodes, for each column of the activity, and those of the outputs."""
    if isinstance(genomes, Graphs):
        computation = computation_of(plan.genome, genomes)
        columns = [range(computation.inputs), [unit.number for unit in computation.units]]
        return {"columns": [list(map(str, each)) for each in columns], "outputs": list(map(str, computation.outputs))}
    names = [[f"{column}.{unit}" for unit in range(size)] for column, size in enumerate(plan.genome.sizes)]
    return {"columns": names[:-1], "outputs": names[-1]}


def _walked(
    plan: Plan, instance: Instance, record: AgentRecord, genome: bytes, genomes: Genomes, episode: int
) -> dict[str, Any]:
    """Its way through an episode, or through the rows of a table; none where it is not replayed, and why."""
    if (silence := plan.replays.refusal(genome)) is not None:
        return {"way": None, "silence": silence}
    way = plan.replays.episode(genome, seed=instance.seed, generation=record.generation, agent=record.index, episode=episode)
    return {"episodes": plan.environment.episodes, "way": {
        "positions": way.positions, "actions": way.actions, "rewards": way.rewards, "total": way.total,
        "ending": _ending(way), "activity": _activity(plan, genomes, way), "stride": stride_of(way),
        "episodes": plan.environment.episodes, "episode": episode, "scene": plan.environment.scene,
        "targets": plan.environment.parameters.targets if isinstance(plan.environment, Table) else None,
        "inputs": list(plan.environment.input_labels()), "outputs": list(plan.environment.output_labels()),
    }}


def _ending(way: Trajectory) -> str:
    if way.is_cut:
        return "cut"
    if way.truncated:
        return "truncated"
    if not way.positions:
        return "terminated"
    moved = len(way.rewards) and way.positions[-1] != way.positions[-2]
    return "collected" if moved else "bumped"


def _activity(plan: Plan, genomes: Genomes, way: Trajectory) -> list[list[list[float]]]:
    """For each step that is told the values of the inputs and of each hidden layer, or of all units of a graph."""
    if isinstance(genomes, Graphs):
        columns = _units_at_work(plan, genomes, way)
    else:
        columns = activity_of(plan.genome.layers(genomes[0]), plan.genome.parameters.activation.value, way.observations)
    return [[np.round(column[step], 3).tolist() for column in columns] for step in range(0, way.steps, stride_of(way))]


def _units_at_work(plan: Plan, genomes: Graphs, way: Trajectory) -> list[Float64Array]:
    """The values of inputs and units in each step; in a table every row is met anew."""
    computation = computation_of(plan.genome, genomes)
    if not isinstance(plan.environment, Table):
        return activity_of_units(computation, way.observations)
    rows = [activity_of_units(computation, [seen]) for seen in way.observations]
    return [np.concatenate(columns) for columns in zip(*rows, strict=True)]


def _name(instance_id: int, generation: int, index: int) -> str:
    return f"{instance_id}-{generation}-{index}"


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")
