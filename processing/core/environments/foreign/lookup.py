"""What environments are, looked up in processes of their own and remembered in a folder.

Whoever asks imports neither Gymnasium nor an operator's module: those can hang, crash, or take their time. One environment
that does never keeps the others from being known.
"""

import json
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from processing.core.environments.foreign import catalogue
from processing.core.environments.foreign.asking import answers, asked
from processing.core.environments.foreign.catalogue import Entry, Facts
from processing.core.environments.foreign.memory import Memory
from processing.core.errors import Refused

#: Making the environment that somebody asks for takes no longer.
SECONDS = 30.0
#: Looking at all that is not known yet takes no longer, and one of them no longer than that.
ALL_SECONDS, EACH_SECONDS = 10.0, 4.0
#: What went wrong when it was asked for is believed for so long; what went wrong among all, until it is asked for.
TROUBLE_SECONDS, LISTED_TROUBLE_SECONDS = 60.0, 600.0
_TOO_LONG = "It takes long to make; it is looked at again when it is asked for."


class Lookup:
    """The environments that this server knows: Gymnasium's own, and those of the operator's modules."""

    def __init__(self, folder: Path | None = None, modules: Sequence[str] = ()) -> None:
        """`folder` remembers what was looked up; None forgets it with the process."""
        self.modules = tuple(modules)
        self.trouble: str | None = None  # why the operator's modules could not be looked at, the last time
        self._memory = Memory(folder, modules)
        self._lock = threading.Lock()

    def entries(self) -> Mapping[str, Entry]:
        """Everything that is known, by id; what is not in the snapshot is looked up at the first call."""
        own = dict(catalogue.entries())
        listed = self._listed()
        with self._lock:
            there = [name for name, entry in listed.items() if "needs" not in entry]
            missing = [name for name in there if self._recalled(name, seconds=EACH_SECONDS) is None]
            for entry in looked_at(missing, self.modules, seconds=ALL_SECONDS, each=EACH_SECONDS):
                self._keep(entry, seconds=EACH_SECONDS)
        found = {
            name: entry if "needs" in entry else self._recalled(name, seconds=EACH_SECONDS) or _troubled(name, _TOO_LONG)
            for name, entry in listed.items()
        }
        return own | found

    def entry(self, name: str) -> Entry | None:
        """What is known of an id; None where nothing is."""
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

    def facts(self, name: str, kwargs: Mapping[str, Any], wrappers: Sequence[Mapping[str, Any]] = ()) -> Facts:
        """What an environment is with these keyword arguments, in these wrappers as JSON values.

        Raises:
            Refused: it is not known, or could not be made.
        """
        entry = self.entry(name)
        if entry is None or "needs" in entry or "observation" not in entry:
            raise Refused(f"environment.id: expected an environment that this server knows, got {name!r:.80}")
        found = None if wrappers else catalogue.facts_of(entry, kwargs)
        if found is None:
            question = {"modules": list(self.modules), "id": name, "kwargs": dict(kwargs), "wrappers": list(wrappers)}
            looked = self._asked(question, on_disk=False)
            found = catalogue.facts_of(looked, {})
            assert found is not None
        return found

    def _listed(self) -> dict[str, Any]:
        """What the modules and installed packages add to the snapshot: ids, and what they need that is not there."""
        own = catalogue.entries()
        is_optional = any("needs" in entry and find_spec(entry["needs"]) is not None for entry in own.values())
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
        """The answer of a process, or what it was or went wrong before. Raises Refused."""
        text = json.dumps(question, sort_keys=True)
        if (found := self._memory.recalled(text)) is not None:
            return found
        if (sentence := self._memory.trouble(text, seconds=SECONDS)) is not None:
            raise Refused(sentence)
        try:
            return self._memory.remember(text, asked(question, SECONDS), on_disk=on_disk)
        except Refused as refused:
            self._memory.remember_trouble(text, str(refused), seconds=SECONDS, believed=TROUBLE_SECONDS)
            raise

    def _recalled(self, name: str, *, seconds: float) -> Entry | None:
        """What is remembered of an id, or why there is nothing to say after it had so long."""
        found: Entry | None = self._memory.recalled(f"id {name}")
        if found is None and (sentence := self._memory.trouble(f"id {name}", seconds=seconds)) is not None:
            return _troubled(name, sentence)
        return found

    def _keep(self, entry: Entry, *, seconds: float) -> None:
        if "observation" in entry:
            self._memory.remember(f"id {entry['id']}", entry, on_disk=True)
        else:
            believed = TROUBLE_SECONDS if seconds == SECONDS else LISTED_TROUBLE_SECONDS
            self._memory.remember_trouble(f"id {entry['id']}", entry["trouble"], seconds=seconds, believed=believed)


def looked_at(names: Iterable[str], modules: Sequence[str], *, seconds: float, each: float) -> Iterator[Entry]:
    """All about these ids, one after the other, or why there is nothing to say; those that there was no time for are left out.

    One process makes them all; where one hangs or takes its process with it, another process goes on with those behind it.
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
            yield _troubled(name, f"{name} {refused}")
            waiting.remove(name)


def _troubled(name: str, sentence: str) -> dict[str, Any]:
    return {"id": name, "description": "", "trouble": sentence, "kwargs": {}, "variants": []}
