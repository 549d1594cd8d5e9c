"""JSON for the page of a run: the state of an episode's replay by a worker, and its recorded trajectory."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from api.replays import WORDS, film_url, recording_of, state_of
from database import selectors
from database.models import Instance, Replay
from database.selectors import AgentRecord
from processing.core.search.plan import Plan
from processing.core.steppers.recording import Recording
from processing.core.types import Float32Array, Float64Array, Genomes, Trajectory
from processing.core.views import view_of
from processing.replays import normalization_of

#: Of longer episodes, the activity of only every second, third, ... step is sent.
MOST_ACTIVE_STEPS = 1_000
#: The activity of an episode has at most this many numbers, or steps are left out in the same way.
MOST_ACTIVE_NUMBERS = 400_000


def replay_fields(row: Replay | None) -> dict[str, Any]:
    """Return the state of a replay and a message; the state is NONE where no replay was requested."""
    if row is None:
        return {"state": "NONE", "message": None}
    state = state_of(row)
    return {"state": state, "message": WORDS.get(state) or row.failure or None}


def recorded(
    plan: Plan, instance: Instance, record: AgentRecord, genome: bytes, genomes: Genomes, episode: int
) -> dict[str, Any]:
    """Return the trajectory that a worker recorded, null where there is none, and the state of the replay."""
    row = selectors.replay(instance.pk, record.generation, record.index, episode)
    recording = None if row is None else recording_of(row, plan)
    replay = replay_fields(row) | {"undrawn": None, "gif": None, "film": None}
    if row is not None and recording is not None:
        replay |= {"undrawn": recording.undrawn, "gif": film_url(row, "gif"), "film": film_url(row, "film")}
        replay["message"] = replay["message"] or recording.reason
    trajectory = None if recording is None else recording.trajectory
    document = {
        "replay": replay, "way": None, "silence": plan.judge.replays.elsewhere,
        "episodes": plan.judge.episodes
    }
    if recording is None or trajectory is None:
        return document
    normalization = normalization_of(plan, instance.pk, record.generation)
    observations = [row.astype(np.float32) for row in trajectory.observations]
    inputs = observations if normalization is None else [normalization.of(row) for row in observations]
    activity, stride = _activity(plan, genomes, trajectory, inputs)
    return document | {"way": {
        "positions": [], "actions": trajectory.actions, "rewards": trajectory.rewards,
        "total": trajectory.total, "ending": _ending(recording, trajectory), "activity": activity,
        "stride": stride, "seen": drawable(np.array(observations[::stride])), "targets": None,
        "episodes": plan.judge.episodes, "inputs": list(plan.problem.input_labels()),
        "outputs": _action_names(plan),
    }}


def _ending(recording: Recording, trajectory: Trajectory) -> str:
    """How the episode ended, in the words that `replay.js` knows."""
    if recording.reason is not None:
        return "failed"
    return "truncated" if trajectory.truncated else "terminated" if trajectory.terminated else "cut"


def _activity(
    plan: Plan, genomes: Genomes, trajectory: Trajectory, inputs: list[Float32Array]
) -> tuple[list[list[list[float]]], int]:
    """Return the activity of the network's units for these observations, and the stride between its steps."""
    if not inputs:
        return [], stride_of(trajectory)
    columns = activity_columns(plan, genomes, [row.astype(np.float64) for row in inputs])
    if not columns:
        return [], stride_of(trajectory)
    numbers = sum(column.size for column in columns)
    stride = max(stride_of(trajectory), -(-numbers // MOST_ACTIVE_NUMBERS))
    return [
        [drawable(np.round(column[step], 3)) for column in columns]
        for step in range(0, trajectory.steps, stride)
    ], stride


def activity_columns(
    plan: Plan, genomes: Genomes, observations: Sequence[Float64Array]
) -> list[Float64Array]:
    """Return the activity of the first genome's network, as `GenomeView.activity` does."""
    restarts = plan.problem.actions == "answers"
    return view_of(plan.genome).activity(plan.genome, genomes, observations, restarts=restarts)


def _action_names(plan: Plan) -> list[str]:
    """Return a name for each discrete action, or for each component of a continuous or multi-discrete one."""
    action = plan.problem.action_space
    if action["type"] == "MultiDiscrete":
        return [f"action[{place}]" for place in range(len(action["n"]))]
    return list(plan.problem.output_labels())


def drawable(values: Any) -> Any:
    """Return an array as nested lists for drawings: 0 for NaN, and ±1e30 for infinities."""
    return np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=1e30, neginf=-1e30).tolist()


def stride_of(trajectory: Trajectory) -> int:
    """Return n, where the activity of every n-th step is sent: at most MOST_ACTIVE_STEPS steps in all."""
    return -(-trajectory.steps // MOST_ACTIVE_STEPS) or 1
