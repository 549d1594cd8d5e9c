"""Sends messages for ready steps: one for each, and of many slices and replays for the first ones."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import transaction

from database import services, steps
from database.models import Replay
from processing import dispatch


def announce(instance_ids: Iterable[int]) -> None:
    """Send a message for each step of these runs that is ready; of many slices, for the first ones."""
    numbers = list(instance_ids)
    if numbers:
        dispatch.send(dispatch.ADVANCE, steps.ready_instances(only=numbers))
        dispatch.send(dispatch.EVALUATE, steps.ready_slices(only=numbers, most=most_announced()))


def announce_next(instance_id: int) -> None:
    """Send one more message for a run of which a slice is done.

    Slices that were skipped are announced last, once fewer are ready than are announced at a time.
    """
    dispatch.send(dispatch.ADVANCE, steps.ready_instances(only=[instance_id]))
    most = most_announced()
    ready = steps.ready_slices(only=[instance_id], most=most)
    dispatch.send(dispatch.EVALUATE, ready[-1:] if len(ready) == most else ready[:1])


def request_replay(
    *, instance_id: int, generation: int, index: int, episode: int, with_pictures: bool, owner: Any
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
            ready = [each for each in steps.ready_replays(most=most_announced()) if each[0] == replay.pk]
            transaction.on_commit(lambda: dispatch.send(dispatch.REPLAY, ready))
    return replay


def announce_next_replay() -> None:
    """Send one more message after a replay is done or free again; of many only the first are announced."""
    most = most_announced()
    ready = steps.ready_replays(most=most)
    dispatch.send(dispatch.REPLAY, ready[-1:] if len(ready) == most else ready[:1])


def most_announced() -> int:
    """Return how many slices of a run are announced at a time, so that other runs wait for a few only."""
    return 2 * int(settings.NUMBER_OF_WORKERS) * int(settings.PROCESSES_A_WORKER)
