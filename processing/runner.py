"""A worker takes a turn: it claims steps, works under a heartbeat, and records every outcome."""

import contextlib
import logging
import math
import secrets
import time
from collections.abc import Callable, Iterator

from django.conf import settings

from database import services, turns
from database.errors import NO_ANSWER, Fenced
from database.services import Claim, ReplayClaim, SliceClaim
from database.turns import StepKind
from processing import claims, dispatch, logs, node, recovery, replays, slices, trainings
from processing.claims import AnyClaim
from processing.core import extensions
from processing.core.errors import Broken, Refused, Transient, Unregistered
from processing.core.search.generation import GenerationResult
from processing.heartbeat import Heartbeat, StepEnd
from processing.run import Run
from processing.shift import Shift
from processing.stopping import Stopping

log = logging.getLogger(__name__)

#: PostgreSQL's class of codes for limits of its own: a row, a statement or a value is too large.
TOO_MUCH = "54"

#: Within a turn, so many seconds of finished steps are charged at once.
CHARGE_AFTER_SECONDS = 1.0

#: What is done under a claim and its heartbeat.
Work = Callable[[Heartbeat], StepEnd]


def take_turn() -> None:
    """Work on the step whose turn it is, and for the rest of the turn on what its run needs next.

    Wakes are sent where other steps are ready: before the work, so that idle workers begin them, and after
    it.
    """
    with _database_may_not_answer():
        claim = claims.claim_next()
        if claim is None:
            return
        _wake_others()
        _work_for_a_turn(claim)
        dispatch.wake()
        _wake_for_trainings()


def _work_for_a_turn(claim: AnyClaim) -> None:
    """Work on a step, and on further ones of its run until SHIFT_SECONDS are over; charge the time."""
    until = time.monotonic() + settings.SHIFT_SECONDS
    account = _Account(claim)
    step: AnyClaim | None = claim
    loaded: dict[int, Run] = {}
    while step is not None:
        end = _work(step, _work_of(step, until, loaded), until)
        account.ended(end)
        if end != StepEnd.GOES_ON or time.monotonic() >= until:
            break
        step = _next_step_of(step)
    account.close()


class _Account:
    """The seconds of a turn that are still to be charged to its submitter.

    They are charged as the turn ends, and at the ends of steps before, so that a worker which is killed has
    charged all but a second. Of a step that was lost, whoever revoked the claim has charged the time; one
    that was stored although its commit was not answered is charged by nobody.
    """

    def __init__(self, claim: AnyClaim) -> None:
        self.claim, self.since, self.seconds = claim, time.monotonic(), 0.0

    def ended(self, end: StepEnd) -> None:
        """Count the step that has ended now."""
        now = time.monotonic()
        if end != StepEnd.LOST:
            self.seconds += now - self.since
        self.since = now
        if self.seconds >= CHARGE_AFTER_SECONDS:
            self.close()

    def close(self) -> None:
        """Charge what was counted."""
        seconds, self.seconds = self.seconds, 0.0
        if seconds:
            with _database_may_not_answer():
                services.charge(
                    submitter_id=self.claim.submitter_id, share_id=self.claim.share_id, seconds=seconds,
                    priority=self.claim.priority,
                )


def _next_step_of(step: AnyClaim) -> AnyClaim | None:
    """Claim the next step of a step's run; where a generation was opened in slices, others are woken."""
    claimed = None
    with _database_may_not_answer():
        claimed = claims.claim_next_of(step.instance_id)
        if isinstance(step, Claim) and isinstance(claimed, SliceClaim):
            _wake_others()
    return claimed


def _wake_others() -> None:
    """Wake another worker where a step is ready for it."""
    with _database_may_not_answer():
        if turns.next_step(node.abilities()) is not None:
            dispatch.wake()
        _wake_for_trainings()


def _wake_for_trainings() -> None:
    """Wake a worker that trains where a training is ready."""
    if turns.count_trainings(most=1):
        dispatch.wake(queue=settings.TRAINING_QUEUE)


def _work_of(claim: AnyClaim, until: float, loaded: dict[int, Run]) -> Work:
    """Return what is done of a step.

    Args:
        until: when the turn is over, by the monotonic clock.
        loaded: the run by its epoch, once a slice of it was worked on in this turn.
    """
    if isinstance(claim, ReplayClaim):
        return lambda heartbeat: replays.work_on(claim, Run.load(claim.instance_id, threads=1), heartbeat)
    if isinstance(claim, SliceClaim):
        return lambda heartbeat: _slice(claim, heartbeat, loaded)
    return lambda heartbeat: _shift(claim, heartbeat, until)


def _slice(
    claim: SliceClaim, heartbeat: Heartbeat, loaded: dict[int, Run], *, threads: int | None = None
) -> StepEnd:
    """Work on a slice; its run is loaded for the first one, as slices need nothing of it that changes."""
    if claim.epoch not in loaded:
        loaded[claim.epoch] = Run.load(claim.instance_id, threads=threads)
    run = loaded[claim.epoch]
    if run.plan.judge.trains:
        return trainings.work_on(claim, run, heartbeat, answers=heartbeat.answer_for)
    return slices.work_on(claim, run, heartbeat)


def _shift(
    claim: Claim, heartbeat: Heartbeat, until: float, *, threads: int | None = None,
    watch: Callable[[GenerationResult], None] | None = None, in_slices: bool = True,
) -> StepEnd:
    """Advance a run until a moment of the monotonic clock."""
    if not claims.begin(claim):
        return StepEnd.GOES_ON  # it may wait for slices
    run = Run.load(claim.instance_id, threads=threads)
    return Shift(claim, run, heartbeat, until=until, watch=watch, in_slices=in_slices).work()


def work_shift(
    instance_id: int, *, seconds: float | None = None, threads: int | None = None,
    watch: Callable[[GenerationResult], None] | None = None, in_slices: bool = True,
) -> bool:
    """Advance one instance, whoever's turn it is, for some seconds or to its end.

    Args:
        seconds: SHIFT_SECONDS where None.
        threads: cores to evaluate on; this worker's share of the machine where None.
        watch: called after each commit.
        in_slices: where False, this process evaluates every generation as a whole, however long it takes.
    Returns:
        Whether it goes on.
    """
    until = time.monotonic() + (settings.SHIFT_SECONDS if seconds is None else seconds)
    with _database_may_not_answer():
        claim = claims.claim(instance_id)
        if claim is not None:
            end = _work(
                claim, lambda heartbeat: _shift(
                    claim, heartbeat, until, threads=threads, watch=watch, in_slices=in_slices
                ), until, may_be_cut=in_slices,
            )
            return end in (StepEnd.GOES_ON, StepEnd.TURN_OVER)
    return False


def work_slice(slice_id: int, *, threads: int | None = None) -> None:
    """Evaluate one slice of a generation, whoever's turn it is, and store the results of its agents."""
    with _database_may_not_answer():
        claim = claims.claim_slice(slice_id)
        if claim is not None:
            until = time.monotonic() + settings.SHIFT_SECONDS
            _work(claim, lambda heartbeat: _slice(claim, heartbeat, {}, threads=threads), until)


def work_run(
    instance_id: int, *, threads: int | None = None, watch: Callable[[GenerationResult], None] | None = None
) -> None:
    """Work on one run in this process until it has ended, or waits for somebody else.

    A server's worker may have left slices, which are evaluated first, or an expired lease.
    """
    with _database_may_not_answer():
        recovery.free_expired()
        while (found := turns.next_step_of(instance_id, node.abilities())) is not None:
            if found.kind == StepKind.SLICE:
                work_slice(found.pk, threads=threads)
            else:
                work_shift(instance_id, seconds=math.inf, threads=threads, watch=watch, in_slices=False)


@contextlib.contextmanager
def _database_may_not_answer() -> Iterator[None]:
    """End the work where the database does not answer outside of a step."""
    try:
        yield
    except NO_ANSWER as error:
        log.warning("the database does not answer: %s; the sweep will try again", error)
        services.renew_connection()


def _work(claim: AnyClaim, work: Work, until: float, *, may_be_cut: bool = True) -> StepEnd:
    """Work on a claimed step; an error that ends the work is recorded.

    Args:
        until: when the turn is over, by the monotonic clock.
        may_be_cut: whether the work may end in the middle of a generation.
    """
    logs.set_context(
        instance=claim.instance_id, generation=getattr(claim, "generation", None), correlation_id=None,
        worker=node.process_name()
    )
    what, first = claims.name_of(claim), claim
    heartbeat = Heartbeat(
        lambda seconds: claims.extend(first, seconds), lambda: claims.is_to_pause(first) and may_be_cut,
        until=until if may_be_cut else math.inf,
    )
    try:
        with heartbeat:
            try:
                return work(heartbeat)
            finally:
                claim = heartbeat.answers_for or claim
    except Fenced as fenced:
        node.count(fenced=1)
        log.info("%s", fenced)
        if heartbeat.answers_for:  # another one of several steps was lost
            claims.hand_back(heartbeat.answers_for)
        return StepEnd.LOST
    except Stopping:
        is_mine = claims.hand_back(claim)
    except (Refused, Broken) as error:
        is_mine = claims.fail(claim, str(error))
    except (*NO_ANSWER, Transient) as error:
        log.warning("%s: %s The sweep will try again.", what, _sentence(error))
        if _is_hopeless(error):
            is_mine = claims.fail(claim, f"The database does not take this work: {error}".strip())
        else:
            tries = 1 if isinstance(error, Unregistered) else claims.FAILURES_TO_REPORT
            is_mine = claims.back_off(claim, _sentence(error), tries_to_report=tries)
    except MemoryError:
        too_much = "The machine ran out of memory. Make the population or the network smaller."
        is_mine = claims.fail(claim, too_much)
    except (Exception, SystemExit) as error:
        blamed = extensions.blamed(error)
        if isinstance(error, SystemExit) and blamed is None:
            raise
        number = secrets.token_hex(6)
        log.exception("trouble %s: %s", number, what, extra={"correlation_id": number})
        whose = blamed or "Something went wrong here; it is not your fault."
        is_mine = claims.fail(claim, f"{whose} The log tells more under {number}.")
    finally:
        node.flush_counts()
        logs.set_context(instance=None, generation=None)
    return StepEnd.FAILED if is_mine else StepEnd.LOST


def _sentence(error: Exception) -> str:
    """Return why work could not be done now."""
    if isinstance(error, Transient):
        return str(error).rstrip(".") + "."
    return f"The database does not store the work ({type(error).__name__})."


def _is_hopeless(error: Exception) -> bool:
    """Whether the database refuses the work as too large, which no later try changes."""
    return str(getattr(error.__cause__, "pgcode", None) or "").startswith(TOO_MUCH)
