"""A process on a leash ends with its parent, however that died."""

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
