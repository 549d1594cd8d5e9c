"""`python -m benchmarks.turns [CASE ...]`: one JSON object per line."""

import json
import sys

from benchmarks.turns import CASES, measure


def main(names: list[str]) -> int:
    """Print the lines of the cases; exit code 2 for an unknown name."""
    unknown = [name for name in names if name not in CASES]
    if unknown:
        print(f"benchmarks.turns: expected {', '.join(CASES)}, got {unknown[0]}", file=sys.stderr)
        return 2
    for line in measure(names):
        print(json.dumps({"suite": "turns", **line}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
