"""Replays of episodes that run in child processes: their requests, their recordings and their pictures."""

from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from api.ids import BadId, global_id, read_id
from api.policy import page
from database import selectors
from database.errors import NotFound, genome_not_kept
from database.models import Replay, ReplayState, agent_name
from database.selectors import AgentRecord
from processing import replays
from processing.core.errors import Refused
from processing.core.search.plan import Plan
from processing.core.steppers.film import gif, unpack_film
from processing.core.steppers.recording import Recording, unpack
from processing.replays import normalization_of
from processing.run import plan_of_work_item

#: The message of a replay that is not done yet, by its state.
WORDS = {"WAITING": "It waits for a worker.", "RUNNING": "A worker replays it now."}
#: File endings in which pictures are served, and how many GIFs are cached.
ENDINGS, GIFS = ("gif", "film"), 4


def request(agent: AgentRecord, *, episode: int, pictures: bool, user: Any) -> Replay:
    """Request the replay of an episode of this agent; a worker does it, unless one did it before.

    Args:
        episode: number of the episode, from 0.
        pictures: whether its steps are drawn too, where the environment can draw.
        user: who asks; anonymous where nobody is logged in.
    Raises:
        NotFound: the run was deleted, or the agent's genome is not kept.
        Refused: episodes of this run need no request; there is no such episode; or the normalisation of the
            agent's observations is not kept.
        TooMany: too many requests wait already.
    """
    instance = selectors.instance(agent.instance_id)
    address = agent.instance_id, agent.generation, agent.index
    if instance is None or address not in selectors.genome_bytes_at([address]):
        raise NotFound(genome_not_kept(f"The genome of agent {agent.name}"))
    plan = plan_of_work_item(instance.work_item)
    if not plan.judge.replays.is_recorded:
        raise Refused("Episodes of this run are replayed at once: nobody needs to ask for them.")
    plan.judge.replays.check_episode(episode)
    normalization_of(plan, agent.instance_id, agent.generation)
    return replays.request(
        instance_id=agent.instance_id, generation=agent.generation, index=agent.index, episode=episode,
        with_pictures=pictures, owner=user if user.is_authenticated else None,
    )


def state_of(replay: Replay) -> str:
    """The state that clients see: WAITING, RUNNING, DONE or FAILED."""
    return "RUNNING" if replay.state == ReplayState.WAITING and replay.claimed_by else str(replay.state)


def recording_of(replay: Replay, plan: Plan) -> Recording | None:
    """The recording of a replay, without its pictures; None where there is none."""
    data = selectors.replay_result(replay.pk)
    return None if data is None else unpack(data, plan.genome)


def film_url(replay: Replay, ending: str) -> str | None:
    """The URL of its pictures as a `film` or a `gif`; None where there are none."""
    if not getattr(replay, "film_bytes", None):
        return None
    agent_id = global_id("Agent", replay.instance_id, replay.generation, replay.index)
    return reverse("film", args=(agent_id, replay.episode, ending))


@require_safe
@page
def film(request: HttpRequest, id: str, episode: int, ending: str) -> HttpResponse:
    """The pictures of an episode: as an animated GIF, or as `film.py` packs them, for a page that plays them.
    """
    try:
        instance_id, generation, index = read_id(id, "Agent").numbers
    except BadId as error:
        raise NotFound(f"There is no such agent: {error}.") from error
    is_known = episode < 2**31 and ending in ENDINGS
    replay = selectors.replay(instance_id, generation, index, episode) if is_known else None
    data = None if replay is None else selectors.replay_film(replay.pk)
    if replay is None or data is None:
        raise NotFound("There are no pictures of this episode: ask for its replay first.")
    if ending == "film":
        return HttpResponse(data, content_type="application/octet-stream")
    name = f"{agent_name(instance_id, generation, index)}-episode-{episode}.gif"
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return HttpResponse(_gif(replay.pk, str(replay.finished_at)), content_type="image/gif", headers=headers)


@lru_cache(maxsize=GIFS)
def _gif(pk: int, _finished_at: str) -> bytes:
    """The GIF of a replay; the time of its end keeps the cache from returning an earlier one.

    Raises:
        NotFound: the replay was deleted meanwhile.
    """
    data = selectors.replay_film(pk)
    if data is None:
        raise NotFound("There are no pictures of this episode any more.")
    return gif(unpack_film(data))
