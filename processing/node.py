"""The identity of this process among the workers, and its counts of work that are not yet in the database."""

import contextlib
import math
import os
import socket
import time
from collections.abc import Mapping

from django.conf import settings

from database import services
from database.errors import NO_ANSWER
from database.services import Counts
from database.turns import Abilities
from processing.core.datasets.lookup import DatasetsHere, can_train
from processing.core.problem import Facts
from processing.core.profile import core_name, profile_name
from processing.core.search.plan import Plan

_names: list[str] = []
_counts = Counts()
_flushed_at = 0.0
_datasets: Mapping[str, Facts] = {}
_datasets_at = -math.inf
#: Data sets are looked for again after so long.
LOOK_AGAIN_SECONDS = 5.0
#: The counts are written at most this often.
FLUSH_EVERY_SECONDS = 1.0


def name() -> str:
    """Return the name of this node, which is a worker's parent process and its children."""
    return (
        os.environ.get("WORKER_NAME") or (_names[-1] if _names else f"{socket.gethostname()}-{os.getpid()}")
    )


def set_name(name: str) -> None:
    """Set the name under which the broker knows this node."""
    _names.append(name)


def process_name() -> str:
    """Return the name of this process, by which its steps are freed where it dies."""
    return f"{name()}/{os.getpid()}"


def profile() -> str:
    """Return the name of this process's numeric profile."""
    return settings.NUMERIC_PROFILE or profile_name()


def profile_of(plan: Plan) -> str:
    """Return the profile that decides a run's bits: the full one only where a library computes."""
    return profile() if plan.is_by_library else core_name(profile())


def abilities() -> Abilities:
    """Return what this process can do: which steps it takes, and which data sets it can train on."""
    return Abilities(
        core_name(profile()), profile(),
        takes_others=settings.CELERY_TASK_DEFAULT_QUEUE in settings.QUEUES,
        trains_on=" ".join(str(facts["sha256"]) for facts in datasets().values()),
    )


def trains() -> bool:
    """Whether this process takes trainings."""
    return settings.TRAINING_QUEUE in settings.QUEUES and can_train()


def datasets() -> Mapping[str, Facts]:
    """Return the facts of the data sets that this process can train on, by name; none where it does not.

    They are looked for again after a while, as some may be added.
    """
    global _datasets, _datasets_at
    if not trains():
        return {}
    if time.monotonic() - _datasets_at > LOOK_AGAIN_SECONDS:
        here = DatasetsHere()
        found = {name: here.facts(name) for name in here.names()}
        _datasets = {name: facts for name, facts in found.items() if facts is not None}
        _datasets_at = time.monotonic()
    return _datasets


def threads() -> int:
    """Return the number of cores to evaluate on: this process's share of the machine."""
    share = (os.cpu_count() or 1) // (settings.NUMBER_OF_WORKERS * settings.PROCESSES_A_WORKER)
    return int(settings.EVALUATION_THREADS) or max(1, share)


def register() -> None:
    """Write the node's row in the database."""
    services.register_worker(
        name=name(), host=socket.gethostname(), profile=profile(), threads=threads(),
        queues=settings.QUEUES, datasets=datasets()
    )


def count(**numbers: int) -> None:
    """Add to the counts of work done."""
    for field, number in numbers.items():
        setattr(_counts, field, getattr(_counts, field) + number)


def flush_counts() -> None:
    """Write the counts to the database, once a second at most; where it does not answer they are kept."""
    global _counts, _flushed_at
    if time.monotonic() - _flushed_at < FLUSH_EVERY_SECONDS:
        return
    services.renew_connection()
    with contextlib.suppress(*NO_ANSWER):
        if services.see_worker(name=name(), counts=_counts):
            _counts, _flushed_at = Counts(), time.monotonic()
