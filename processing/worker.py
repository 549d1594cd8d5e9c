"""A Celery worker besides its tasks: it registers, loads kernels, stops gracefully and frees lost steps.

A worker (a node) is a parent process with children that do the work; in the embedded server it is one
process.
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

#: A worker updates its row so often.
SEEN_EVERY_SECONDS = 5.0
#: The parent checks its processes so often; Celery's own five seconds are longer than a short lease.
LOOK_EVERY_SECONDS = 0.5
#: Signals of a crash of compiled code, as opposed to a kill from outside.
CRASH_SIGNALS = frozenset({"SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE"})


class Presence(bootsteps.StartStopStep):  # type: ignore[misc]
    """Keeps the worker's row in the database up to date, and checks the pool's processes."""

    requires = ("celery.worker.components:Timer", "celery.worker.components:Pool")

    def __init__(self, worker: Any, **_: Any) -> None:
        """Store the number of processes in the settings, before the processes are started."""
        is_solo = worker.pool_cls.__module__.endswith(".solo")
        settings.PROCESSES_A_WORKER = 1 if is_solo else worker.concurrency or 1
        self.timers: list[Any] = []

    def start(self, worker: Any) -> None:
        """Start the timers that update the worker's row and check its processes."""
        self.timers.append(worker.timer.call_repeatedly(SEEN_EVERY_SECONDS, _update_row))
        processes: Any = getattr(worker.pool, "_pool", None)
        if hasattr(processes, "maintain_pool"):
            self.timers.append(worker.timer.call_repeatedly(LOOK_EVERY_SECONDS, processes.maintain_pool))

    def stop(self, worker: Any) -> None:
        for timer in self.timers:
            timer.cancel()


class StepRequest(Request):  # type: ignore[misc]
    """A message under way.

    Tasks handle every exception themselves, so a failure means that their process is gone.
    """

    def on_failure(self, exc_info: Any, send_failed_event: bool = True, return_ok: bool = False) -> Any:
        """Free the steps that the process held at once."""
        self._free(crashed=_has_crashed(str(exc_info.exception)))
        return super().on_failure(exc_info, send_failed_event=send_failed_event, return_ok=return_ok)

    def on_timeout(self, soft: bool, timeout: float) -> Any:
        """Free the steps of a process that ran for longer than any step may last; its parent ends it."""
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
            log.warning(
                "the database does not answer (%s); what process %s held is free after its lease", error,
                self.worker_pid
            )


@celeryd_init.connect
def _name_node(sender: str, **_: Any) -> None:
    node.set_name(sender)


@worker_process_init.connect
def _load_kernels(**_: Any) -> None:
    """Load the kernels before the first message of each process, so that no run waits for them."""
    from processing.core.search.warm import warm

    warm()


@worker_ready.connect
def _register(**_: Any) -> None:
    """Register the worker, and free what a killed worker of this name held: no other worker has the name."""
    try:
        close_old_connections()
        node.register()
        recovery.worker_died(node.name(), crashed=False)
    except NO_ANSWER as error:
        log.warning("the database does not answer (%s); this worker makes itself known later", error)


@worker_shutting_down.connect
def _ask_to_stop(**_: Any) -> None:
    stopping.ask()


def _update_row() -> None:
    """Update the worker's row; where there is none, write it."""
    try:
        close_old_connections()
        if not services.see_worker(name=node.name(), datasets=node.datasets()):
            node.register()
        node.flush_counts()
    except NO_ANSWER as error:
        log.warning("the database does not answer: %s", error)


def _has_crashed(message: str) -> bool:
    """Whether compiled code crashed the process, by the message of its end."""
    named = re.search(r"\((SIG[A-Z]+)\)", message)
    number = re.search(r"signal (\d+)", message)
    if named is None and number is not None:
        return signal.Signals(int(number[1])).name in CRASH_SIGNALS
    return named is not None and named[1] in CRASH_SIGNALS
