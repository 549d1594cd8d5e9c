"""The queue: how long a run waits for its turns, how they are shared, and what a turn and a slice cost.

A case measures on real servers of both set-ups, or on both databases without a server. `python -m
benchmarks.turns [CASE ...]` runs some of them.
"""

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

Line = dict[str, Any]

#: Name of a case -> its module here, and the function that yields its lines.
CASES = {
    "submitters": ("fairness", "submitters"), "weights": ("fairness", "weights"),
    "sliced": ("fairness", "sliced"), "starving": ("starving", "measure"), "slices": ("slices", "measure"),
    "next-step": ("next_step", "measure"), "first-generation": ("first_generation", "measure"),
}


def measure(names: Sequence[str] = ()) -> Iterator[Line]:
    """Yield the lines of these cases, of all of them without a name."""
    for name in names or CASES:
        module, function = CASES[name]
        yield from getattr(import_module(f"{__name__}.{module}"), function)()
