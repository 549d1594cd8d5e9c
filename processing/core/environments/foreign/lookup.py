"""What environments are, looked up in processes of their own and remembered in a folder.

Whoever asks imports neither Gymnasium nor an operator's module: those can hang, crash, or take their time.
"""

import hashlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from processing.core.environments.foreign import catalogue
from processing.core.environments.foreign.catalogue import Entry, Facts
from processing.core.errors import Refused

PROBE = "processing.core.environments.foreign.probe"
#: Making an environment once takes no longer.
SECONDS = 60.0
#: Combinations of keyword arguments that are looked at for the snapshot, by id.
VARIANTS: Mapping[str, tuple[dict[str, Any], ...]] = {
    "LunarLander-v3": ({"continuous": True},), "CarRacing-v3": ({"continuous": False},),
    "FrozenLake-v1": ({"map_name": "8x8"},),
}
_PARTS_OF_A_VARIANT = ("observation", "action")


class Lookup:
    """The environments that this server knows: Gymnasium's own, and those of the operator's modules."""

    def __init__(self, folder: Path | None = None, modules: Sequence[str] = ()) -> None:
        """`folder` remembers what was looked up; None forgets it with the process."""
        self.folder, self.modules = folder, tuple(modules)
        self.trouble: str | None = None  # why the operator's modules could not be looked at, the last time
        self._known: dict[str, Any] = {}

    def entries(self) -> Mapping[str, Entry]:
        """Everything that is known, by id; what is not in the snapshot is looked up at the first call."""
        own = dict(catalogue.entries())
        is_optional = any("needs" in entry and find_spec(entry["needs"]) is not None for entry in own.values())
        if not self.modules and not is_optional:
            return own
        try:
            found: dict[str, Entry] = self._remembered("all", lambda: looked_at(self.modules, seconds=SECONDS))
        except Refused as refused:
            self.trouble = str(refused)
            return own
        self.trouble = None
        return own | found

    def entry(self, name: str) -> Entry | None:
        """What is known of an id; None where nothing is."""
        found = catalogue.entries().get(name)
        return self.entries().get(name) if found is None or "needs" in found else found

    def facts(self, name: str, kwargs: Mapping[str, Any]) -> Facts:
        """What an environment is with these keyword arguments.

        Raises:
            Refused: it is not known, or could not be made.
        """
        entry = self.entry(name)
        if entry is None or "needs" in entry or "observation" not in entry:
            raise Refused(f"environment.id: expected an environment that this server knows, got {name!r:.80}")
        found = catalogue.facts_of(entry, kwargs)
        if found is None:
            question = {"modules": list(self.modules), "id": name, "kwargs": dict(kwargs)}
            looked = self._remembered(json.dumps(question, sort_keys=True), lambda: asked(question, SECONDS))
            found = catalogue.facts_of(looked, {})
            assert found is not None
        return found

    def _remembered(self, question: str, answer: Any) -> Any:
        """What was found before, under the same versions of everything; failures are asked again when a source changes."""
        key = hashlib.sha256("\n".join((question, *self._versions())).encode()).hexdigest()[:24]
        if key in self._known:
            return self._known[key]
        path = None if self.folder is None else self.folder / f"{key}.json"
        if path is not None:
            with suppress(OSError, ValueError):
                self._known[key] = json.loads(path.read_text("utf-8"))
                return self._known[key]
        found = self._known[key] = answer()
        if path is not None:
            with suppress(OSError):
                path.parent.mkdir(parents=True, exist_ok=True)
                draft = path.with_suffix(f".{os.getpid()}")
                draft.write_text(json.dumps(found), "utf-8")
                draft.rename(path)
        return found

    def _versions(self) -> Iterator[str]:
        """What an answer depends on: versions of packages, and when the operator's modules were changed."""
        yield platform.python_version()
        for package in ("gymnasium", "mujoco", "box2d"):
            with suppress(PackageNotFoundError):
                yield f"{package} {version(package)}"
        for module in self.modules:
            yield f"{module} {_changed(module)}"


def looked_at(modules: Sequence[str], *, seconds: float) -> dict[str, Any]:
    """Entries of everything that can be had: all that is registered, or only what `modules` add to the snapshot."""
    snapshot = {} if seconds > SECONDS else catalogue.entries()
    found: dict[str, Any] = {}
    for each in asked({"modules": list(modules)}, seconds):
        name = each["id"]
        if each["needs"] is not None:
            found[name] = {"id": name, "needs": each["needs"]}
        elif name not in snapshot or "needs" in snapshot[name]:
            found[name] = _entry(name, modules, seconds)
    return found


def asked(question: Mapping[str, Any], seconds: float) -> Any:
    """The answer of a process that looks at environments.

    Raises:
        Refused: it came to grief, or took too long.
    """
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    try:
        done = subprocess.run(
            [sys.executable, "-m", PROBE], input=json.dumps(question) + "\n", capture_output=True, text=True, timeout=seconds,
            env=os.environ | {"PYTHONPATH": path, "SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy"}, check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Refused(f"{_what(question)} took more than {seconds:g} s.") from error
    if done.returncode != 0 or not done.stdout.strip():
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise Refused(f"{_what(question)} could not be looked at: {last:.200}")
    return json.loads(done.stdout)


def _entry(name: str, modules: Sequence[str], seconds: float) -> dict[str, Any]:
    """All about one id, or why there is nothing to say."""
    question = {"modules": list(modules), "id": name, "kwargs": {}}
    try:
        entry: dict[str, Any] = asked(question, seconds)
        for kwargs in VARIANTS.get(name, ()):
            other = asked(question | {"kwargs": kwargs}, seconds)
            entry["variants"].append({"kwargs": kwargs, "facts": {part: other[part] for part in _PARTS_OF_A_VARIANT}})
    except Refused as refused:
        return {"id": name, "description": "", "trouble": str(refused), "kwargs": {}, "variants": []}
    return entry


def _what(question: Mapping[str, Any]) -> str:
    return str(question.get("id", f"One of the modules {', '.join(question['modules'])}"))


def _changed(module: str) -> str:
    """When a module's file was last changed, found without importing anything."""
    place = Path(*module.split("."))
    for folder in sys.path:
        for path in (Path(folder or ".") / place.with_suffix(".py"), Path(folder or ".") / place / "__init__.py"):
            with suppress(OSError):
                return str(path.stat().st_mtime_ns)
    return "nowhere"
