"""The main program of a child that trains: `python -m processing.core.training.serve`."""

import json
import socket
import warnings
from typing import Any

from processing.core.children import parent_death, serving
from processing.core.children.messages import NO_JOB, Gone, receive, send
from processing.core.training.messages import Job, Setup, failed
from processing.core.types import Failure

#: A child without work for so long ends; a new one is started when there is work.
IDLE_SECONDS = 300.0


def main() -> None:
    """Serve until the parent closes its end, or sends no message for IDLE_SECONDS."""
    connection, marks = serving.connected()
    warnings.simplefilter("ignore")
    try:
        _serve(connection, marks)
    except Gone:
        parent_death.end()


def _serve(end: socket.socket, marks: Any) -> None:
    """Receive setups and jobs, and train. Raises Gone when the parent is gone or idle."""
    trainer: Any = None
    try:
        import torch

        from processing.core.training.profile import training_profile
        from processing.core.training.trainer import Trainer

        torch.set_num_threads(1)
        torch.set_num_interop_threads(1)
        trained_by = json.dumps(training_profile(), sort_keys=True)
        while True:
            kind, data = (message := receive(end, seconds=IDLE_SECONDS))[:1], message[1:]
            if kind == b"S":
                trainer = Trainer(Setup.unpacked(data), trained_by=trained_by)
            else:
                _train(end, marks, trainer, Job.unpacked(data))
    except Gone:
        raise
    except BaseException as error:
        send(end, json.dumps({"broken": f"A process that trains cannot work: {_text(error)}"}).encode())
        raise


def _train(end: socket.socket, marks: Any, trainer: Any, job: Job) -> None:
    def progress() -> None:
        marks[0], marks[1] = job.number, marks[1] + 1

    try:
        result = trainer.result(job, progress)
    except Exception as error:
        result = failed(job.number, Failure.ERROR, f"Its training raised {_text(error)}")
    marks[0] = NO_JOB
    send(end, result.packed())


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".strip().rstrip(".")[:500] + "."


if __name__ == "__main__":
    main()
