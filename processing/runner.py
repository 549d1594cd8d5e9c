"""A worker handles a message: it claims the step, works under a heartbeat, and records every outcome."""

import logging
import secrets
from collections.abc import Callable
from typing import TypeVar

from database import services
from database.errors import NO_ANSWER, Fenced
from database.services import Claim, ReplayClaim, SliceClaim
from processing import claims, logs, node, replays, slices
from processing.core import extensions
from processing.core.errors import Broken, Refused, Transient, Unregistered
from processing.core.search.generation import GenerationResult
from processing.heartbeat import Heartbeat
from processing.run import Run
from processing.shift import Shift
from processing.stopping import Stopping

log = logging.getLogger(__name__)

C = TypeVar("C", Claim, SliceClaim, ReplayClaim)
#: PostgreSQL's class of codes for limits of its own: a row, a statement or a value is too large.
TOO_MUCH = "54"


def work_shift(
    instance_id: int, *, seconds: float | None = None, threads: int | None = None,
    watch: Callable[[GenerationResult], None] | None = None, in_slices: bool = True,
) -> bool:
    """Advance an instance for one shift, or to its end; True where its next shift is to follow.

    Args:
        seconds: length of the shift; the setting's where None.
        threads: cores to evaluate on; this worker's share of the machine where None.
        watch: called after each commit.
        in_slices: where False, this process evaluates every generation, also those that staging would cut.
    """

    def shift(claim: Claim, heartbeat: Heartbeat) -> bool:
        if not claims.begin(claim):
            return False
        run = Run.load(claim.instance_id, threads=threads)
        return Shift(claim, run, heartbeat, seconds=seconds, watch=watch, in_slices=in_slices).work()

    return _work_on_claim(f"run {instance_id}", lambda: claims.claim(instance_id), shift)


def work_slice(slice_id: int, *, threads: int | None = None) -> None:
    """Evaluate one slice of a generation, and store the results of its agents."""

    def evaluate(claim: SliceClaim, heartbeat: Heartbeat) -> bool:
        slices.work_on(claim, Run.load(claim.instance_id, threads=threads), heartbeat)
        return False

    _work_on_claim(f"slice {slice_id}", lambda: claims.claim_slice(slice_id), evaluate)


def work_replay(replay_id: int) -> None:
    """Evaluate an episode again for display, and store its recording."""

    def replay(claim: ReplayClaim, heartbeat: Heartbeat) -> bool:
        replays.work_on(claim, Run.load(claim.instance_id, threads=1), heartbeat)
        return False

    _work_on_claim(f"replay {replay_id}", lambda: claims.claim_replay(replay_id), replay)


def _work_on_claim(what: str, claimed: Callable[[], C | None], work: Callable[[C, Heartbeat], bool]) -> bool:
    """Claim a step and work on it; an error that ends the work is recorded.

    Returns:
        What `work` returns; False where there is no claim, or where an error ended the work.
    """
    try:
        claim = claimed()
    except NO_ANSWER as error:
        log.warning("%s: %s; the sweep will try again", what, error)
        services.renew_connection()
        return False
    if claim is None:
        return False
    logs.set_context(
        instance=claim.instance_id, generation=getattr(claim, "generation", None), correlation_id=None,
        worker=node.process_name()
    )
    try:
        with Heartbeat(lambda seconds: claims.extend(claim, seconds)) as heartbeat:
            return work(claim, heartbeat)
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
    return False


def _sentence(error: Exception) -> str:
    """Return why work could not be done now."""
    if isinstance(error, Transient):
        return str(error).rstrip(".") + "."
    return f"The database does not store the work ({type(error).__name__})."


def _is_hopeless(error: Exception) -> bool:
    """Whether the database refuses the work as too large, which no later try changes."""
    return str(getattr(error.__cause__, "pgcode", None) or "").startswith(TOO_MUCH)
