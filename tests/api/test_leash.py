"""A process on a leash ends with its parent, however that died."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from api.embedded import leash


@pytest.mark.parametrize("reads_beats", [True, False])
def test_a_leashed_command_ends_when_the_other_end_is_closed(reads_beats: bool) -> None:
    near, far = socket.socketpair()
    command = [sys.executable, "-S", "-E", leash.__file__, str(far.fileno()), "sleep", "60"]
    with subprocess.Popen(command, pass_fds=(far.fileno(),)) as process:
        far.close()
        first = near.recv(1, 0 if reads_beats else socket.MSG_PEEK)
        assert first == b"."
        near.close()
        started = time.monotonic()
        process.wait(10)
        assert time.monotonic() - started < 5


def test_a_leashed_commands_exit_code_is_passed_on() -> None:
    near, far = socket.socketpair()
    command = [sys.executable, "-S", "-E", leash.__file__, str(far.fileno()), "sh", "-c", "exit 7"]
    with near, far, subprocess.Popen(command, pass_fds=(far.fileno(),)) as process:
        assert process.wait(10) == 7


@pytest.mark.parametrize("ends", ["the parent", "the command"])
def test_nobody_outlives_a_leashed_command(ends: str) -> None:
    near, far = socket.socketpair()
    shell = "sleep 60 & echo $!; wait"
    command = [sys.executable, "-S", "-E", leash.__file__, str(far.fileno()), "sh", "-c", shell]
    with subprocess.Popen(command, pass_fds=(far.fileno(),), stdout=subprocess.PIPE) as process:
        far.close()
        assert process.stdout is not None
        sleeper = int(process.stdout.readline())
        told = near.recv(64)
        if ends == "the command":
            os.kill(int(told.split(b".")[1]), signal.SIGKILL)
        else:
            near.close()
        process.wait(10)
        assert process.stdout.read() == b"", "the sleeper still holds the line"
        with pytest.raises(ProcessLookupError):
            _until_gone(sleeper)
    near.close()


def _until_gone(pid: int) -> None:
    """Raises ProcessLookupError once it is collected by whoever inherited it."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        os.kill(pid, 0)
