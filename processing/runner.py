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
from processing import claims, dispatch, logs, node, replays, slices
from processing.claims import AnyClaim
from processing.core import extensions
from processing.core.errors import Broken, Refused, Transient, Unregistered
from processing.core.search.generation import GenerationResult
from processing.heartbeat import Heartbeat
from processing.run import Run
from processing.shift import Shift
from processing.stopping import Stopping

log = logging.getLogger(__name__)

#: PostgreSQL's class of codes for limits of its own: a row, a statement or a value is too large.
TOO_MUCH = "54"

#: What is done under a claim and its heartbeat; the answer is whether its run goes on.
Work = Callable[[Heartbeat], bool]


def take_turn() -> None:
    """Work on the step whose turn it is, and for the rest of the turn on what its run needs next.

    The seconds are charged to the submitter. Wakes are sent where other steps are ready: before the work, so
    that idle workers begin them, and after it.
    """
    with _database_may_not_answer():
        claim = claims.claim_next()
        if claim is None:
            return
        with _charged(claim):
            with _database_may_not_answer():
                if turns.next_step(node.profiles()) is not None:
                    dispatch.wake()
            _work_for_a_turn(claim)
        dispatch.wake()


def _work_for_a_turn(claim: AnyClaim) -> None:
    """Work on a step, and on further ones of its run until SHIFT_SECONDS are over."""
    until = time.monotonic() + settings.SHIFT_SECONDS
    step: AnyClaim | None = claim
    while step is not None and _work(step, _work_of(step, until), until) is not None:
        is_over = isinstance(step, ReplayClaim) or time.monotonic() >= until
        step = None if is_over else claims.claim_next_of(step.instance_id)


def _work_of(claim: AnyClaim, until: float) -> Work:
    if isinstance(claim, ReplayClaim):
        return lambda heartbeat: replays.work_on(claim, Run.load(claim.instance_id, threads=1), heartbeat)
    if isinstance(claim, SliceClaim):
        return lambda heartbeat: slices.work_on(claim, Run.load(claim.instance_id, threads=None), heartbeat)
    return lambda heartbeat: _shift(claim, heartbeat, until)


def _shift(
    claim: Claim, heartbeat: Heartbeat, until: float, *, threads: int | None = None,
    watch: Callable[[GenerationResult], None] | None = None, in_slices: bool = True,
) -> bool:
    """Advance a run until a moment of the monotonic clock; return whether it goes on."""
    if not claims.begin(claim):
        return False
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
            return bool(_work(
                claim, lambda heartbeat: _shift(
                    claim, heartbeat, until, threads=threads, watch=watch, in_slices=in_slices
                ), until if in_slices else math.inf,
            ))
    return False


def work_slice(slice_id: int, *, threads: int | None = None) -> None:
    """Evaluate one slice of a generation, whoever's turn it is, and store the results of its agents."""
    with _database_may_not_answer():
        claim = claims.claim_slice(slice_id)
        if claim is not None:
            _work(claim, lambda heartbeat: slices.work_on(
                claim, Run.load(claim.instance_id, threads=threads), heartbeat
            ), time.monotonic() + settings.SHIFT_SECONDS)


def work_replay(replay_id: int) -> None:
    """Evaluate an episode again for display, whoever's turn it is, and store its recording."""
    with _database_may_not_answer():
        claim = claims.claim_replay(replay_id)
        if claim is not None:
            _work(claim, _work_of(claim, math.inf), math.inf)


@contextlib.contextmanager
def _database_may_not_answer() -> Iterator[None]:
    """End the work where the database does not answer outside of a step."""
    try:
        yield
    except NO_ANSWER as error:
        log.warning("the database does not answer: %s; the sweep will try again", error)
        services.renew_connection()


@contextlib.contextmanager
def _charged(claim: AnyClaim) -> Iterator[None]:
    """Charge the time of the work to the share of the claim."""
    began = time.monotonic()
    try:
        yield
    finally:
        services.renew_connection()
        services.charge(
            share_id=claim.share_id, seconds=time.monotonic() - began, priority=claim.priority
        )


def _work(claim: AnyClaim, work: Work, until: float) -> bool | None:
    """Work on a claimed step; an error that ends the work is recorded.

    Args:
        until: when the turn is over, by the monotonic clock.
    Returns:
        What `work` returns; None where an error ended it.
    """
    logs.set_context(
        instance=claim.instance_id, generation=getattr(claim, "generation", None), correlation_id=None,
        worker=node.process_name()
    )
    what = claims.name_of(claim)
    try:
        with Heartbeat(
            lambda seconds: claims.extend(claim, seconds), lambda: claims.is_to_pause(claim), until=until
        ) as heartbeat:
            return work(heartbeat)
    except Fenced as fenced:
        node.count(fenced=1)
        log.info("%s", fenced)
    except Stopping:
        claims.hand_back(claim)
    except (Refused, Broken) as error:
        claims.fail(claim, str(error))
    except (*NO_ANSWER, Transient) as error:
        log.warning("%s: %s The sweep will try again.", what, _sentence(error))
        if _is_hopeless(error):
            claims.fail(claim, f"The database does not take this work: {error}".strip())
        else:
            tries = 1 if isinstance(error, Unregistered) else claims.FAILURES_TO_REPORT
            claims.back_off(claim, _sentence(error), tries_to_report=tries)
    except MemoryError:
        claims.fail(claim, "The machine ran out of memory. Make the population or the network smaller.")
    except (Exception, SystemExit) as error:
        blamed = extensions.blamed(error)
        if isinstance(error, SystemExit) and blamed is None:
            raise
        number = secrets.token_hex(6)
        log.exception("trouble %s: %s", number, what, extra={"correlation_id": number})
        whose = blamed or "Something went wrong here; it is not your fault."
        claims.fail(claim, f"{whose} The log tells more under {number}.")
    finally:
        node.flush_counts()
        logs.set_context(instance=None, generation=None)
    return None


def _sentence(error: Exception) -> str:
    """Return why work could not be done now."""
    if isinstance(error, Transient):
        return str(error).rstrip(".") + "."
    return f"The database does not store the work ({type(error).__name__})."


def _is_hopeless(error: Exception) -> bool:
    """Whether the database refuses the work as too large, which no later try changes."""
    return str(getattr(error.__cause__, "pgcode", None) or "").startswith(TOO_MUCH)
