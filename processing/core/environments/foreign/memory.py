"""What was found out about environments: kept in a folder, and as long as nothing that it depends on has changed."""

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

#: Answers that a process remembers; those that were not asked for longest are forgotten.
MOST_REMEMBERED = 500
#: Counted up where `probe.py` answers the same question otherwise than before.
FORM = 2
#: Files are looked at again after so long.
_LOOK_SECONDS = 5.0


class Memory:
    """Answers by their questions; `folder` None forgets all with the process."""

    def __init__(self, folder: Path | None, modules: Sequence[str]) -> None:
        self.folder, self.modules = folder, tuple(modules)
        self._known: OrderedDict[str, Any] = OrderedDict()
        self._trouble: OrderedDict[str, tuple[float, float, str]] = OrderedDict()
        self._versions: tuple[float, str] = (0.0, "")

    def recalled(self, question: str) -> Any | None:
        """What was found before, under the same versions of everything; None where nothing was."""
        key = self._key(question)
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        if self.folder is not None:
            with suppress(OSError, ValueError):
                return self._kept(key, json.loads((self.folder / f"{key}.json").read_text("utf-8")))
        return None

    def remember(self, question: str, answer: Any, *, on_disk: bool) -> Any:
        """Remember an answer; in the folder too."""
        key = self._key(question)
        if self.folder is not None and on_disk:
            with suppress(OSError):
                self.folder.mkdir(parents=True, exist_ok=True)
                draft = self.folder / f"{key}.{os.getpid()}"
                draft.write_text(json.dumps(answer), "utf-8")
                draft.rename(self.folder / f"{key}.json")
        return self._kept(key, answer)

    def trouble(self, question: str, *, seconds: float) -> str | None:
        """What went wrong a short while ago with at least so much time to answer; None where nothing did."""
        until, given, sentence = self._trouble.get(self._key(question), (0.0, 0.0, ""))
        return sentence if time.monotonic() < until and given >= seconds else None

    def remember_trouble(self, question: str, sentence: str, *, seconds: float, believed: float) -> None:
        """Believe for some seconds that this goes wrong. A clock may have decided it, so that it is never written down."""
        self._trouble[self._key(question)] = (time.monotonic() + believed, seconds, sentence)
        while len(self._trouble) > MOST_REMEMBERED:
            self._trouble.popitem(last=False)

    def _kept(self, key: str, answer: Any) -> Any:
        self._known[key] = answer
        while len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return answer

    def _key(self, question: str) -> str:
        looked_at, versions = self._versions
        if time.monotonic() - looked_at > _LOOK_SECONDS or not versions:
            versions = "\n".join(self._now())
            self._versions = (time.monotonic(), versions)
        return hashlib.sha256(f"{question}\n{versions}".encode()).hexdigest()[:24]

    def _now(self) -> Iterator[str]:
        """What an answer depends on: versions of packages, and when the operator's modules were changed."""
        yield f"form {FORM}"
        yield platform.python_version()
        for package in ("gymnasium", "mujoco", "box2d", "jax"):
            with suppress(PackageNotFoundError):
                yield f"{package} {version(package)}"
        for module in self.modules:
            yield f"{module} {_changed(module)}"


def _changed(module: str) -> str:
    """When a module, or anything in its package, was last changed, found without importing anything."""
    name = module.partition(".")[0]
    for folder in map(Path, (entry or "." for entry in sys.path)):
        files = [folder / f"{name}.py"] if (folder / f"{name}.py").is_file() else list((folder / name).rglob("*.py"))
        times = []
        for file in files:
            with suppress(OSError):
                times.append(file.stat().st_mtime_ns)
        if times:
            return f"{len(times)} {max(times)}"
    return "nowhere"
