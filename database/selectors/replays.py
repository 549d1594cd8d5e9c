"""Replays of episodes: where each stands, and what was kept of it."""

from collections.abc import Iterable

from django.db.models import Q
from django.db.models.functions import Length

from database.models import Replay

#: Of a replay: run, generation, index of the agent, episode.
ReplayAddress = tuple[int, int, int, int]


def replays_of(agents: Iterable[tuple[int, int, int]]) -> dict[tuple[int, int, int], list[Replay]]:
    """The replays of these agents, by episode, without what was kept of them but its length in
    `result_bytes` and `film_bytes`."""
    found: dict[tuple[int, int, int], list[Replay]] = {}
    wanted = Q(pk__in=())
    for instance_id, generation, index in agents:
        wanted |= Q(instance=instance_id, generation=generation, index=index)
    rows = Replay.objects.filter(wanted).defer("result", "film").order_by("episode").annotate(
        result_bytes=Length("result"), film_bytes=Length("film")
    )
    for row in rows:
        found.setdefault((row.instance_id, row.generation, row.index), []).append(row)
    return found


def replay(instance_id: int, generation: int, index: int, episode: int) -> Replay | None:
    """The replay of an episode as `replays_of` has it; None where nobody asked for it, or it was deleted."""
    rows = replays_of([(instance_id, generation, index)]).get((instance_id, generation, index), [])
    return next((row for row in rows if row.episode == episode), None)


def replay_result(pk: int) -> bytes | None:
    """What was kept of a replay, packed; None where nothing was."""
    return _bytes(pk, "result")


def replay_film(pk: int) -> bytes | None:
    """The pictures of a replay, packed; None where there are none."""
    return _bytes(pk, "film")


def _bytes(pk: int, field: str) -> bytes | None:
    data = Replay.objects.filter(pk=pk).values_list(field, flat=True).first()
    return None if data is None else bytes(data)
