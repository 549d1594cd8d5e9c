"""Episodes that workers have replayed, as the page of a run shows them: where each stands, and what was kept of it."""

from typing import Any

import numpy as np

from api.replays import WORDS, film_url, recording_of, state_of
from database import selectors
from database.models import Instance, Replay
from database.selectors import AgentRecord
from processing.core.drawings.activity import activity_of, activity_of_units
from processing.core.exports.export import computation_of
from processing.core.genomes.graphs import Graphs
from processing.core.search.plan import Plan
from processing.core.steppers.recording import Recording
from processing.core.types import Float32Array, Float64Array, Genomes, Trajectory
from processing.replays import normalization_of

#: Of longer lives, the activity of every second step is sent along, or third, and so on.
MOST_ACTIVE_STEPS = 1_000
#: The same where a step has many numbers: so many of all of them.
MOST_ACTIVE_NUMBERS = 400_000


def replay_fields(row: Replay | None) -> dict[str, Any]:
    """Where a replay stands, for a page; NONE where nobody has asked for it."""
    if row is None:
        return {"state": "NONE", "message": None}
    state = state_of(row)
    return {"state": state, "message": WORDS.get(state) or row.failure or None}


def recorded(
    plan: Plan, instance: Instance, record: AgentRecord, genome: bytes, genomes: Genomes, episode: int
) -> dict[str, Any]:
    """Its way through an episode as a worker has replayed it; none where none has, and how it stands with that."""
    row = selectors.replay(instance.pk, record.generation, record.index, episode)
    kept = None if row is None else recording_of(row, plan)
    told = replay_fields(row) | {"undrawn": None, "gif": None, "film": None}
    if row is not None and kept is not None:
        told |= {"undrawn": kept.undrawn, "gif": film_url(row, "gif"), "film": film_url(row, "film")}
        told["message"] = told["message"] or kept.reason
    way = None if kept is None else kept.trajectory
    found = {"replay": told, "way": None, "silence": plan.replays.elsewhere, "episodes": plan.environment.episodes}
    if kept is None or way is None:
        return found
    normalization = normalization_of(plan, instance.pk, record.generation)
    seen = [row.astype(np.float32) for row in way.observations]
    shown = seen if normalization is None else [normalization.of(row) for row in seen]
    activity, stride = _told_activity(plan, genomes, way, shown)
    return found | {"way": {
        "positions": [], "actions": way.actions, "rewards": way.rewards, "total": way.total,
        "ending": _ending(kept, way), "activity": activity,
        "stride": stride, "seen": _finite(np.array(seen[::stride])), "targets": None,
        "episodes": plan.environment.episodes, "inputs": list(plan.environment.input_labels()),
        "outputs": _action_names(plan),
    }}


def _ending(kept: Recording, way: Trajectory) -> str:
    """How the episode ended, in the words of `replay.js`."""
    if kept.reason is not None:
        return "failed"
    return "truncated" if way.truncated else "terminated" if way.terminated else "cut"


def _told_activity(
    plan: Plan, genomes: Genomes, way: Trajectory, shown: list[Float32Array]
) -> tuple[list[list[list[float]]], int]:
    """What the network's units said for these observations, as `_activity` tells it, and of how many steps one is told."""
    if not shown:
        return [], stride_of(way)
    columns = _columns(plan, genomes, [row.astype(np.float64) for row in shown])
    numbers = sum(column.size for column in columns)
    stride = max(stride_of(way), -(-numbers // MOST_ACTIVE_NUMBERS))
    return [[_finite(np.round(column[step], 3)) for column in columns] for step in range(0, way.steps, stride)], stride


def _columns(plan: Plan, genomes: Genomes, observations: list[Float64Array]) -> list[Float64Array]:
    if isinstance(genomes, Graphs):
        return activity_of_units(computation_of(plan.genome, genomes), observations)
    return activity_of(plan.genome.layers(genomes[0]), plan.genome.parameters.activation.value, observations)


def _action_names(plan: Plan) -> list[str]:
    """A name for each action that is one of several, or for each number of an action."""
    action = plan.environment.action
    if action["type"] == "MultiDiscrete":
        return [f"action[{place}]" for place in range(len(action["n"]))]
    return list(plan.environment.output_labels())


def _finite(values: Any) -> Any:
    """Numbers as JSON takes them."""
    return np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=1e30, neginf=-1e30).tolist()


def stride_of(way: Trajectory) -> int:
    """Of so many steps, the activity of the first is told."""
    return -(-way.steps // MOST_ACTIVE_STEPS) or 1
