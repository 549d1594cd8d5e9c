"""Replays: episodes that somebody asked to see again, evaluated again by a worker, and kept.

A replay is a step with a lease, as a slice is, but belongs to no generation under way: it is done whatever state its run is
in, and changes nothing of the run.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from database.errors import Fenced, NotFound, TooMany
from database.models import Instance, Replay, ReplayState
from database.services.leases import FREE, ONE_LESS, after_trouble, taken

#: Replays that wait at a time: of one user, or of all who did not log in together; and in all.
MOST_OF_A_USER, MOST_IN_ALL = 20, 200
#: Replays of a run that are kept; where there are more, the oldest go.
MOST_KEPT = 50

_OF_A_CLAIM = (
    "token", "attempts", "crashes", "troubles", "instance_id", "generation", "index", "episode", "with_pictures"
)


@dataclass(frozen=True, slots=True)
class ReplayClaim:
    """The right to do one replay, until the lease ends or somebody raises the token."""

    replay_id: int
    instance_id: int
    token: int
    attempts: int  # claims, this one included
    crashes: int  # of them, how many ended in a crash that the parent saw
    troubles: int  # tries that something left unanswered
    generation: int
    index: int
    episode: int
    with_pictures: bool
    took_over: bool = False  # the lease of another worker had run out


def request_replay(
    *, instance_id: int, generation: int, index: int, episode: int, with_pictures: bool, owner: User | None
) -> tuple[Replay, bool]:
    """The replay of this episode, and whether it waits from now on; else it waits already, or was done with all that is
    asked for.

    Raises:
        NotFound: there is no such run.
        TooMany: so many wait already.
    """
    address = {"instance_id": instance_id, "generation": generation, "index": index, "episode": episode}
    with transaction.atomic():
        if not Instance.objects.select_for_update().filter(pk=instance_id).exists():
            raise NotFound(f"There is no run {instance_id}.")
        row = Replay.objects.filter(**address).defer("result", "film").first()
        if row is not None and _is_enough(row, with_pictures):
            return row, False
        if row is None or row.state != ReplayState.WAITING:
            _check_room(owner)
        asked = {
            "with_pictures": with_pictures or (row is not None and row.with_pictures), "state": ReplayState.WAITING,
            "requested_by": owner, "requested_at": Now(), "finished_at": None, "failure": "", "lease_until": None,
            "claimed_by": "", "attempts": 0, "crashes": 0, "troubles": 0,
        }
        if row is None:
            row = Replay.objects.create(**address, **asked)
        else:
            Replay.objects.filter(pk=row.pk).update(**asked, token=F("token") + 1)
    return Replay.objects.defer("result", "film").get(pk=row.pk), True


def claim_replay(*, replay_id: int, worker: str, lease_seconds: float) -> ReplayClaim | None:
    """The replay is ours for `lease_seconds`; None when it does not wait any more, or somebody has it."""
    with transaction.atomic():
        free = Replay.objects.filter(FREE, pk=replay_id, state=ReplayState.WAITING)
        took_over = taken((lambda: free,), worker=worker, lease_seconds=lease_seconds)
        if took_over is None:
            return None
        row = Replay.objects.values(*_OF_A_CLAIM).get(pk=replay_id)
    return ReplayClaim(replay_id=replay_id, **row, took_over=took_over)


def extend_replay(*, claim: ReplayClaim, lease_seconds: float) -> None:
    """The lease lasts `lease_seconds` from now. Raises Fenced where it is no longer ours, or the run was deleted."""
    _changed(claim, lease_until=Now() + timedelta(seconds=lease_seconds))


def hand_back_replay(*, claim: ReplayClaim) -> None:
    """The replay is free as it was before the claim."""
    _mine(claim).update(lease_until=None, claimed_by="", attempts=ONE_LESS)


def back_off_replay(*, claim: ReplayClaim) -> None:
    """The replay is free for a later try, the later the more there were. Nobody died of it, so it is no attempt."""
    _mine(claim).update(**after_trouble(claim.troubles))


def store_replay(*, claim: ReplayClaim, result: bytes, film: bytes | None) -> None:
    """The replay is done, and kept; of a run's others the oldest go where there are too many. Raises Fenced."""
    with transaction.atomic():
        _changed(claim, **_ended(ReplayState.DONE), failure="", result=result, film=film)
        _forget_oldest(claim.instance_id)


def fail_replay(*, claim: ReplayClaim, failure: str) -> None:
    """The replay cannot be done, for this reason; it may be asked for again. Raises Fenced."""
    with transaction.atomic():
        _changed(claim, **_ended(ReplayState.FAILED), failure=failure)
        _forget_oldest(claim.instance_id)


def _forget_oldest(instance_id: int) -> None:
    """Of a run's replays that wait for nothing, those beyond the newest MOST_KEPT are gone."""
    done = Replay.objects.filter(instance=instance_id).exclude(state=ReplayState.WAITING)
    newest = done.order_by("-finished_at", "-pk").values_list("pk", flat=True)
    Replay.objects.filter(pk__in=list(newest[MOST_KEPT:])).delete()


def _is_enough(row: Replay, with_pictures: bool) -> bool:
    """Whether nothing more need be done for what is asked now."""
    return row.state != ReplayState.FAILED and (row.with_pictures or not with_pictures)


def _check_room(owner: User | None) -> None:
    waiting = Replay.objects.filter(state=ReplayState.WAITING)
    if waiting.filter(requested_by=owner).count() >= MOST_OF_A_USER:
        raise TooMany(f"{MOST_OF_A_USER} replays that you asked for wait already. Ask again when some of them are done.")
    if waiting.count() >= MOST_IN_ALL:
        raise TooMany(f"{MOST_IN_ALL} replays wait already. Ask again when some of them are done.")


def _ended(state: ReplayState) -> dict[str, Any]:
    return {
        "state": state, "finished_at": Now(), "lease_until": None, "claimed_by": "", "attempts": 0, "crashes": 0, "troubles": 0,
    }


def _mine(claim: ReplayClaim) -> Any:
    """The claim's replay, where the token is still that of the claim."""
    return Replay.objects.filter(pk=claim.replay_id, token=claim.token, state=ReplayState.WAITING)


def _changed(claim: ReplayClaim, **fields: Any) -> None:
    if not _mine(claim).update(**fields):
        raise Fenced(f"replay {claim.replay_id} of run {claim.instance_id}: somebody else took over, or asked anew")
