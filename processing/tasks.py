"""Celery tasks, each of a few lines: what a message starts."""

from celery import Task, shared_task

from processing import dispatch, recovery, runner


class Step(Task):  # type: ignore[misc]
    """A task that works on a step."""

    Request = "processing.worker:StepRequest"


@shared_task(base=Step, name=dispatch.ADVANCE)
def advance(instance_id: int) -> None:
    """Work one shift on an instance.

    Where it is not done, its next shift is queued behind all other messages.
    """
    if runner.work_shift(instance_id):
        dispatch.advance(instance_id)


@shared_task(base=Step, name=dispatch.EVALUATE)
def evaluate(slice_id: int) -> None:
    """Evaluate one slice of an expensive generation."""
    runner.work_slice(slice_id)


@shared_task(base=Step, name=dispatch.REPLAY)
def replay(replay_id: int) -> None:
    """Evaluate an episode again for display."""
    runner.work_replay(replay_id)


@shared_task(name=dispatch.SWEEP)
def sweep() -> None:
    """Send a message for every step that is ready or whose lease ran out."""
    recovery.sweep()
