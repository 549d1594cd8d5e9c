"""Replays of episodes: their states and results."""

from collections.abc import Iterable

from django.db.models import Q
from django.db.models.functions import Length

from database.models import Replay

#: (instance, generation, index, episode)
ReplayAddress = tuple[int, int, int, int]


def replays_of(agents: Iterable[tuple[int, int, int]]) -> dict[tuple[int, int, int], list[Replay]]:
    """Return the replays of these agents, ordered by episode.

    Results and films are not loaded; their lengths are in `result_bytes` and `film_bytes`.
    """
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
    """Return the replay of an episode as in `replays_of`; None where it was not requested or was deleted."""
    rows = replays_of([(instance_id, generation, index)]).get((instance_id, generation, index), [])
    return next((row for row in rows if row.episode == episode), None)


def replay_result(pk: int) -> bytes | None:
    """Return the packed result of a replay; None where there is none."""
    return _bytes(pk, "result")


def replay_film(pk: int) -> bytes | None:
    """Return the packed frames of a replay; None where there are none."""
    return _bytes(pk, "film")


def _bytes(pk: int, field: str) -> bytes | None:
    data = Replay.objects.filter(pk=pk).values_list(field, flat=True).first()
    return None if data is None else bytes(data)
