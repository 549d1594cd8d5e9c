"""Documents that are valid by default; a test changes the one key it is about."""

import copy
from typing import Any

_DOCUMENT: dict[str, Any] = {
    "version": 1,
    "kind": "weight_evolution",
    "name": "a walk",
    "environment": {"type": "maze", "rows": ["S.#..", "..#.G", ".....", ".##..", "G...."], "max_steps": 40},
    "strategy": {"type": "genetic", "population_size": 100},
    "stop": {"max_generations": 30},
}
ABSENT = object()


def document(changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """A document with some keys changed, named by their dotted paths; `ABSENT` removes a key."""
    result = copy.deepcopy(_DOCUMENT)
    for path, value in (changes or {}).items():
        *groups, key = path.split(".")
        place = result
        for group in groups:
            place = place.setdefault(group, {})
        if value is ABSENT:
            del place[key]
        else:
            place[key] = value
    return result
