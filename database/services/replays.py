"""Replays: requested episodes that a worker evaluates again, and whose results are stored.

A replay is a step with a lease, like a slice, but does not belong to the current generation: it is evaluated
in any state of its run, and does not change the run.
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
from database.services.claiming import claim_row
from database.services.leases import NO_PROFILE, ONE_LESS, after_no_answer, release_replays
from database.services.shares import arrive, leave, share_of, turn_order
from database.turns import Abilities, StepKind

#: Maximum number of waiting replays: of one user (all anonymous users count as one), and in all.
MOST_OF_A_USER, MOST_IN_ALL = 20, 200
#: Maximum number of finished replays of a run; the oldest beyond it are deleted.
MOST_KEPT = 50


@dataclass(frozen=True, slots=True)
class ReplayClaim:
    """The right to evaluate one replay until the lease expires or its token is raised."""

    replay_id: int
    instance_id: int
    token: int
    attempts: int  # claims, this one included
    crashes: int  # of these attempts, how many ended in a crash that the parent process detected
    troubles: int  # tries in which a service did not answer
    generation: int
    index: int
    episode: int
    with_pictures: bool
    submitter_id: int  # the shares that are charged for the turn: that of who asked for it
    share_id: int  # and that of the work item in it
    priority: int  # of its run


def request_replay(
    *, instance_id: int, generation: int, index: int, episode: int, with_pictures: bool, owner: User | None
) -> tuple[Replay, bool]:
    """Request the replay of an episode; return it, and whether it was newly queued.

    It is not queued where it waits already, or is done with everything that is requested.

    Raises:
        NotFound: there is no such run.
        TooMany: too many replays are waiting already.
    """
    address = {"instance_id": instance_id, "generation": generation, "index": index, "episode": episode}
    with transaction.atomic():
        locked = Instance.objects.select_for_update(of=("self",)).filter(pk=instance_id)
        instance = locked.select_related("work_item").defer("work_item__staged").first()
        if instance is None or instance.is_being_deleted:
            raise NotFound(f"There is no run {instance_id}.")
        row = Replay.objects.filter(**address).defer("result", "film").first()
        if row is not None and _is_enough(row, with_pictures):
            return row, False
        is_waiting = row is not None and row.state == ReplayState.WAITING
        if not is_waiting:
            _check_room(owner)
        asked: dict[str, Any] = {
            "turn_order": turn_order(Now(), instance.priority),
            "with_pictures": with_pictures or (row is not None and row.with_pictures),
            "state": ReplayState.WAITING, "requested_at": Now(), "finished_at": None, "failure": "",
            "lease_until": None, "claimed_by": "", "attempts": 0, "crashes": 0, "troubles": 0,
        }
        if not is_waiting:  # who asked first is charged for it
            asked |= {"share": share_of(instance.work_item, owner), "requested_by": owner}
        if row is None:
            row = Replay.objects.create(**address, **asked)
        else:
            release_replays(Replay.objects.filter(pk=row.pk), None)
            Replay.objects.filter(pk=row.pk).update(**asked, token=F("token") + 1)
        if not is_waiting:
            arrive(asked["share"].pk)
    return Replay.objects.defer("result", "film").get(pk=row.pk), True


def claim_replay(
    *, replay_id: int, worker: str, lease_seconds: float, abilities: Abilities = NO_PROFILE
) -> ReplayClaim | None:
    """Claim a replay for `lease_seconds`; None where it no longer waits, or another worker holds it."""
    row = claim_row(
        StepKind.REPLAY, replay_id, worker=worker, lease_seconds=lease_seconds, abilities=abilities
    )
    return None if row is None else ReplayClaim(replay_id=replay_id, **row)


def extend_replay(*, claim: ReplayClaim, lease_seconds: float) -> None:
    """Extend the lease to `lease_seconds` from now.

    Raises:
        Fenced: the claim is no longer valid, or the run was deleted.
    """
    _changed(claim, lease_until=Now() + timedelta(seconds=lease_seconds))


def check_replay(*, claim: ReplayClaim) -> None:
    """Check that the claim is valid.

    Raises:
        Fenced: it is not, or the run was deleted.
    """
    if not _mine(claim).exists():
        raise Fenced(f"replay {claim.replay_id} of run {claim.instance_id}: gone, or somebody else took over")


def hand_back_replay(*, claim: ReplayClaim) -> bool:
    """Release the replay as it was before the claim; return whether that was valid."""
    return bool(_mine(claim).update(lease_until=None, claimed_by="", attempts=ONE_LESS))


def back_off_replay(*, claim: ReplayClaim) -> bool:
    """Release the replay for a later try, with exponential back-off.

    No process crashed, so it is not an attempt.

    Returns:
        Whether the claim was valid.
    """
    return bool(_mine(claim).update(**after_no_answer(claim.troubles)))


def store_replay(*, claim: ReplayClaim, result: bytes, film: bytes | None) -> None:
    """Store the result of a replay, and delete the run's oldest replays beyond MOST_KEPT.

    Raises:
        Fenced: the claim is no longer valid.
    """
    with transaction.atomic():
        _changed(claim, **_ended(ReplayState.DONE), failure="", result=result, film=film)
        _delete_oldest(claim.instance_id)
        leave(claim.share_id)


def fail_replay(*, claim: ReplayClaim, failure: str) -> None:
    """Mark a replay as failed for this reason; it may be requested again.

    Raises:
        Fenced: the claim is no longer valid.
    """
    with transaction.atomic():
        _changed(claim, **_ended(ReplayState.FAILED), failure=failure)
        _delete_oldest(claim.instance_id)
        leave(claim.share_id)


def _delete_oldest(instance_id: int) -> None:
    """Delete the run's finished replays beyond the newest MOST_KEPT."""
    done = Replay.objects.filter(instance=instance_id).exclude(state=ReplayState.WAITING)
    newest = done.order_by("-finished_at", "-pk").values_list("pk", flat=True)
    Replay.objects.filter(pk__in=list(newest[MOST_KEPT:])).delete()


def _is_enough(row: Replay, with_pictures: bool) -> bool:
    """Whether the replay waits or is done with everything that is requested now."""
    return row.state != ReplayState.FAILED and (row.with_pictures or not with_pictures)


def _check_room(owner: User | None) -> None:
    waiting = Replay.objects.filter(state=ReplayState.WAITING)
    if waiting.filter(requested_by=owner).count() >= MOST_OF_A_USER:
        raise TooMany(
            f"{MOST_OF_A_USER} replays that you asked for wait already. Ask again when some of them are done."
        )
    if waiting.count() >= MOST_IN_ALL:
        raise TooMany(f"{MOST_IN_ALL} replays wait already. Ask again when some of them are done.")


def _ended(state: ReplayState) -> dict[str, Any]:
    return {
        "state": state, "finished_at": Now(), "lease_until": None, "claimed_by": "", "attempts": 0,
        "crashes": 0, "troubles": 0,
    }


def _mine(claim: ReplayClaim) -> Any:
    """Select the claim's replay while the claim is valid: it waits, with the claim's token."""
    return Replay.objects.filter(pk=claim.replay_id, token=claim.token, state=ReplayState.WAITING)


def _changed(claim: ReplayClaim, **fields: Any) -> None:
    if not _mine(claim).update(**fields):
        raise Fenced(
            f"replay {claim.replay_id} of run {claim.instance_id}: somebody else took over, or asked anew"
        )
