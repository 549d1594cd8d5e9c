"""What a worker does with a message: claim the step, work under a heartbeat, and leave it in a known state whatever happens."""

import logging
import secrets
from collections.abc import Callable
from typing import TypeVar

from database import services
from database.errors import NO_ANSWER, Fenced
from database.services import Claim, ReplayClaim, SliceClaim
from processing import claims, logs, node, replays, slices
from processing.core.errors import Broken, Refused, Transient
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
    """Advance an instance for one shift, or to its end; True when there is more to do and it is ours to continue.

    Args:
        seconds: length of the shift; the setting's where None.
        threads: cores to evaluate on; this worker's share of the machine where None.
        watch: called after each commit.
        in_slices: False evaluates every generation here, also those that staging would hand out.
    """

    def shift(claim: Claim, heartbeat: Heartbeat) -> bool:
        if not claims.begin(claim):
            return False
        run = Run.load(claim.instance_id, threads=threads)
        return Shift(claim, run, heartbeat, seconds=seconds, watch=watch, in_slices=in_slices).work()

    return _worked(f"run {instance_id}", lambda: claims.claim(instance_id), shift)


def work_slice(slice_id: int, *, threads: int | None = None) -> None:
    """Evaluate one slice of a generation, and store what became of its agents."""

    def part(claim: SliceClaim, heartbeat: Heartbeat) -> bool:
        slices.work_on(claim, Run.load(claim.instance_id, threads=threads), heartbeat)
        return False

    _worked(f"slice {slice_id}", lambda: claims.claim_slice(slice_id), part)


def work_replay(replay_id: int) -> None:
    """Evaluate an episode again for somebody who wants to see it, and store what became of it."""

    def part(claim: ReplayClaim, heartbeat: Heartbeat) -> bool:
        replays.work_on(claim, Run.load(claim.instance_id, threads=1), heartbeat)
        return False

    _worked(f"replay {replay_id}", lambda: claims.claim_replay(replay_id), part)


def _worked(what: str, claimed: Callable[[], C | None], work: Callable[[C, Heartbeat], bool]) -> bool:
    """What the work says, once it is claimed; False where it is not, or ended in trouble that was dealt with."""
    try:
        claim = claimed()
    except NO_ANSWER as error:
        log.warning("%s: %s; the sweep will try again", what, error)
        services.renew_connection()
        return False
    if claim is None:
        return False
    logs.note(
        instance=claim.instance_id, generation=getattr(claim, "generation", None), correlation_id=None, worker=node.process_name()
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
        log.warning("%s: %s; the sweep will try again", what, error)
        if _is_hopeless(error):
            claims.fail(claim, f"The database does not take this work: {error}".strip())
        else:
            claims.back_off(claim, type(error).__name__)
    except MemoryError:
        claims.fail(claim, "The machine ran out of memory. Make the population or the network smaller.")
    except Exception:
        number = secrets.token_hex(6)
        log.exception("trouble %s: %s", number, what, extra={"correlation_id": number})
        claims.fail(claim, f"Something went wrong here; it is not your fault. The log tells more under {number}.")
    finally:
        node.flush_counts()
        logs.note(instance=None, generation=None)
    return False


def _is_hopeless(error: Exception) -> bool:
    """Whether the database says that this is too much for it, which no later try will change."""
    return str(getattr(error.__cause__, "pgcode", None) or "").startswith(TOO_MUCH)
