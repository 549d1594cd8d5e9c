"""Recorded episodes in Gymnasium environments: evaluating one again in a stepper, and its stored form.

`recorder.py` makes the record. It is stored as two values, numbers and pictures, as pictures are large and
seldom needed together with the numbers.
"""

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np

from processing.core.errors import Refused
from processing.core.packed import pack_values, unpack_values
from processing.core.rollouts.normalization import Normalization
from processing.core.rollouts.replay import MOST_STEPS
from processing.core.steppers.film import Film, cut, pack_film, unpack_film
from processing.core.steppers.pool import EpisodeResult, Pool, Task
from processing.core.types import Beat, Failure, Genomes, Purpose, Trajectory


@dataclass(frozen=True, slots=True)
class Recording:
    """The record of an episode that was evaluated again for display."""

    trajectory: Trajectory | None  # up to a failure; None where no step is known
    reason: str | None  # why the episode failed, in a sentence; None where it did not
    film: Film | None
    undrawn: str | None  # why pictures are missing or incomplete; None if they are not, or not requested


def record(
    setup: bytes, environment: Any, kind: Any, genomes: Genomes, *, seed: int, generation: int, agent: int,
    episode: int, normalization: Normalization | None, pictures: bool, beat: Beat,
) -> Recording:
    """Evaluate one episode again, and with `pictures` once more to draw it.

    Args:
        setup: environment and genome kind, as `stepper.py` reads them.
        environment: the `Foreign` environment.
        kind: the genome kind.
        genomes: the agent's genome, as the only one.
        seed, generation, agent, episode: the address of the episode.
        normalization: of the observations of its generation; None where they are not normalised.
        pictures: whether to draw the episode.
        beat: called repeatedly while this waits.
    Raises:
        Broken: the processes cannot work at all.
        Transient: no process can be started just now.
    """
    processes = Pool()  # a separate pool: drawing may leave state in a process, which must not affect scores
    head = {
        "seed": seed, "generation": generation, "purpose": int(Purpose.EPISODE),
        "rollouts": [[0, 0, agent, episode]],
    }
    values = {"genomes": genomes} | ({} if normalization is None else normalization._asdict())
    message = pack_values(head, values, kind, genomes="genomes")

    def evaluated(*, draws: bool) -> EpisodeResult:
        asked = json.dumps(json.loads(setup) | {"recording": {"pictures": draws}}).encode()
        task = Task(
            range(1), asked, lambda _: message, processes=1,
            timeout_seconds=environment.parameters.timeout_seconds, records=True
        )
        with closing(processes.evaluate(task, beat=beat)) as ended:
            (one,) = ended
            return one

    try:
        plain = evaluated(draws=False)
        drawn, undrawn = None, None
        if pictures:
            try:
                drawn = evaluated(draws=True)
            except Refused as refused:  # it took too long; the trajectory is still returned
                undrawn = str(refused)
    finally:
        processes.close()
    trajectory = _trajectory(environment, kind, plain)
    reason = None if plain.failure == Failure.NONE else plain.reason
    if trajectory is not None and not np.all(np.isfinite(trajectory.rewards)):
        reason = f"Its environment gave it rewards whose sum is {trajectory.total:g}."
        trajectory = None
    if drawn is None:
        return Recording(trajectory, reason, None, undrawn)
    return Recording(trajectory, reason, *_drawn(environment, kind, drawn, trajectory))


def pack(recording: Recording, kind: Any) -> tuple[bytes, bytes | None]:
    """Return the stored form: the numbers, and the pictures or None where there are none."""
    path = recording.trajectory
    head: dict[str, Any] = {"reason": recording.reason, "undrawn": recording.undrawn}
    values: dict[str, Any] = {}
    if path is not None:
        head |= {
            "terminated": path.terminated, "truncated": path.truncated, "is_choice": _is_choice(path.actions)
        }
        values = {
            "actions": _array(path.actions), "rewards": np.array(path.rewards, np.float64),
            "positions": np.array(path.positions, np.int64).reshape(-1, 2),
        }
        if len(path.observations) == path.steps:
            values["observations"] = np.array(path.observations, np.float32)
    return (
        pack_values(head, values, kind, genomes=None),
        None if recording.film is None else pack_film(recording.film)
    )


def unpack(data: bytes, kind: Any, film: bytes | None = None) -> Recording:
    """Return the recording that `pack` stored.

    Args:
        data: the stored numbers.
        kind: the genome kind.
        film: the stored pictures, or None.
    Raises:
        Broken: the bytes are not a stored recording.
    """
    head, values = unpack_values(data, kind)
    trajectory = None
    if values:
        actions = values["actions"].tolist()
        trajectory = _trajectory_of(
            head, values, [each[0] for each in actions] if head["is_choice"] else actions
        )
    return Recording(trajectory, head["reason"], None if film is None else unpack_film(film), head["undrawn"])


def _trajectory(environment: Any, kind: Any, ended: EpisodeResult) -> Trajectory | None:
    """Return the trajectory of a record; None where no step was carried out, or the process died."""
    if not ended.record:
        return None
    head, values = unpack_values(ended.record, kind)
    if not len(values["rewards"]):
        return None
    actions = values["actions"].tolist()
    if environment.action["type"] == "Discrete":
        start = environment.action["start"]
        actions = [each[0] - start for each in actions]
    head["truncated"] = head["truncated"] or len(values["rewards"]) >= environment.max_steps
    return _trajectory_of(head, values, actions)


def _trajectory_of(head: Mapping[str, Any], values: Mapping[str, Any], actions: list[Any]) -> Trajectory:
    rewards = values["rewards"].tolist()
    total = 0.0
    for reward in rewards:  # in the same order as when the agent was scored
        total += reward
    terminated = bool(head["terminated"])
    return Trajectory(
        actions=actions, rewards=rewards,
        positions=[(row, column) for row, column in values["positions"].tolist()],
        observations=[row.astype(np.float64) for row in values.get("observations", ())], total=total,
        steps=len(rewards), terminated=terminated, truncated=bool(head["truncated"]) and not terminated,
        is_cut=len(rewards) >= MOST_STEPS and not terminated and not head["truncated"],
    )


def _drawn(
    environment: Any, kind: Any, ended: EpisodeResult, trajectory: Trajectory | None
) -> tuple[Film | None, str | None]:
    """Return the film of a record, and why it is missing or incomplete, or None."""
    head, values = unpack_values(ended.record, kind) if ended.record else ({"pictures": {"steps": []}}, {})
    if not head["pictures"]["steps"]:
        return None, ended.reason
    film = cut(head["pictures"], values["pictures"].tobytes())
    rewards = values["rewards"].tolist()
    if (
        trajectory is not None and ended.failure != Failure.NONE
        and rewards == trajectory.rewards[: len(rewards)]
    ):
        return film, ended.reason
    if trajectory is not None and rewards != trajectory.rewards:
        return (
            film, f"{environment.parameters.id} goes another way while it is drawn: these pictures are not "
            "of this episode."
        )
    return film, None


def _is_choice(actions: list[Any]) -> bool:
    return bool(actions) and not isinstance(actions[0], list)


def _array(actions: list[Any]) -> Any:
    """Return actions as (T, A) int64 or float64."""
    rows = [each if isinstance(each, list) else [each] for each in actions]
    is_whole = all(isinstance(number, int) for row in rows for number in row)
    return np.array(rows, np.int64 if is_whole else np.float64)
