"""What a Celery worker does besides its tasks: make itself known, prepare its processes, stop warmly, free what they lose.

A worker (a node) is a parent process with children that do the work; the embedded server's are one process each.
"""

import logging
import re
import signal
from typing import Any

from celery import bootsteps
from celery.signals import celeryd_init, worker_process_init, worker_ready, worker_shutting_down
from celery.worker.request import Request
from django.conf import settings
from django.db import close_old_connections

from database import services
from database.errors import NO_ANSWER
from processing import node, recovery, stopping

log = logging.getLogger(__name__)

#: A worker says so often that it lives.
SEEN_EVERY_SECONDS = 5.0
#: The parent looks so often whether its processes live; Celery's own five seconds are longer than a short lease.
LOOK_EVERY_SECONDS = 0.5
#: Signals that a crash of compiled code ends in, rather than somebody's kill.
CRASH_SIGNALS = frozenset({"SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE"})


class Presence(bootsteps.StartStopStep):  # type: ignore[misc]
    """The worker's row: there from its start, seen again and again."""

    requires = ("celery.worker.components:Timer", "celery.worker.components:Pool")

    def __init__(self, worker: Any, **_: Any) -> None:
        """Before its processes are started, they are to know how many they are."""
        is_solo = worker.pool_cls.__module__.endswith(".solo")
        settings.PROCESSES_A_WORKER = 1 if is_solo else worker.concurrency or 1
        self.timers: list[Any] = []

    def start(self, worker: Any) -> None:
        """Begin to be seen, and to see."""
        self.timers.append(worker.timer.call_repeatedly(SEEN_EVERY_SECONDS, _seen))
        processes: Any = getattr(worker.pool, "_pool", None)
        if hasattr(processes, "maintain_pool"):
            self.timers.append(worker.timer.call_repeatedly(LOOK_EVERY_SECONDS, processes.maintain_pool))

    def stop(self, worker: Any) -> None:
        """Be seen no more."""
        for timer in self.timers:
            timer.cancel()


class StepRequest(Request):  # type: ignore[misc]
    """A message at work. Tasks deal with all that can be dealt with, so a failure means that their process is gone."""

    def on_failure(self, exc_info: Any, send_failed_event: bool = True, return_ok: bool = False) -> Any:
        """Free what the process held, at once."""
        self._free(crashed=_has_crashed(str(exc_info.exception)))
        return super().on_failure(exc_info, send_failed_event=send_failed_event, return_ok=return_ok)

    def on_timeout(self, soft: bool, timeout: float) -> Any:
        """The process made progress for longer than any step may last; its parent ends it."""
        self._free(crashed=False)
        return super().on_timeout(soft, timeout)

    def _free(self, *, crashed: bool) -> None:
        if self.worker_pid is None:
            return
        try:
            close_old_connections()
            node.count(lost=1)
            recovery.worker_died(f"{node.name()}/{self.worker_pid}", crashed=crashed)
            node.flush_counts()
        except NO_ANSWER as error:
            log.warning("the database does not answer (%s); what process %s held is free after its lease", error, self.worker_pid)


@celeryd_init.connect
def _named(sender: str, **_: Any) -> None:
    node.be(sender)


@worker_process_init.connect
def _prepared(**_: Any) -> None:
    """Each process loads the kernels before its first message, so that no run waits for them."""
    from processing.core.search.warm import warm

    warm()


@worker_ready.connect
def _known(**_: Any) -> None:
    """What a worker of this name held before it was killed is free at once: the name is this machine's and ours."""
    try:
        close_old_connections()
        node.register()
        recovery.worker_died(node.name(), crashed=False)
    except NO_ANSWER as error:
        log.warning("the database does not answer (%s); this worker makes itself known later", error)


@worker_shutting_down.connect
def _stopping(**_: Any) -> None:
    stopping.ask()


def _seen() -> None:
    """The worker lives; where its row is not there, it is written."""
    try:
        close_old_connections()
        if not services.see_worker(name=node.name()):
            node.register()
        node.flush_counts()
    except NO_ANSWER as error:
        log.warning("the database does not answer: %s", error)


def _has_crashed(message: str) -> bool:
    """Whether compiled code brought a process down, by what is said of its end."""
    named = re.search(r"\((SIG[A-Z]+)\)", message)
    number = re.search(r"signal (\d+)", message)
    if named is None and number is not None:
        return signal.Signals(int(number[1])).name in CRASH_SIGNALS
    return named is not None and named[1] in CRASH_SIGNALS
