"""`python -m benchmarks.faults --setup embedded|production --mix all|NAME,… --seed N --minutes M`: one JSON
line a row.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.faults.play import Harness
from benchmarks.faults.rows import rows_of


def main() -> int:
    """Exit code 0 when every row held, 1 when one did not (or, with CI=true, was skipped), 2 on a wrong
    argument.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--setup", choices=("embedded", "production"), default="embedded")
    parser.add_argument("--mix", default="all", help="all, or names of rows with commas between them")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--minutes", type=float, default=0.0, help="repeat with new seeds while so much time is left"
    )
    parser.add_argument(
        "--sample", action="store_true", help="short rows: each fault once, few of very many points"
    )
    parser.add_argument(
        "--keep", action="store_true", help="leave the folder with databases and logs, mounted as it is"
    )
    given = parser.parse_args()
    known = rows_of(given.setup)
    mix = known if given.mix == "all" else given.mix.split(",")
    unknown = [name for name in mix if name not in known]
    if unknown:
        parser.error(f"--mix: expected {', '.join(known)}; got {unknown[0]}")
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    folder.chmod(0o755)
    try:
        return _play(Harness(given.setup, folder, given.seed, is_sample=given.sample), mix, given)
    finally:
        if given.keep:
            print(f"kept: {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _play(harness: Harness, mix: list[str], given: Any) -> int:
    """Run every row once, in an order that depends on the seed; repeat that while there is time for it."""
    ends_at, longest, failed, rounds = time.monotonic() + 60 * given.minutes, 0.0, False, 0
    try:
        while True:
            order = list(mix)
            random.Random(f"{given.seed} {rounds}").shuffle(order)
            for name in order:
                if rounds and time.monotonic() + longest > ends_at:
                    return int(failed)
                line = harness.row(name, rounds)
                longest = max(longest, line["seconds"])
                failed = failed or not line["held"]
                print(json.dumps(line), flush=True)
            rounds += 1
            if time.monotonic() + longest > ends_at:
                return int(failed)
    finally:
        harness.close(keep=given.keep)


if __name__ == "__main__":
    sys.exit(main())
