"""Who this process is among the workers, and what it has done since it last told the database."""

import contextlib
import os
import socket
import time

from django.conf import settings

from database import services
from database.errors import NO_ANSWER
from database.services import Counts
from processing.core.profile import core_name, profile_name
from processing.core.search.plan import Plan

_names: list[str] = []
_counts = Counts()
_flushed_at = 0.0
#: What was done is written so often.
FLUSH_EVERY_SECONDS = 1.0


def name() -> str:
    """The name of this node: a worker's parent process and its children."""
    return os.environ.get("WORKER_NAME") or (_names[-1] if _names else f"{socket.gethostname()}-{os.getpid()}")


def be(name: str) -> None:
    """The broker knows this node under that name."""
    _names.append(name)


def process_name() -> str:
    """The name of this process, by which its steps are freed should it die."""
    return f"{name()}/{os.getpid()}"


def profile() -> str:
    """The name of this process's numeric profile."""
    return settings.NUMERIC_PROFILE or profile_name()


def profile_of(plan: Plan) -> str:
    """The name of the profile that decides the bits of a run: the whole one only where a library computes."""
    return profile() if plan.is_by_library else core_name(profile())


def profiles() -> tuple[str, str]:
    """The profiles of runs that this process may work on."""
    return core_name(profile()), profile()


def threads() -> int:
    """Cores to evaluate on: this process's share of the machine."""
    share = (os.cpu_count() or 1) // (settings.NUMBER_OF_WORKERS * settings.PROCESSES_A_WORKER)
    return int(settings.EVALUATION_THREADS) or max(1, share)


def register() -> None:
    """The node is known to the others."""
    services.register_worker(name=name(), host=socket.gethostname(), profile=profile(), threads=threads())


def count(**numbers: int) -> None:
    """So much more was done."""
    for field, number in numbers.items():
        setattr(_counts, field, getattr(_counts, field) + number)


def flush_counts() -> None:
    """Write what was done since the last time, once a second at most; a database that does not answer is told later."""
    global _counts, _flushed_at
    if time.monotonic() - _flushed_at < FLUSH_EVERY_SECONDS:
        return
    services.renew_connection()
    with contextlib.suppress(*NO_ANSWER):
        if services.see_worker(name=name(), counts=_counts):
            _counts, _flushed_at = Counts(), time.monotonic()
