"""What workers do when a message arrives. Doors of a few lines."""

from celery import Task, shared_task

from processing import dispatch, recovery, runner


class Step(Task):  # type: ignore[misc]
    """A task that works on a step."""

    Request = "processing.worker:StepRequest"


@shared_task(base=Step, name=dispatch.ADVANCE)
def advance(instance_id: int) -> None:
    """One shift on an instance; if it is not done then, its next shift is queued behind everybody else's."""
    if runner.work_shift(instance_id):
        dispatch.advance(instance_id)


@shared_task(base=Step, name=dispatch.EVALUATE)
def evaluate(slice_id: int) -> None:
    """Evaluate one slice of an expensive generation."""
    runner.work_slice(slice_id)


@shared_task(base=Step, name=dispatch.REPLAY)
def replay(replay_id: int) -> None:
    """Evaluate an episode again for somebody who wants to see it."""
    runner.work_replay(replay_id)


@shared_task(name=dispatch.SWEEP)
def sweep() -> None:
    """A message for every step that is ready or whose lease ran out."""
    recovery.sweep()
