"""Processes in which code of others runs: no screen, no sound, ended with all they start."""

import contextlib
import os
import signal
import sys

#: Environments that draw or play find no device.
_QUIET = {"SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy"}


def variables(**more: str) -> dict[str, str]:
    """Return the environment variables of such a process: the same module path, no screen, no sound, and
    `more`.
    """
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    return os.environ | {"PYTHONPATH": path} | _QUIET | more


def kill_session(process: int) -> None:
    """Kill a process that leads its session and all processes in it; those that have ended are ignored."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGKILL)
