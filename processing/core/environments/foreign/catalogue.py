"""A snapshot of Gymnasium's registry, read without importing it: spaces, limits, and keyword arguments.

`catalogue.json` is the snapshot; `python -m processing.core.environments.foreign.snapshot` writes it.
`lookup.py` returns entries of the same form for environments that operators add:

- `id`, `description`, `max_steps` and `reward_threshold` (null where there is none), `observation` and
  `action` (see `spaces.py`), `reused` (whether a reset restores the initial state completely), `kwargs` (see
  `kwargs.py`);
- `variants`: a list of `kwargs` that change the spaces, each with the `facts` that they change;
- `undeclared`: keyword arguments of an operator's class that no module declares in KWARGS; optional;
- `needs`: a package that is not installed here; the spaces are missing then.
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
#: Accepted ids: an optional namespace, a name and a version. A module prefix or a path cannot match.
PLAIN_ID = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_-]{0,40}/)?[A-Za-z0-9_][A-Za-z0-9_.-]{0,90}-v[0-9]{1,4}")


@cache
def entries() -> Mapping[str, Entry]:
    """Return the entries of the snapshot by id."""
    found: dict[str, Entry] = json.loads(FILE.read_text("utf-8"))
    return found


def facts_of(entry: Entry, kwargs: Mapping[str, Any]) -> Facts | None:
    """Return the facts of an environment with these keyword arguments; None where no variant matches.

    Keyword arguments that do not change spaces, or have their default value, are ignored.

    Args:
        entry: the environment's entry.
        kwargs: checked keyword arguments.
    """
    deciding = {
        name: value for name, value in kwargs.items() if entry["kwargs"].get(name, {}).get("changes_spaces")
    }
    deciding = {name: value for name, value in deciding.items() if value != entry["kwargs"][name]["default"]}
    base = {
        name: entry[name]
        for name in ("id", "observation", "action", "max_steps", "reward_threshold", "reused")
    }
    if not deciding:
        return base
    return next((base | each["facts"] for each in entry["variants"] if each["kwargs"] == deciding), None)


def snapshot(name: str, kwargs: Mapping[str, Any], wrappers: Sequence[Any] = ()) -> Facts:
    """Return the facts of an environment from the snapshot.

    Raises:
        Refused: the snapshot has no such environment, no such variant, or there are wrappers.
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
