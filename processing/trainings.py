"""Slices of judges that train: a worker holds as many as it trains networks at a time, and stores each alone.

So one worker uses all its cores while its turn lasts, and a kill costs one training of each.
"""

from collections.abc import Callable, Iterator
from contextlib import closing

from database.services import SliceClaim
from processing import claims, slices
from processing.core.evaluations import check
from processing.core.search.slice_payload import pack_results, unpack_slice
from processing.core.types import Genomes
from processing.heartbeat import Heartbeat, StepEnd
from processing.run import Run


def work_on(
    claim: SliceClaim, run: Run, heartbeat: Heartbeat, *, answers: Callable[[SliceClaim], None]
) -> StepEnd:
    """Train the agent of a claimed slice, and those of further slices of its run until the turn is over.

    Args:
        answers: called before an error is raised, with the claim under which it is to be recorded; the other
            slices that were not stored are free again then.
    Raises:
        Fenced, Stopping: nothing more was stored.
    """
    held = _Held(claim, run)
    heartbeat.watch(held.extend, held.is_to_pause)
    try:
        with closing(run.plan.judge.evaluate_each(
            held.agents(), seed=run.instance.seed, processes=run.threads, beat=heartbeat
        )) as evaluated:
            for place, evaluations in evaluated:
                check(evaluations, 1)
                slices.store(held.claims[place], pack_results(evaluations, run.plan.genome))
                del held.claims[place]
    finally:
        answers(held.handed_back())
    return StepEnd.GOES_ON


class _Held:
    """The claims of slices whose agents are being trained, by their places among all that were read."""

    def __init__(self, first: SliceClaim, run: Run) -> None:
        self.first, self.run = first, run
        self.claims: dict[int, SliceClaim] = {}

    def agents(self) -> Iterator[Genomes]:
        """Yield the agent of the first slice, and those of slices that are claimed then; see `evaluate_each`.
        """
        claim: SliceClaim | None = self.first
        number = 0
        while claim is not None:
            if self.claims and claims.is_poisoned(claim):
                claims.hand_back(claim)  # to be trained alone, as workers died of it
                return
            if not slices.is_given_up(claim, self.run.plan):
                self.claims[number] = claim
                number += 1
                yield unpack_slice(slices.population_of(claim), self.run.plan.genome).genomes
                if claims.is_poisoned(claim):
                    return
            claim = claims.claim_slice_of(claim.instance_id)

    def extend(self, seconds: float) -> None:
        """Extend all leases. Raises Fenced."""
        for claim in self.claims.values():
            claims.extend(claim, seconds)

    def is_to_pause(self) -> bool:
        """Whether the run is to be paused. Raises Fenced."""
        return any(claims.is_to_pause(claim) for claim in list(self.claims.values())[:1])

    def handed_back(self) -> SliceClaim:
        """Free the slices that were not stored, as if they had not been claimed, but for the one returned.

        Where all were stored, that is the first one.
        """
        kept, *others = self.claims.values() or [self.first]
        for claim in others:
            claims.hand_back(claim)
        self.claims.clear()
        return kept
