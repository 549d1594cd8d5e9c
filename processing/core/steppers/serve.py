"""A process in which environments of Gymnasium are stepped: `python -m processing.core.steppers.serve`.

`process.py` starts it.
"""

import hashlib
import json
import mmap
import socket
import sys
import warnings
from typing import Any

import numpy as np

from processing.core.environments.foreign.error_text import error_text
from processing.core.steppers import parent_death
from processing.core.steppers.messages import Gone, receive, send
from processing.core.steppers.recorder import Recorder
from processing.core.steppers.stepper import Stepper

#: Without work for so long, the process ends; another one is started where there is more.
IDLE_SECONDS = 300.0


def main() -> None:
    """Serve until the parent closes its end, or asks for nothing any more."""
    talk, leash, marks, dies_with_thread = (int(each) for each in sys.argv[1:5])
    parent_death.end_with_parent(leash, dies_with_thread=bool(dies_with_thread))
    parent_death.forget_in_forks(talk, leash, marks)
    warnings.simplefilter("ignore")
    shared = memoryview(mmap.mmap(marks, 16)).cast("q")
    try:
        _serve(socket.socket(fileno=talk), shared)
    except Gone:
        parent_death.end()


def _child(end: socket.socket, marks: Any, setup: dict[str, Any]) -> Stepper:
    """Who lives the lives of a setup: one that records them where it asks for that."""
    return (Recorder if "recording" in setup else Stepper)(end, marks, setup)


def _serve(end: socket.socket, marks: Any) -> None:
    """Prepare for what is asked for, and live. Raises Gone."""
    children: dict[str, Stepper] = {}
    current: Stepper | None = None
    trouble = "could not start"
    try:
        while True:
            kind, data = (message := receive(end, seconds=IDLE_SECONDS))[:1], message[1:]
            if kind == b"S":
                key = hashlib.sha256(data).hexdigest()
                current = children.get(key) or _child(end, marks, json.loads(data))
                children, trouble = {key: current}, "stopped working"
                send(end, b'{"ready": true}\n')
            elif current is not None:
                with np.errstate(all="ignore"):
                    current.evaluate(data)
    except Gone:
        raise
    except BaseException as error:
        send(end, json.dumps({"broken": f"A process for environments {trouble}: {error_text(error)}"}).encode() + b"\n")
        raise


if __name__ == "__main__":
    main()
