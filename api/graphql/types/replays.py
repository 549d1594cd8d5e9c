"""Replays of episodes that run in child processes, requested with `requestReplay` and done by workers."""

from typing import Any

import graphene

from api.graphql.types.enums import ReplayState
from api.graphql.types.episodes import Episode, KeptEpisode
from api.graphql.types.node import maybe, one
from api.graphql.types.scalars import DateTime
from api.replays import WORDS, film_url, recording_of, state_of
from database.models import Replay
from processing.core.steppers.recording import Recording


class EpisodeReplay(graphene.ObjectType):
    """An episode that somebody asked to see again."""

    index = one(graphene.Int, "Number of the episode, from 0.")
    state = one(ReplayState, "Where it stands.")
    message = maybe(graphene.String, "That it waits; why it failed; why it ended early; else null.")
    requested_at = one(DateTime, "When it was last asked for.")
    finished_at = maybe(DateTime, "When it was done, or failed; null until then.")
    episode = maybe(Episode, "What happened; null until it is done, and where nothing can be shown.")
    gif_url = maybe(
        graphene.String, "The address of its frames as an animated GIF; null where there are none."
    )
    frames_message = maybe(
        graphene.String, "Why there are no frames, or what is to be known of them; else null."
    )

    @staticmethod
    def resolve_index(replay: Replay, info: Any) -> int:
        return replay.episode

    @staticmethod
    def resolve_state(replay: Replay, info: Any) -> str:
        return state_of(replay)

    @staticmethod
    def resolve_message(replay: Replay, info: Any) -> str | None:
        """Why the replay waits, failed or ended early; None where it did none of these."""
        state = state_of(replay)
        if state in WORDS:
            return WORDS[state]
        if replay.failure:
            return replay.failure
        kept = kept_of(info.context, replay)
        return None if kept is None else kept.reason

    @staticmethod
    def resolve_episode(replay: Replay, info: Any) -> KeptEpisode | None:
        return episode_of(info.context, replay)

    @staticmethod
    def resolve_gif_url(replay: Replay, info: Any) -> str | None:
        return film_url(replay, "gif")

    @staticmethod
    def resolve_frames_message(replay: Replay, info: Any) -> str | None:
        kept = kept_of(info.context, replay)
        return None if kept is None else kept.undrawn


def episode_of(context: Any, replay: Replay) -> KeptEpisode | None:
    """The recorded episode of a replay; None where nothing can be shown."""
    kept = kept_of(context, replay)
    if kept is None or kept.trajectory is None:
        return None
    return KeptEpisode(kept.trajectory, index=replay.episode, seed=context.instance(replay.instance_id).seed)


def kept_of(context: Any, replay: Replay) -> Recording | None:
    """The recording of a replay, read once in a request; None where there is none.

    Raises:
        Refused: one request reads too much.
    """
    if not replay.result_bytes:  # type: ignore[attr-defined]
        return None
    if replay.pk not in context.recordings:
        context.budgets.recordings.spend(replay.result_bytes)  # type: ignore[attr-defined]
        context.recordings[replay.pk] = recording_of(replay, context.plan(replay.instance_id))
    return context.recordings[replay.pk]
