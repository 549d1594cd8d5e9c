"""Celery tasks, each of a few lines: what a message starts."""

from typing import Any

from celery import Task, shared_task

from processing import dispatch, recovery, runner


class Step(Task):  # type: ignore[misc]
    """A task that works on steps.

    A message is acknowledged after the turn, so that a process keeps none in reserve during it: the next wake
    goes to one that is idle. One that is delivered again is a wake too many.
    """

    acks_late = True
    Request = "processing.worker:StepRequest"


@shared_task(base=Step, name=dispatch.WAKE)
def wake() -> None:
    """Take one turn: work on the step whose turn it is, for some seconds."""
    runner.take_turn()


def _older(*_: Any) -> None:
    """Take one turn; the number that the message of an earlier version has does not matter."""
    runner.take_turn()


for _name in dispatch.OLDER:
    shared_task(_older, base=Step, name=_name)


@shared_task(name=dispatch.SWEEP)
def sweep() -> None:
    """Free the steps of lost workers, and wake workers where steps wait."""
    recovery.sweep()
