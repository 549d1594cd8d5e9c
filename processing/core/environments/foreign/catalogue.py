"""What is known of Gymnasium's own environments without importing it: spaces, limits, and keyword arguments.

`catalogue.json` is a snapshot of the registry, written by `python -m processing.core.environments.foreign.snapshot`.
What operators add is looked up by `lookup.py` in the same form:

- `id`, `description`, `max_steps` and `reward_threshold` (null where there is none), `observation` and `action` (see
  `spaces.py`), `reused` (whether a reset forgets everything), `kwargs` (see `kwargs.py`);
- `variants`: a list of `kwargs` that change the spaces, each with the `facts` that they change;
- `undeclared`: keyword arguments of an operator's class that no module tells of; may be left out;
- `needs`: what is not installed here, in place of the spaces.
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from processing.core.errors import Refused

Facts = Mapping[str, Any]
Entry = Mapping[str, Any]

FILE = Path(__file__).with_suffix(".json")
#: Ids as they may be written: a name and a version, a namespace before them or none; no module, no way through folders.
PLAIN_ID = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_-]{0,40}/)?[A-Za-z0-9_][A-Za-z0-9_.-]{0,90}-v[0-9]{1,4}")


@cache
def entries() -> Mapping[str, Entry]:
    """The snapshot, by id."""
    found: dict[str, Entry] = json.loads(FILE.read_text("utf-8"))
    return found


def facts_of(entry: Entry, kwargs: Mapping[str, Any]) -> Facts | None:
    """What an environment is with these keyword arguments; None where they change its spaces and nobody has looked.

    A variant stands for the values that it names; keyword arguments that change no space do not count.
    """
    deciding = {name: value for name, value in kwargs.items() if entry["kwargs"].get(name, {}).get("changes_spaces")}
    deciding = {name: value for name, value in deciding.items() if value != entry["kwargs"][name]["default"]}
    base = {name: entry[name] for name in ("id", "observation", "action", "max_steps", "reward_threshold", "reused")}
    if not deciding:
        return base
    return next((base | each["facts"] for each in entry["variants"] if each["kwargs"] == deciding), None)


def snapshot(name: str, kwargs: Mapping[str, Any], wrappers: Sequence[Any] = ()) -> Facts:
    """The facts of an environment of the snapshot.

    Raises:
        Refused: it is not in it, or was not looked at with these keyword arguments, or in wrappers.
    """
    entry = entries().get(name)
    if entry is None or "needs" in entry:
        raise Refused(f"environment.id: expected an environment that this server knows, got {name!r:.80}")
    if wrappers:
        raise Refused(f"environment.wrappers: nobody has looked at {name} in wrappers")
    found = facts_of(entry, kwargs)
    if found is None:
        raise Refused(f"environment.kwargs: nobody has looked at {name} with {dict(kwargs)!r:.80}")
    return found
