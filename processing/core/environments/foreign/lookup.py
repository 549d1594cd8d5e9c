"""The environments that a server knows: inspected in separate processes, with results cached in a folder.

The calling process imports neither Gymnasium nor an operator's module, as those can hang, crash, or be slow.
A failing environment does not prevent the others from being listed.
"""

import json
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from processing.core.datasets.lookup import DatasetsHere
from processing.core.environments.foreign import catalogue
from processing.core.environments.foreign.asking import answers, asked
from processing.core.environments.foreign.catalogue import Entry, Facts
from processing.core.environments.foreign.memory import Memory
from processing.core.errors import Refused
from processing.core.problem import DatasetLookup

#: Time limit for inspecting one requested environment.
SECONDS = 30.0
#: Time limits for inspecting all environments that are not known yet, and for each of them.
ALL_SECONDS, EACH_SECONDS = 10.0, 4.0
#: How long a failure is cached: of a requested environment, and of one that was inspected among all.
FAILURE_SECONDS, LISTED_FAILURE_SECONDS = 60.0, 600.0
_TOO_LONG = "It takes long to make; it is looked at again when it is asked for."


class Lookup:
    """The environments that this server knows: Gymnasium's own, and those of the operator's modules.

    Args:
        folder: keeps results between processes; None keeps them in memory only.
        modules: the operator's modules, by their import names.
    """

    def __init__(
        self, folder: Path | None = None, modules: Sequence[str] = (), datasets: DatasetLookup | None = None
    ) -> None:
        self.datasets = datasets or DatasetsHere()
        self.modules = tuple(modules)
        self.trouble: str | None = None  # why the last inspection of the operator's modules failed
        self._memory = Memory(folder, modules)
        self._lock = threading.Lock()

    def entries(self) -> Mapping[str, Entry]:
        """Return all entries by id; those outside the snapshot are inspected where they are not cached."""
        own = dict(catalogue.entries())
        listed = self._listed()
        with self._lock:
            there = [name for name, entry in listed.items() if "needs" not in entry]
            missing = [name for name in there if self._recalled(name, seconds=EACH_SECONDS) is None]
            for entry in looked_at(missing, self.modules, seconds=ALL_SECONDS, each=EACH_SECONDS):
                self._keep(entry, seconds=EACH_SECONDS)
        found = {
            name: entry if "needs" in entry else self._recalled(name, seconds=EACH_SECONDS)
            or _failed_entry(name, _TOO_LONG)
            for name, entry in listed.items()
        }
        return own | found

    def entry(self, name: str) -> Entry | None:
        """Return the entry of an id; None where the id is unknown."""
        found = catalogue.entries().get(name)
        if found is not None and "needs" not in found:
            return found
        listed = self._listed().get(name, found)
        if listed is None or "needs" in listed:
            return listed
        known = self._recalled(name, seconds=SECONDS)
        if known is None:
            (known,) = looked_at([name], self.modules, seconds=SECONDS, each=SECONDS)
            self._keep(known, seconds=SECONDS)
        return known

    def facts(
        self, name: str, kwargs: Mapping[str, Any], wrappers: Sequence[Mapping[str, Any]] = ()
    ) -> Facts:
        """Return the facts of an environment; see `catalogue.py`.

        Args:
            name: its id.
            kwargs: checked keyword arguments.
            wrappers: as JSON values, the first innermost.
        Raises:
            Refused: it is unknown, or could not be made.
        """
        entry = self.entry(name)
        if entry is None or "needs" in entry or "observation" not in entry:
            raise Refused(f"environment.id: expected an environment that this server knows, got {name!r:.80}")
        found = None if wrappers else catalogue.facts_of(entry, kwargs)
        if found is None:
            question = {
                "modules": list(self.modules), "id": name, "kwargs": dict(kwargs), "wrappers": list(wrappers)
            }
            looked = self._asked(question, on_disk=False)
            found = catalogue.facts_of(looked, {})
            assert found is not None
        return found

    def _listed(self) -> dict[str, Any]:
        """Return the ids that modules and packages add to the snapshot, each with a package that it lacks."""
        own = catalogue.entries()
        is_optional = any(
            "needs" in entry and find_spec(entry["needs"]) is not None for entry in own.values()
        )
        if not self.modules and not is_optional:
            return {}
        try:
            found = self._asked({"modules": list(self.modules)}, on_disk=True)
        except Refused as refused:
            self.trouble = str(refused)
            return {}
        self.trouble = None
        return {
            each["id"]: {"id": each["id"]} | ({} if each["needs"] is None else {"needs": each["needs"]})
            for each in found if each["id"] not in own or "needs" in own[each["id"]]
        }

    def _asked(self, question: dict[str, Any], *, on_disk: bool) -> Any:
        """Return the cached answer to a question, or that of a process. Raises a new or cached Refused."""
        text = json.dumps(question, sort_keys=True)
        if (found := self._memory.recalled(text)) is not None:
            return found
        if (sentence := self._memory.failure(text, seconds=SECONDS)) is not None:
            raise Refused(sentence)
        try:
            return self._memory.remember(text, asked(question, SECONDS), on_disk=on_disk)
        except Refused as refused:
            self._memory.remember_failure(text, str(refused), seconds=SECONDS, valid=FAILURE_SECONDS)
            raise

    def _recalled(self, name: str, *, seconds: float) -> Entry | None:
        """Return the cached entry of an id, or a cached failure within at least this time limit, or None."""
        found: Entry | None = self._memory.recalled(f"id {name}")
        if found is None and (sentence := self._memory.failure(f"id {name}", seconds=seconds)) is not None:
            return _failed_entry(name, sentence)
        return found

    def _keep(self, entry: Entry, *, seconds: float) -> None:
        if "observation" in entry:
            self._memory.remember(f"id {entry['id']}", entry, on_disk=True)
        else:
            valid = FAILURE_SECONDS if seconds == SECONDS else LISTED_FAILURE_SECONDS
            self._memory.remember_failure(f"id {entry['id']}", entry["trouble"], seconds=seconds, valid=valid)


def looked_at(
    names: Iterable[str], modules: Sequence[str], *, seconds: float, each: float
) -> Iterator[Entry]:
    """Yield the entries of ids, or entries that state a failure; ids beyond the time limit are left out.

    One process makes all environments. Where one hangs or crashes, another process continues with the next.

    Args:
        names: the ids.
        modules: the operator's modules.
        seconds: time limit for all.
        each: time limit for each.
    """
    waiting, deadline = list(names), time.monotonic() + seconds
    while waiting and (left := deadline - time.monotonic()) > 0:
        name = waiting[0]
        try:
            for answer in answers({"modules": list(modules), "ids": waiting}, seconds=left, silence=each):
                if "ready" in answer:
                    continue
                yield answer
                waiting.remove(answer["id"])
                if not waiting:
                    return
                name = waiting[0]
        except Refused as refused:
            yield _failed_entry(name, f"{name} {refused}")
            waiting.remove(name)


def _failed_entry(name: str, sentence: str) -> dict[str, Any]:
    return {"id": name, "description": "", "trouble": sentence, "kwargs": {}, "variants": []}
