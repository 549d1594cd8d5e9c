"""Slices of an expensive generation, which is stored before its evaluation and evaluated by all workers.

The run's row counts the pending slices. The transaction that stores a slice's results decrements the count,
and with the one that brings it to zero the run can be advanced again. While slices are being written, the
count is null, and nobody claims them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Now

from database.errors import Fenced
from database.models import ACTIVE, Instance, Slice
from database.services.claiming import claim_row
from database.services.clock import database_now
from database.services.leases import HELD, NO_PROFILE, ONE_LESS, after_no_answer, charge_revoked
from database.turns import Abilities, StepKind


@dataclass(frozen=True, slots=True)
class NewSlice:
    """A slice to be written: agents first..last-1 of a generation, packed."""

    first: int
    last: int
    population: bytes
    results: bytes | None = None  # packed; None where they are not evaluated yet
    place: int = 0  # slices are claimed in this order, then in that of agents


@dataclass(frozen=True, slots=True)
class SliceClaim:
    """The right to evaluate one slice until the lease expires, or its token or epoch is raised."""

    slice_id: int
    instance_id: int
    token: int
    epoch: int
    attempts: int  # claims, this one included
    crashes: int  # of these attempts, how many ended in a crash that the parent process detected
    troubles: int  # tries in which a service did not answer
    generation: int
    first: int
    last: int
    submitter_id: int  # the shares of its run, which are charged for the turn: the submitter's
    share_id: int  # and that of the work item
    priority: int


def add_slices(
    *, instance: Instance, generation: int, slices: Sequence[NewSlice], is_first: bool, began_at: datetime
) -> None:
    """Write slices of a generation; call it inside `fenced`.

    Args:
        is_first: whether these are the first ones; what an interrupted attempt has written is deleted then.
        began_at: when the work began on those with results.
    """
    if is_first:
        _delete(instance)
    _insert(instance, generation, slices, began_at)


def open_slices(*, instance: Instance, pending: int) -> None:
    """Let workers claim the slices that were added; call it inside `fenced`.

    The instance's lease is released, and the instance waits for the slices.

    Args:
        pending: number of the slices without results.
    """
    instance.pending_slices = pending
    instance.attempts = instance.crashes = instance.troubles = 0
    instance.lease_until, instance.claimed_by = None, ""


def close_slices(*, instance: Instance) -> None:
    """Delete the slices of a completed generation; call it inside `fenced`."""
    if instance.pending_slices is not None or instance.attempts > 1:  # an earlier attempt may have added some
        _delete(instance)
        instance.pending_slices = None


def claim_slice(
    *, slice_id: int, worker: str, lease_seconds: float, abilities: Abilities = NO_PROFILE
) -> SliceClaim | None:
    """Claim a slice for `lease_seconds`.

    Returns:
        The claim; None where the slice is done, another worker holds it, or its run is not evaluated.
    """
    row = claim_row(
        StepKind.SLICE, slice_id, worker=worker, lease_seconds=lease_seconds, abilities=abilities
    )
    return None if row is None else SliceClaim(slice_id=slice_id, **row)


def extend_slice(*, claim: SliceClaim, lease_seconds: float) -> None:
    """Extend the lease to `lease_seconds` from now.

    Raises:
        Fenced: the claim is no longer valid, or the run has ended.
    """
    going_on = Instance.objects.filter(pk=OuterRef("instance"), epoch=claim.epoch, state__in=ACTIVE)
    if not _mine(claim).filter(Exists(going_on)).update(lease_until=Now() + timedelta(seconds=lease_seconds)):
        raise Fenced(f"slice {claim.slice_id} of run {claim.instance_id}: the lease was lost")


def state_of_slice(*, claim: SliceClaim) -> str:
    """Return the state of the run of the claim's slice.

    Raises:
        Fenced: the claim is no longer valid, or the run has ended.
    """
    going_on = _mine(claim).filter(instance__epoch=claim.epoch, instance__state__in=ACTIVE)
    state = going_on.values_list("instance__state", flat=True).first()
    if state is None:
        raise Fenced(f"slice {claim.slice_id} of run {claim.instance_id}: ended, or somebody else took over")
    return str(state)


def hand_back_slice(*, claim: SliceClaim) -> bool:
    """Release the slice as it was before the claim; return whether that was valid."""
    return bool(_mine(claim).update(lease_until=None, claimed_by="", attempts=ONE_LESS))


def back_off_slice(*, claim: SliceClaim) -> bool:
    """Release the slice for a later try, with exponential back-off.

    No process crashed, so it is not an attempt.

    Returns:
        Whether the claim was valid.
    """
    return bool(_mine(claim).update(**after_no_answer(claim.troubles)))


@contextmanager
def fenced_slice(claim: SliceClaim) -> Iterator[Instance]:
    """Open a transaction that locks the row of the slice's run, for the holder of the claim only.

    Raises:
        Fenced: the claim is no longer valid, or the run has ended.
    """
    with transaction.atomic():
        going_on = Instance.objects.select_for_update().filter(
            pk=claim.instance_id, epoch=claim.epoch, state__in=ACTIVE
        )
        instance = going_on.first()
        if instance is None or instance.pending_slices is None:
            raise Fenced(f"run {claim.instance_id}: ended or begun anew meanwhile")
        if not _mine(claim).exists():
            raise Fenced(f"slice {claim.slice_id} of run {claim.instance_id}: somebody else took over")
        instance.updated_at = database_now()
        yield instance


def store_results(*, instance: Instance, claim: SliceClaim, results: bytes) -> None:
    """Store the results of a slice; call it inside `fenced_slice`."""
    _mine(claim).update(results=results, lease_until=None, claimed_by="", finished_at=Now())
    assert instance.pending_slices
    instance.pending_slices -= 1


def split_slice(*, instance: Instance, claim: SliceClaim, slices: Sequence[NewSlice]) -> None:
    """Replace a slice by smaller ones, at least one of them without results; call it inside `fenced_slice`.
    """
    began_at = _mine(claim).values_list("claimed_at", flat=True).get()
    _mine(claim).delete()
    _insert(instance, claim.generation, slices, began_at)
    assert instance.pending_slices
    instance.pending_slices += sum(each.results is None for each in slices) - 1


def has_held_slices(*, instance: Instance) -> bool:
    """Whether a worker holds a slice of the instance."""
    return Slice.objects.filter(HELD, instance=instance, results__isnull=True).exists()


def leave_slices(*, instance: Instance) -> None:
    """Revoke all claims of slices of an instance that stops; the caller has locked its row."""
    charge_revoked(instance, only_slices=True)
    Slice.objects.filter(instance=instance, results__isnull=True).update(
        token=F("token") + 1, lease_until=None, claimed_by=""
    )


def take_up_slices(*, instance: Instance) -> None:
    """Give the slices of an instance its new epoch; those without results are evaluated from the start."""
    Slice.objects.filter(instance=instance).update(epoch=instance.epoch, opened_at=database_now())
    Slice.objects.filter(instance=instance, results__isnull=True).update(
        token=F("token") + 1, lease_until=None, claimed_by="", attempts=0, crashes=0, troubles=0
    )


def _mine(claim: SliceClaim) -> Any:
    """Select the claim's slice while the claim is valid: no results, and the claim's token and epoch."""
    return Slice.objects.filter(pk=claim.slice_id, token=claim.token, epoch=claim.epoch, results__isnull=True)


def _delete(instance: Instance) -> None:
    Slice.objects.filter(instance=instance).delete()


def _insert(
    instance: Instance, generation: int, slices: Sequence[NewSlice], began_at: datetime | None
) -> None:
    now = database_now()
    Slice.objects.bulk_create([
        Slice(
            instance=instance, generation=generation, epoch=instance.epoch, first=each.first, last=each.last,
            population=each.population, results=each.results, opened_at=now, place=each.place,
            claimed_at=None if each.results is None else began_at,
            finished_at=None if each.results is None else now,
        )
        for each in slices
    ], batch_size=100)
