"""An episode of an agent in an environment of Gymnasium, recorded in the process that steps it: what is asked, and what is kept.

The record of an episode is the payload of `recorder.py`. It is cut in two for storage, as pictures are large and seldom
wanted together with the numbers.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np

from processing.core.errors import Refused
from processing.core.packed import pack_values, unpack_values
from processing.core.rollouts.normalization import Normalization
from processing.core.steppers.film import Film, cut, pack_film, unpack_film
from processing.core.steppers.pool import EpisodeResult, Pool, Task
from processing.core.types import Failure, Genomes, Purpose, Trajectory

#: Steps of an episode that are recorded; what comes after them is not evaluated again.
MOST_STEPS = 1_000


@dataclass(frozen=True, slots=True)
class Recording:
    """What became of an episode that was evaluated again to be looked at."""

    trajectory: Trajectory | None  # up to where it failed; None where nothing is known of it
    reason: str | None  # why it failed, in a sentence; None where it did not
    film: Film | None
    undrawn: str | None  # why there are no pictures, or what is to be known of them; None where nobody asked, or all is well


def record(
    setup: bytes, environment: Any, kind: Any, genomes: Genomes, *, seed: int, generation: int, agent: int, episode: int,
    normalization: Normalization | None, pictures: bool, beat: Callable[[], object],
) -> Recording:
    """Evaluate one episode again, and once more to draw it where `pictures` are asked for.

    Args:
        setup: the judge's, as `child.py` reads it.
        genomes: the agent's genome, alone.
        normalization: what its generation saw observations by.
        beat: called again and again while this waits.
    Raises:
        Broken, Transient: the processes cannot work at all, or just now.
    """
    processes = Pool()  # their own: what drawing leaves behind in a process must not meet those that score
    head = {
        "seed": seed, "generation": generation, "purpose": int(Purpose.EPISODE), "rollouts": [[0, 0, agent, episode]],
    }
    values = {"genomes": genomes} | ({} if normalization is None else normalization._asdict())
    message = pack_values(head, values, kind, genomes="genomes")

    def passed(*, draws: bool) -> EpisodeResult:
        asked = json.dumps(json.loads(setup) | {"recording": {"pictures": draws}}).encode()
        task = Task(
            range(1), asked, lambda _: message, processes=1, timeout_seconds=environment.parameters.timeout_seconds, records=True
        )
        with closing(processes.evaluate(task, beat=beat)) as ended:
            (one,) = ended
            return one

    try:
        plain = passed(draws=False)
        drawn, undrawn = None, None
        if pictures:
            try:
                drawn = passed(draws=True)
            except Refused as refused:  # it took too long; what is known of the episode stays
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
    """The stored form: the numbers, and the pictures where there are some."""
    way = recording.trajectory
    head: dict[str, Any] = {"reason": recording.reason, "undrawn": recording.undrawn}
    values: dict[str, Any] = {}
    if way is not None:
        head |= {"terminated": way.terminated, "truncated": way.truncated, "is_choice": _is_choice(way.actions)}
        values = {
            "actions": _array(way.actions), "rewards": np.array(way.rewards, np.float64),
            "positions": np.array(way.positions, np.int64).reshape(-1, 2),
        }
        if len(way.observations) == way.steps:
            values["observations"] = np.array(way.observations, np.float32)
    return pack_values(head, values, kind, genomes=None), None if recording.film is None else pack_film(recording.film)


def unpack(data: bytes, kind: Any, film: bytes | None = None) -> Recording:
    """What `pack` stored. Raises Broken where the bytes are not whole."""
    head, values = unpack_values(data, kind)
    way = None
    if values:
        actions = values["actions"].tolist()
        way = _way(head, values, [each[0] for each in actions] if head["is_choice"] else actions)
    return Recording(way, head["reason"], None if film is None else unpack_film(film), head["undrawn"])


def _trajectory(environment: Any, kind: Any, ended: EpisodeResult) -> Trajectory | None:
    """The numbers of a record; None where no step was carried out, or the process died with it."""
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
    return _way(head, values, actions)


def _way(head: Mapping[str, Any], values: Mapping[str, Any], actions: list[Any]) -> Trajectory:
    rewards = values["rewards"].tolist()
    total = 0.0
    for reward in rewards:  # in their order, as the agent's were summed
        total += reward
    terminated = bool(head["terminated"])
    return Trajectory(
        actions=actions, rewards=rewards, positions=[(row, column) for row, column in values["positions"].tolist()],
        observations=[row.astype(np.float64) for row in values.get("observations", ())], total=total, steps=len(rewards),
        terminated=terminated, truncated=bool(head["truncated"]) and not terminated,
        is_cut=len(rewards) >= MOST_STEPS and not terminated and not head["truncated"],
    )


def _drawn(environment: Any, kind: Any, ended: EpisodeResult, way: Trajectory | None) -> tuple[Film | None, str | None]:
    """The pictures of a record, and what is to be said of them."""
    head, values = unpack_values(ended.record, kind) if ended.record else ({"pictures": {"steps": []}}, {})
    if not head["pictures"]["steps"]:
        return None, ended.reason
    film = cut(head["pictures"], values["pictures"].tobytes())
    rewards = values["rewards"].tolist()
    if way is not None and ended.failure != Failure.NONE and rewards == way.rewards[: len(rewards)]:
        return film, ended.reason
    if way is not None and rewards != way.rewards:
        return film, f"{environment.parameters.id} goes another way while it is drawn: these pictures are not of this episode."
    return film, None


def _is_choice(actions: list[Any]) -> bool:
    return bool(actions) and not isinstance(actions[0], list)


def _array(actions: list[Any]) -> Any:
    """Actions, (T, A)."""
    rows = [each if isinstance(each, list) else [each] for each in actions]
    is_whole = all(isinstance(number, int) for row in rows for number in row)
    return np.array(rows, np.int64 if is_whole else np.float64)
