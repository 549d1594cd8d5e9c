"""The main program of a stepper: `python -m processing.core.steppers.serve`, which the pool starts."""

import hashlib
import json
import socket
import warnings
from typing import Any

import numpy as np

from processing.core import extensions
from processing.core.children import parent_death, serving
from processing.core.children.messages import Gone, receive, send
from processing.core.environments.foreign.error_text import error_text
from processing.core.steppers.recorder import Recorder
from processing.core.steppers.stepper import Stepper

#: A stepper without work for so long ends; a new one is started when there is work.
IDLE_SECONDS = 300.0


def main() -> None:
    """Serve until the parent closes its end, or sends no message for IDLE_SECONDS."""
    connection, marks = serving.connected()
    warnings.simplefilter("ignore")
    extensions.load()
    try:
        _serve(connection, marks)
    except Gone:
        parent_death.end()


def _stepper(end: socket.socket, marks: Any, setup: dict[str, Any]) -> Stepper:
    """Return the stepper of a setup; a `Recorder` where the setup asks for records."""
    return (Recorder if "recording" in setup else Stepper)(end, marks, setup)


def _serve(end: socket.socket, marks: Any) -> None:
    """Receive setups and rollouts, and evaluate the rollouts. Raises Gone when the parent is gone or idle."""
    steppers: dict[str, Stepper] = {}
    current: Stepper | None = None
    failure = "could not start"
    try:
        while True:
            kind, data = (message := receive(end, seconds=IDLE_SECONDS))[:1], message[1:]
            if kind == b"S":
                key = hashlib.sha256(data).hexdigest()
                current = steppers.get(key) or _stepper(end, marks, json.loads(data))
                steppers, failure = {key: current}, "stopped working"
                send(end, b'{"ready": true}\n')
            elif current is not None:
                with np.errstate(all="ignore"):
                    current.evaluate(data)
    except Gone:
        raise
    except BaseException as error:
        failure_fields = {"broken": f"A process for environments {failure}: {error_text(error)}"}
        send(end, json.dumps(failure_fields).encode() + b"\n")
        raise


if __name__ == "__main__":
    main()
