"""Run benchmark suites: `python -m benchmarks [suite ...]`, all of them without a name.

One JSON object per line.
"""

import json
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

#: Name of a suite -> the module whose `measure()` yields its lines.
SUITES = {
    "engine": "benchmarks.engine", "server": "benchmarks.server", "storage": "benchmarks.storage",
    "steps": "benchmarks.steps", "workers": "benchmarks.workers", "turns": "benchmarks.turns",
    "rollouts": "benchmarks.rollouts", "growth": "benchmarks.growth",
    "neat_python": "benchmarks.neat_python", "cart_pole": "benchmarks.cart_pole",
    "learning": "benchmarks.learning", "foreign": "benchmarks.foreign", "training": "benchmarks.training",
}


def main(names: list[str]) -> int:
    """Print the lines of the suites; exit code 2 for an unknown name."""
    unknown = [name for name in names if name not in SUITES]
    if unknown:
        print(f"benchmarks: expected {', '.join(SUITES)}, got {unknown[0]}", file=sys.stderr)
        return 2
    for name in names or SUITES:
        measure: Callable[[], Iterator[dict[str, Any]]] = import_module(SUITES[name]).measure
        for line in measure():
            print(json.dumps({"suite": name, **line}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
