"""A cache of answers about environments, in memory and in a folder; changed versions invalidate it."""

import hashlib
import json
import os
import platform
import sys
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

#: Answers kept in memory; the least recently used are dropped.
MOST_REMEMBERED = 500
#: To be increased where `probe.py` answers the same question differently from before.
FORM = 2
#: How long the versions of packages and modules are cached.
_VERSION_SECONDS = 5.0


class Memory:
    """Answers by their questions.

    Args:
        folder: where answers are stored; None keeps them in memory only.
        modules: the operator's modules, whose changes invalidate answers.
    """

    def __init__(self, folder: Path | None, modules: Sequence[str]) -> None:
        self.folder, self.modules = folder, tuple(modules)
        self._known: OrderedDict[str, Any] = OrderedDict()
        self._failures: OrderedDict[str, tuple[float, float, str]] = OrderedDict()
        self._versions: tuple[float, str] = (0.0, "")

    def recalled(self, question: str) -> Any | None:
        """Return the answer that was stored under the same versions; None where there is none."""
        key = self._key(question)
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        if self.folder is not None:
            with suppress(OSError, ValueError):
                return self._kept(key, json.loads((self.folder / f"{key}.json").read_text("utf-8")))
        return None

    def remember(self, question: str, answer: Any, *, on_disk: bool) -> Any:
        """Store an answer, with `on_disk` also in the folder, and return it."""
        key = self._key(question)
        if self.folder is not None and on_disk:
            with suppress(OSError):
                self.folder.mkdir(parents=True, exist_ok=True)
                draft = self.folder / f"{key}.{os.getpid()}"
                draft.write_text(json.dumps(answer), "utf-8")
                draft.rename(self.folder / f"{key}.json")
        return self._kept(key, answer)

    def failure(self, question: str, *, seconds: float) -> str | None:
        """Return the reason of a cached failure within at least this time limit; None where there is none."""
        until, allowed, sentence = self._failures.get(self._key(question), (0.0, 0.0, ""))
        return sentence if time.monotonic() < until and allowed >= seconds else None

    def remember_failure(self, question: str, sentence: str, *, seconds: float, valid: float) -> None:
        """Store a failure for some seconds, in memory only, as a time limit may have caused it.

        Args:
            question: the question that failed.
            sentence: the reason.
            seconds: the time limit that it had.
            valid: how long the failure is returned, in seconds.
        """
        self._failures[self._key(question)] = (time.monotonic() + valid, seconds, sentence)
        while len(self._failures) > MOST_REMEMBERED:
            self._failures.popitem(last=False)

    def _kept(self, key: str, answer: Any) -> Any:
        self._known[key] = answer
        while len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return answer

    def _key(self, question: str) -> str:
        checked_at, versions = self._versions
        if time.monotonic() - checked_at > _VERSION_SECONDS or not versions:
            versions = "\n".join(self._now())
            self._versions = (time.monotonic(), versions)
        return hashlib.sha256(f"{question}\n{versions}".encode()).hexdigest()[:24]

    def _now(self) -> Iterator[str]:
        """Yield what answers depend on: versions of packages, and changes of the operator's modules."""
        yield f"form {FORM}"
        yield platform.python_version()
        for package in ("gymnasium", "mujoco", "box2d", "jax"):
            with suppress(PackageNotFoundError):
                yield f"{package} {version(package)}"
        for module in self.modules:
            yield f"{module} {_changed(module)}"


def _changed(module: str) -> str:
    """Return number and last modification of the files of a module's top package, without importing it."""
    name = module.partition(".")[0]
    for folder in map(Path, (entry or "." for entry in sys.path)):
        files = (
            [folder / f"{name}.py"]
            if (folder / f"{name}.py").is_file() else list((folder / name).rglob("*.py"))
        )
        times = []
        for file in files:
            with suppress(OSError):
                times.append(file.stat().st_mtime_ns)
        if times:
            return f"{len(times)} {max(times)}"
    return "nowhere"
