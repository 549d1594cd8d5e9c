"""Replays: an episode of an agent is requested, evaluated again for display, and stored."""

import time
from collections.abc import Callable

from django.contrib.auth.models import User
from django.db import transaction

from database import selectors, services
from database.errors import genome_not_kept
from database.models import Replay, agent_name
from database.services import ReplayClaim
from processing import dispatch, node
from processing.core.errors import Refused
from processing.core.rollouts.normalization import Normalization, unpack
from processing.core.search.plan import Plan
from processing.core.steppers.recording import pack
from processing.heartbeat import Heartbeat, StepEnd
from processing.run import Run

#: A replay that takes longer is given up, so that runs wait for no longer.
MOST_SECONDS = 120.0


def request(
    *, instance_id: int, generation: int, index: int, episode: int, with_pictures: bool, owner: User | None
) -> Replay:
    """Request the replay of an episode, unless there is one; return it in its present state.

    Raises:
        NotFound, TooMany.
    """
    with transaction.atomic():
        replay, is_new = services.request_replay(
            instance_id=instance_id, generation=generation, index=index, episode=episode,
            with_pictures=with_pictures, owner=owner,
        )
        if is_new:
            transaction.on_commit(dispatch.wake)
    return replay


def work_on(claim: ReplayClaim, run: Run, heartbeat: Heartbeat) -> StepEnd:
    """Evaluate the claimed episode again and store its recording.

    Raises:
        Fenced, Stopping: nothing was stored.
        Refused: the episode cannot be replayed; the message says why.
    """
    recording = run.plan.judge.replays.record(
        genome_of(claim.instance_id, claim.generation, claim.index), seed=run.instance.seed,
        generation=claim.generation, agent=claim.index, episode=claim.episode, pictures=claim.with_pictures,
        normalization=normalization_of(run.plan, claim.instance_id, claim.generation),
        beat=_limited(heartbeat),
    )
    result, film = pack(recording, run.plan.genome)
    services.store_replay(claim=claim, result=result, film=film)
    node.count(commits=1)
    return StepEnd.DONE


def genome_of(instance_id: int, generation: int, index: int) -> bytes:
    """Return the packed genome of an agent.

    Raises:
        Refused: it is not kept.
    """
    genome = selectors.genome_of(instance_id, generation, index)
    if genome is None:
        raise Refused(genome_not_kept(f"The genome of agent {agent_name(instance_id, generation, index)}"))
    return genome


def normalization_of(plan: Plan, instance_id: int, generation: int) -> Normalization | None:
    """Return the statistics that a generation's observations were normalised by; None where they were not.

    Raises:
        Refused: they are not kept.
    """
    if not plan.judge.is_normalised:
        return None
    packed = selectors.normalization_of(instance_id, generation)
    if packed is None:
        raise Refused(
            "This network gets observations normalised by what was seen before its generation, and that was "
            "not kept. Runs that are started now keep it."
        )
    return unpack(packed)


def _limited(heartbeat: Heartbeat) -> Callable[[], bool]:
    """Return the heartbeat with a time limit, after which it raises Refused."""
    ends_at = time.monotonic() + MOST_SECONDS

    def beat() -> bool:
        heartbeat()
        if time.monotonic() > ends_at:
            raise Refused(
                f"The episode was given up: to replay it takes longer than {MOST_SECONDS:g} seconds."
            )
        return False  # an episode is not cut at the end of a turn

    return beat
