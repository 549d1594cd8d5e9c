"""A peer is another library in a virtual environment of its own, with a process that answers questions.

The scripts in `scripts/` import nothing of this repository. Questions and answers are lines of JSON; the
peer's process measures its own times, and both sides of a comparison can be asked in turn.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

SCRIPTS = Path(__file__).parent / "scripts"

#: Packages of each peer, from the package index that pip is set up for.
REQUIREMENTS = {
    "neat_python": ("neat-python==2.0.0", "gymnasium==1.4.0", "numpy==2.4.6"),
    "evosax": ("evosax==0.3.2", "gymnax==1.0.1", "jax==0.10.2", "six"),
    "evotorch": ("evotorch==0.6.1", "gymnasium==1.4.0"),
    "foreign": (  # no other library, but environments, and the packages that this core needs to run in them
        "minigrid==3.2.0", "ale-py==0.12.1", "gymnasium==1.4.0", "numpy==2.4.6", "numba==0.68.1",
        "pydantic~=2.13", "cmaes~=0.13.1", "jsonpickle>=4.1.4,<5",
    ),
}


class Absent(Exception):
    """A peer cannot be installed here."""


class Peer:
    """A running peer; use it in a `with` statement."""

    def __init__(self, name: str) -> None:
        """Install the peer where it is not yet installed, and start it.

        Raises:
            Absent: it cannot be installed.
        """
        self.name, self.python = name, interpreter(name)
        started = time.perf_counter()
        self.process = subprocess.Popen(
            [str(self.python), str(SCRIPTS / f"{name}.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"},
        )
        self.ask("ready")
        self.start_seconds = time.perf_counter() - started

    def ask(self, question: str, **values: Any) -> Any:
        """Return the answer to a question.

        Raises:
            Absent: the process has ended.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"question": question, **values}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise Absent(f"{self.name} ended with code {self.process.wait()} at the question {question!r}")
        return json.loads(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


def interpreter(name: str) -> Path:
    """Return the interpreter of the peer's virtual environment, which is made at the first call.

    Raises:
        Absent: the packages cannot be installed.
    """
    wanted = REQUIREMENTS[name]
    base = Path(os.environ.get("EVOLUTION_CACHE_DIR") or Path.home() / ".cache" / "evolution") / "peers"
    folder = base / f"{name}-{hashlib.sha256(' '.join((sys.version, *wanted)).encode()).hexdigest()[:12]}"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        commands: Sequence[Sequence[str]] = (
            (sys.executable, "-m", "venv", "--clear", str(folder)),
            (str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted),
        )
        for command in commands:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise Absent(
                    f"{name} cannot be installed: {done.stderr.strip().splitlines()[-1:] or done.returncode}"
                )
        (folder / "complete").touch()
    return python
