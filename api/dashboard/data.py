"""What the page of a run draws, as JSON: statistics for the chart, and one agent with its way and its network."""

from typing import Any

import numpy as np
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from api.dashboard.policy import page
from api.dashboard.views import run_of
from api.dashboard.words import origin_words
from database import selectors
from database.errors import NotFound
from database.models import Instance
from database.selectors import AgentRecord
from processing.core.networks.activity import activity_of
from processing.core.networks.drawing import drawing_of_dense
from processing.core.networks.svg import svg_of
from processing.core.plan import MOST_REPLAYED_STEPS, Plan, plan_of
from processing.core.reference import Trajectory
from processing.core.types import Operator

MOST_POINTS = 1_000
COLUMNS = ("best", "mean", "lower_quartile", "upper_quartile", "threshold")
#: The activity of longer lives is not sent along.
MOST_ACTIVE_STEPS = 1_000


@require_safe
@page
def statistics(request: HttpRequest, number: int) -> HttpResponse:
    """The statistics of the generations from `from` on, column by column."""
    rows = selectors.statistics(
        run_of(number).pk, first_number=_whole(request, "from") or 0, max_points=MOST_POINTS
    )
    columns = {name: [_short(getattr(row, name)) for row in rows] for name in COLUMNS}
    return JsonResponse({"generation": [row.number for row in rows], **columns})


@require_safe
@page
def agent(request: HttpRequest, number: int) -> HttpResponse:
    """The agent `index` of `generation`, or that generation's champion: whence it came, its network, its way."""
    instance = run_of(number)
    record = _record(instance, _whole(request, "generation"), _whole(request, "index"))
    if record is None:
        raise NotFound("There is no such agent in this run.")
    genome = selectors.genome_of(instance.pk, record.generation, record.index)
    if genome is None:
        name = _name(instance.pk, record.generation, record.index)
        raise NotFound(f"The genome of agent {name} is not kept: the run records champions only, or it was pruned.")
    plan = plan_of(instance.work_item.spec)
    return JsonResponse(_described(instance, record) | _drawn(plan, genome) | _walked(plan, instance, record, genome))


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


def _drawn(plan: Plan, genome: bytes) -> dict[str, Any]:
    layers = plan.genome.layers(plan.genome.unpack(genome)[0])
    network = plan.genome.parameters
    drawing = drawing_of_dense(
        layers, network.activation.value, network.output.value,
        input_labels=plan.environment.input_labels(), output_labels=plan.environment.output_labels(),
    )
    return {"network": svg_of(drawing)}


def _walked(plan: Plan, instance: Instance, record: AgentRecord, genome: bytes) -> dict[str, Any]:
    """Its way through its first episode; none where that is too long to be lived again here."""
    if record.steps > MOST_REPLAYED_STEPS * plan.environment.episodes:
        return {"way": None}
    way = plan.replay(genome, seed=instance.seed, generation=record.generation, agent=record.index)
    return {"way": {
        "positions": way.positions, "actions": way.actions, "rewards": way.rewards, "total": way.total,
        "ending": _ending(way), "activity": _activity(plan, genome, way), "episodes": plan.environment.episodes,
    }}


def _ending(way: Trajectory) -> str:
    if way.truncated:
        return "truncated"
    moved = len(way.rewards) and way.positions[-1] != way.positions[-2]
    return "collected" if moved else "bumped"


def _activity(plan: Plan, genome: bytes, way: Trajectory) -> list[list[list[float]]] | None:
    """For each step the values of the inputs and of each hidden layer."""
    if way.steps > MOST_ACTIVE_STEPS:
        return None
    layers = plan.genome.layers(plan.genome.unpack(genome)[0])
    columns = activity_of(layers, plan.genome.parameters.activation.value, way.observations)
    return [[np.round(column[step], 3).tolist() for column in columns] for step in range(way.steps)]


def _name(instance_id: int, generation: int, index: int) -> str:
    return f"{instance_id}-{generation}-{index}"


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def _whole(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else None
